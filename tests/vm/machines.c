/* SPDX-License-Identifier: MIT */
#include "machines.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons.h"

#define PAGE UINT64_C(4096)

/* --- a machine --------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t thrashing, ending;

static void on_signal(int number)
{
    if (number == SIGTERM)
        ending = 1;
    else
        thrashing = number == SIGUSR1;
}

/* As QEMU maps it: aligned to huge pages, between mappings that cannot be accessed. */
static char *map(uint64_t bytes)
{
    char *all = mmap(NULL, bytes + 4 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *at = all == MAP_FAILED ? NULL : (char *)(((uintptr_t)all + 2 * MIB - 1) & ~(uintptr_t)(2 * MIB - 1));

    if (!at || mprotect(at, bytes, PROT_READ | PROT_WRITE) < 0)
        exit(3);
    guest_fill(at, bytes);
    return at;
}

/* argv: the name, -name NAME -m MIB, the hot MiB, the period, the file for the answer. */
static int live(char **argv)
{
    uint64_t size = strtoull(argv[4], NULL, 10) * MIB, hot = strtoull(argv[5], NULL, 10) * MIB, addrs[2];
    unsigned int period_ms = (unsigned int)strtoul(argv[6], NULL, 10);
    struct sigaction action = {.sa_handler = on_signal};
    char *ram = map(size), *video = map(MACHINE_VIDEO);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    addrs[0] = (uintptr_t)ram;
    addrs[1] = (uintptr_t)video;
    if (write(atoi(argv[7]), addrs, sizeof(addrs)) != (ssize_t)sizeof(addrs))
        return 3;
    while (!ending) {
        uint64_t end = thrashing ? size : hot;

        for (uint64_t i = 0; i < end && !ending; i += PAGE)
            (void)*(const volatile char *)(ram + i);
        for (unsigned int ms = 0; ms < period_ms && !ending; ms += 50)
            guest_sleep_ms(50);
    }
    return !guest_is_filled(ram, size) || !guest_is_filled(video, MACHINE_VIDEO);
}

int machine_main(int argc, char **argv)
{
    return argc == 8 && !strcmp(argv[0], MACHINE_COMMAND) ? live(argv) : -1;
}

void machine_start(struct machine *m)
{
    char size[24], hot[24], period[16], fd[16];
    uint64_t addrs[2];
    int answer[2];

    if (pipe(answer) < 0)
        exit(1);
    m->size = m->size ? m->size : 100;
    m->period_ms = m->period_ms ? m->period_ms : 50;
    snprintf(size, sizeof(size), "%" PRIu64, m->size);
    snprintf(hot, sizeof(hot), "%" PRIu64, m->hot);
    snprintf(period, sizeof(period), "%u", m->period_ms);
    snprintf(fd, sizeof(fd), "%d", answer[1]);
    fflush(stdout);
    m->pid = fork();
    if (m->pid == 0) {
        execl("/proc/self/exe", MACHINE_COMMAND, "-name", m->name, "-m", size, hot, period, fd, NULL);
        _exit(3);
    }
    close(answer[1]);
    if (read(answer[0], addrs, sizeof(addrs)) != (ssize_t)sizeof(addrs)) {
        printf("%s does not start\n", m->name);
        exit(1);
    }
    close(answer[0]);
    m->ram = addrs[0];
    m->video = addrs[1];
}

uint64_t machine_resident(const struct machine *m)
{
    return guest_resident(m->pid, m->ram, m->size * MIB);
}

bool machine_end(struct machine *m)
{
    int status = -1;

    kill(m->pid, SIGTERM);
    return waitpid(m->pid, &status, 0) == m->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

double machine_metric(const struct machine *m, const char *name, const char *label)
{
    char vm[64];

    snprintf(vm, sizeof(vm), "vm=\"%s\"", m->name);
    return daemon_metric(name, vm, label);
}
