/* SPDX-License-Identifier: MIT */
/*
 * The only process of a guest in the guest, as its init: fills memory, and goes on using a part of it. Static, because
 * there is nothing else. On its serial port it says "filled", and "alive N" every second; to anything that is sent to
 * it it answers "intact" or "damaged".
 *
 * Its command line is the kernel's: inner.total=MIB inner.hot=MIB.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PAGE 4096
#define MIB  UINT64_C(1048576)

static uint64_t word(uint64_t page, size_t i)
{
    return (page * 512 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *words, uint64_t pages)
{
    for (uint64_t page = 0; page < pages; page++)
        for (size_t i = 0; i < PAGE / 8 / 2; i++)
            words[page * (PAGE / 8) + i] = word(page, i);
}

static bool is_filled(const uint64_t *words, uint64_t pages)
{
    for (uint64_t page = 0; page < pages; page++)
        for (size_t i = 0; i < PAGE / 8; i++)
            if (words[page * (PAGE / 8) + i] != (i < PAGE / 8 / 2 ? word(page, i) : 0))
                return false;
    return true;
}

static uint64_t setting(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Without a console of the kernel's, the standard files are opened here. */
static void open_port(void)
{
    struct termios raw;
    int fd;

    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
    for (int i = 0; i <= 2; i++)
        dup2(fd, i);
    if (tcgetattr(0, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(0, TCSANOW, &raw);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(void)
{
    struct pollfd port = {.fd = 0, .events = POLLIN};
    char line[4096] = "";
    uint64_t total, hot;
    char *memory;
    int fd;

    open_port();
    fd = open("/proc/cmdline", O_RDONLY);
    if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
        printf("/proc/cmdline cannot be read\n");
    total = setting(line, "inner.total=") * MIB;
    hot = setting(line, "inner.hot=") * MIB;
    memory = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        printf("no memory\n");
        return 1;
    }
    /* Its init does not end: the kernel would panic. */
    madvise(memory, total, MADV_NOHUGEPAGE);
    fill((uint64_t *)(void *)memory, total / PAGE);
    printf("filled\n");
    for (unsigned int n = 0;; n++) {
        if (n % 20 == 0)
            printf("alive %u\n", n / 20);
        if (poll(&port, 1, 50) > 0 && read(0, line, sizeof(line)) > 0)
            printf("%s\n", is_filled((uint64_t *)(void *)memory, total / PAGE) ? "intact" : "damaged");
        for (uint64_t i = 0; i < hot; i += PAGE)
            (void)*(volatile char *)(memory + i);
    }
}
