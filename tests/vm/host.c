/* SPDX-License-Identifier: MIT */
/* The hypervisor's daemon among virtual machines: five processes that are named and laid out like QEMU's, with 100 MiB
 * of guest memory and a hot set each. This program is also those processes, when its name is theirs. */
#include "guest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE    UINT64_C(4096)
#define QEMU    "qemu-system-x86_64"
#define RAM     (100 * MIB)
#define VIDEO   (16 * MIB)
#define QUOTA   (16 * MIB) /* of the host, a second */
#define METRICS "/tmp/host.prom"

static const char config[] = "[parameters]\n"
                             "min_age = 2s\nsample_interval = 20ms\naggr_interval = 400ms\nmax_nr_regions = 100\n"
                             "quota_sz = 16MiB\nquota_ms = 0\n"
                             "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"
                             "[agent]\nrefault_window = 1s\n"
                             "[metrics]\ntextfile = " METRICS "\ninterval = 200ms\n"
                             "[discovery]\ninterval = 1s\n"
                             "[pause]\nhold = 5s\n"
                             "[vm whole]\nexclude = Y\n";

/* --- a machine --------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t thrashing, ending;

static void on_signal(int number)
{
    if (number == SIGTERM)
        ending = 1;
    else
        thrashing = number == SIGUSR1;
}

static uint64_t word(uint64_t page, size_t i)
{
    return (page * 512 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Half a page of it varies, so that what is swapped out is compressed as memory usually is. */
static void fill(uint64_t *words, uint64_t bytes)
{
    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8 / 2; i++)
            words[page * (PAGE / 8) + i] = word(page, i);
}

static bool intact(const uint64_t *words, uint64_t bytes)
{
    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8; i++)
            if (words[page * (PAGE / 8) + i] != (i < PAGE / 8 / 2 ? word(page, i) : 0))
                return false;
    return true;
}

/* As QEMU maps it: aligned to huge pages, between mappings that cannot be accessed. */
static char *map(uint64_t bytes)
{
    char *all = mmap(NULL, bytes + 4 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *at = all == MAP_FAILED ? NULL : (char *)(((uintptr_t)all + 2 * MIB - 1) & ~(uintptr_t)(2 * MIB - 1));

    if (!at || mprotect(at, bytes, PROT_READ | PROT_WRITE) < 0)
        exit(3);
    fill((uint64_t *)(void *)at, bytes);
    return at;
}

/* argv: the name, -name NAME -m 100, the hot MiB, the file for the answer. */
static int machine(char **argv)
{
    uint64_t hot = strtoull(argv[5], NULL, 10) * MIB, addrs[2];
    struct sigaction action = {.sa_handler = on_signal};
    char *ram = map(RAM), *video = map(VIDEO);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    addrs[0] = (uintptr_t)ram;
    addrs[1] = (uintptr_t)video;
    if (write(atoi(argv[6]), addrs, sizeof(addrs)) != (ssize_t)sizeof(addrs))
        return 3;
    while (!ending) {
        uint64_t end = thrashing ? RAM : hot;

        for (uint64_t i = 0; i < end && !ending; i += PAGE)
            (void)*(const volatile char *)(ram + i);
        guest_sleep_ms(50);
    }
    return !intact((uint64_t *)(void *)ram, RAM) || !intact((uint64_t *)(void *)video, VIDEO);
}

/* --- from outside ------------------------------------------------------------------------------------------------ */

struct vm {
    const char *name;
    uint64_t hot; /* MiB */
    pid_t pid;
    uint64_t ram, video;
};

static void start(struct vm *vm)
{
    char hot[16], fd[16];
    uint64_t addrs[2];
    int answer[2];

    if (pipe(answer) < 0)
        exit(1);
    snprintf(hot, sizeof(hot), "%" PRIu64, vm->hot);
    snprintf(fd, sizeof(fd), "%d", answer[1]);
    fflush(stdout);
    vm->pid = fork();
    if (vm->pid == 0) {
        execl("/proc/self/exe", QEMU, "-name", vm->name, "-m", "100", hot, fd, NULL);
        _exit(3);
    }
    close(answer[1]);
    if (read(answer[0], addrs, sizeof(addrs)) != (ssize_t)sizeof(addrs)) {
        printf("%s does not start\n", vm->name);
        exit(1);
    }
    close(answer[0]);
    vm->ram = addrs[0];
    vm->video = addrs[1];
}

/* Whether it ends by itself with its memory as it was. */
static bool ends_intact(struct vm *vm)
{
    int status = -1;

    kill(vm->pid, SIGTERM);
    return waitpid(vm->pid, &status, 0) == vm->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint64_t resident(const struct vm *vm)
{
    return guest_resident(vm->pid, vm->ram, RAM);
}

static bool shrunk(const struct vm *vm)
{
    uint64_t bytes = resident(vm), hot = vm->hot * MIB;

    return bytes <= hot + hot / 10 && bytes >= hot - hot / 10;
}

/* The value of a metric of a machine, with `more` among its labels; -1 if it is not there. */
static double metric(const char *name, const char *vm, const char *more)
{
    FILE *file = fopen(METRICS, "re");
    char line[1024], label[64];
    double value = -1;

    if (!file)
        return -1;
    snprintf(label, sizeof(label), "vm=\"%s\"", vm);
    while (fgets(line, sizeof(line), file)) {
        size_t n = strlen(name);

        if (!strncmp(line, name, n) && (line[n] == '{' || line[n] == ' ') && (!*vm || strstr(line, label)) &&
            strstr(line, more) && strrchr(line, ' '))
            value = strtod(strrchr(line, ' '), NULL);
    }
    fclose(file);
    return value;
}

static bool left_alone(const struct vm *vm)
{
    return metric("damon_reclaim_vm_paused", vm->name, "refaults") > 0 ||
           metric("damon_reclaim_vm_paused", vm->name, "pressure") > 0;
}

/* The kernel's own count of what went out, each second: at no time more than the quota, but for where a second begins.
 */
static struct {
    uint64_t began_ns, first, last_ns, last, most;
} swapped;

static void watch_quota(void)
{
    uint64_t now = guest_now_ns(), out = guest_vmstat("pswpout") * PAGE;

    if (!swapped.began_ns) {
        swapped.began_ns = swapped.last_ns = now;
        swapped.first = swapped.last = out;
    }
    if (now - swapped.last_ns < 1000000000)
        return;
    /* A window of ours may touch one more of the daemon's than it is long. */
    if (out - swapped.last > swapped.most)
        swapped.most = out - swapped.last;
    if (out - swapped.last > QUOTA * ((now - swapped.last_ns) / 1000000000 + 2) ||
        out - swapped.first > QUOTA * ((now - swapped.began_ns) / 1000000000 + 2)) {
        printf("%" PRIu64 " KiB in %" PRIu64 " ms, %" PRIu64 " KiB in all\n", (out - swapped.last) >> 10,
               (now - swapped.last_ns) / 1000000, (out - swapped.first) >> 10);
        GUEST_CHECK(!"the sum stays within the host's quota");
    }
    swapped.last_ns = now;
    swapped.last = out;
}

static void print_state(struct vm *const *vms, size_t n)
{
    printf("   ");
    for (size_t i = 0; i < n; i++)
        printf(" %s %" PRIu64 " of %" PRIu64 " hot;", vms[i]->name, resident(vms[i]) / MIB, vms[i]->hot);
    printf(" most out in a second %" PRIu64 " KiB\n", swapped.most >> 10);
    fflush(stdout);
}

/* What the daemon says of them, for who looks why it has failed. */
static void print_metrics(void)
{
    FILE *file = fopen(METRICS, "re");
    char line[1024];

    while (file && fgets(line, sizeof(line), file))
        if (strstr(line, "{vm=") && !strstr(line, "state"))
            printf("    %s", line);
    if (file)
        fclose(file);
}

/* Waits until all of them have shrunk. Returns the seconds it took; more than `limit`: they have not. */
static unsigned int wait_shrunk(struct vm *const *vms, size_t n, unsigned int limit)
{
    uint64_t began = guest_now_ns(), next = 0;

    for (;;) {
        uint64_t now = guest_now_ns();
        size_t done = 0;

        watch_quota();
        for (size_t i = 0; i < n; i++)
            done += shrunk(vms[i]);
        if (now >= next || done == n) {
            print_state(vms, n);
            next = now + UINT64_C(5000000000);
        }
        if (done < n && now - began > (uint64_t)limit * 1000000000)
            print_metrics();
        if (done == n || now - began > (uint64_t)limit * 1000000000)
            return (unsigned int)((now - began) / 1000000000) + (done < n);
        guest_sleep_ms(200);
    }
}

static pid_t start_daemon(const char *backend)
{
    char option[64];
    FILE *file = fopen("/tmp/host.conf", "we");
    pid_t pid;

    if (!file || fputs(config, file) < 0 || fclose(file) != 0)
        exit(1);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(STDOUT_FILENO, STDERR_FILENO);
        snprintf(option, sizeof(option), "--backend=%s", backend);
        execl("/bin/damon-reclaim-host", "damon-reclaim-host", "--config=/tmp/host.conf", option, NULL);
        _exit(127);
    }
    return pid;
}

static void thrash(struct vm *vm, struct vm *other)
{
    uint64_t began, ms = 0, out;

    printf("-- %s begins to thrash\n", vm->name);
    kill(vm->pid, SIGUSR1);
    for (began = guest_now_ns(); !left_alone(vm) && ms < 10000; ms = (guest_now_ns() - began) / 1000000)
        guest_sleep_ms(50);
    guest_measured("left alone after", (double)ms, "ms");
    GUEST_CHECK(ms <= 3000);
    GUEST_CHECK(!left_alone(other));
    /* While it is left alone nothing of it goes out, whatever it does. */
    guest_sleep_ms(2000);
    GUEST_CHECK(left_alone(vm));
    out = resident(vm);
    guest_sleep_ms(2000);
    GUEST_CHECK(resident(vm) >= out);
    printf("-- %s is calm again\n", vm->name);
    kill(vm->pid, SIGUSR2);
    guest_sleep_ms(1000);
    GUEST_CHECK(left_alone(vm));
    GUEST_CHECK(wait_shrunk((struct vm *[]){vm}, 1, 120) <= 120);
    GUEST_CHECK(!left_alone(vm));
}

static unsigned long rss(pid_t pid)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "RssAnon: %lu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static void stop_daemon(pid_t daemon)
{
    uint64_t began = guest_now_ns(), cpu = guest_cpu_ns(daemon);
    int status = -1;

    guest_measured("memory of the daemon", (double)rss(daemon), "KiB");
    guest_measured("CPU time of the daemon", (double)cpu / 1e9, "s");
    kill(daemon, SIGTERM);
    waitpid(daemon, &status, 0);
    guest_measured("end of the daemon", (double)(guest_now_ns() - began) / 1e6, "ms");
    GUEST_CHECK(guest_now_ns() - began < UINT64_C(1000000000));
    GUEST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
    struct vm small = {"small", 20}, middle = {"middle", 36}, large = {"large", 50}, restless = {"restless", 30};
    struct vm whole = {"whole", 10}, late = {"late", 24};
    pid_t daemon;

    if (argc == 7 && !strcmp(argv[0], QEMU))
        return machine(argv);
    guest_flush_tlbs();
    start(&small);
    start(&middle);
    start(&large);
    start(&restless);
    start(&whole);
    watch_quota();
    daemon = start_daemon(argc > 1 ? argv[1] : "idle-page");
    printf("-- five machines\n");
    GUEST_CHECK(wait_shrunk((struct vm *[]){&small, &middle, &large, &restless}, 4, 90) <= 90);
    GUEST_CHECK(resident(&whole) == RAM);
    GUEST_CHECK(guest_resident(small.pid, small.video, VIDEO) == VIDEO);

    thrash(&restless, &small);

    printf("-- one is killed, one comes\n");
    kill(middle.pid, SIGKILL);
    waitpid(middle.pid, NULL, 0);
    start(&late);
    GUEST_CHECK(wait_shrunk((struct vm *[]){&late, &small, &large}, 3, 60) <= 60);
    GUEST_CHECK(metric("damon_reclaim_vm_info", "middle", "") < 0);
    GUEST_CHECK(metric("damon_reclaim_vm_info", "late", "state=\"watched\"") == 1);
    GUEST_CHECK(resident(&whole) == RAM);
    GUEST_CHECK(metric("damon_reclaim_host_quota_bytes", "", "") == (double)QUOTA);
    guest_measured("most out in a second", (double)swapped.most, "bytes");

    stop_daemon(daemon);
    GUEST_CHECK(ends_intact(&small));
    GUEST_CHECK(ends_intact(&large));
    GUEST_CHECK(ends_intact(&restless));
    GUEST_CHECK(ends_intact(&whole));
    GUEST_CHECK(ends_intact(&late));
    return guest_result();
}
