/* SPDX-License-Identifier: MIT */
/*
 * real_qemu BACKEND MEMORY...: the hypervisor's daemon and real QEMU processes, which are emulated themselves: one for
 * each kind of memory, "anon" or "memfd". tests/vm/nested starts this. Each guest fills 100 MiB and goes on using 16
 * MiB of them. QEMU must lose the rest, and the guest must not notice.
 */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons.h"

#define RAM   "160"
#define TOTAL 100
#define HOT   16
#define COLD  ((TOTAL - HOT) * MIB)
/* What the daemon and the kernel's tables take meanwhile, and what each CPU keeps of what is free: MemFree lacks that.
 */
#define OTHERS     (16 * MIB)
#define MAX_GUESTS 2
#define BOOT_S     200
#define LAST_S     60
#define STEP_S     5
#define WANTED     90 /* percent */

static const char config[] = "[parameters]\n"
                             "min_age = 5s\nquota_sz = 64MiB\nquota_ms = 0\n"
                             "wmarks_high = 1000\nwmarks_mid = 999\nwmarks_low = 0\n"
                             "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 200ms\n"
                             "[discovery]\ninterval = 1s\n";

/* A QEMU, and the two ends of its guest's serial port. */
struct qemu {
    const char *memory;
    char name[16], label[32];
    pid_t pid;
    int to, from;
    char text[8192]; /* what has come of it, and is not looked at yet */
    size_t length;
    uint64_t before;
};

static void become(struct qemu *q, int in, int out)
{
    char cgroup[64];
    const char *args[40];
    size_t n = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    guest_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/%s", q->name);
    mkdir(cgroup, 0755);
    strcat(cgroup, "/cgroup.procs");
    if (!guest_write(cgroup, "0") || dup2(in, 0) < 0 || dup2(out, 1) < 0)
        _exit(126);
    setenv("QEMU_MODULE_DIR", "/data/mods", 1);
    args[n++] = "qemu-system-x86_64";
    args[n++] = "-name";
    snprintf(q->label, sizeof(q->label), "guest=%s,debug-threads=on", q->name);
    args[n++] = q->label;
    args[n++] = "-machine";
    args[n++] = strcmp(q->memory, "memfd") ? "pc" : "pc,memory-backend=m";
    if (!strcmp(q->memory, "memfd")) {
        args[n++] = "-object";
        args[n++] = "memory-backend-memfd,id=m,size=" RAM "M,share=on";
    }
    for (const char *const *more = (const char *const[]){"-m",
                                                         RAM,
                                                         "-accel",
                                                         "tcg,thread=multi",
                                                         "-cpu",
                                                         "max",
                                                         "-smp",
                                                         "1",
                                                         "-nodefaults",
                                                         "-nographic",
                                                         "-no-reboot",
                                                         "-L",
                                                         "/data/fw",
                                                         "-kernel",
                                                         "/data/bzImage",
                                                         "-initrd",
                                                         "/data/inner.img",
                                                         "-append",
                                                         "panic=-1 quiet inner.total=100 inner.hot=16",
                                                         "-chardev",
                                                         "stdio,id=s,signal=off",
                                                         "-serial",
                                                         "chardev:s",
                                                         NULL};
         *more; more++)
        args[n++] = *more;
    args[n] = NULL;
    execv("/bin/qemu-system-x86_64", (char *const *)(uintptr_t)args);
    _exit(127);
}

static void start(struct qemu *q)
{
    int in[2], out[2];

    snprintf(q->name, sizeof(q->name), "%s-1", q->memory);
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        guest_die("pipe");
    q->pid = fork();
    if (q->pid < 0)
        guest_die("fork");
    if (q->pid == 0)
        become(q, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    q->to = in[1];
    q->from = out[0];
}

/* Waits until its guest says the word; what came before is forgotten. */
static bool says(struct qemu *q, const char *word, unsigned int seconds)
{
    uint64_t end = guest_now_ns() + seconds * UINT64_C(1000000000);
    struct pollfd p = {.fd = q->from, .events = POLLIN};
    char *found;

    while (!(found = strstr(q->text, word))) {
        ssize_t n;

        if (q->length > sizeof(q->text) / 2)
            q->length = 0;
        if (guest_now_ns() >= end || poll(&p, 1, 1000) < 0)
            break;
        n = p.revents ? read(q->from, q->text + q->length, sizeof(q->text) - 1 - q->length) : 0;
        if (p.revents && n <= 0)
            break;
        q->length += (size_t)n;
        q->text[q->length] = '\0';
    }
    if (!found) {
        printf("%s does not say \"%s\", but: %s\n", q->name, word, q->text);
        return false;
    }
    q->length = 0;
    q->text[0] = '\0';
    return true;
}

/* Bytes of the process that are in memory. */
static uint64_t resident(const struct qemu *q)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)q->pid);
    return guest_number_in(path, "VmRSS:") * 1024;
}

static bool has_shrunk(const struct qemu *q)
{
    uint64_t now = resident(q);

    return now < q->before && q->before - now >= COLD / 100 * WANTED;
}

static void print(unsigned int second, const struct qemu *qemus, size_t n)
{
    printf("%4u s:", second);
    for (size_t i = 0; i < n; i++)
        printf("  %s %llu MiB", qemus[i].name, (unsigned long long)(resident(&qemus[i]) / MIB));
    printf(", free %llu MiB, in the swap cache %llu MiB\n", (unsigned long long)(guest_meminfo("MemFree") / MIB),
           (unsigned long long)(guest_meminfo("SwapCached") / MIB));
    fflush(stdout);
}

/* What is free, and what zram takes. */
static uint64_t free_or_compressed(void)
{
    FILE *file = fopen("/sys/block/zram0/mm_stat", "re");
    unsigned long long compressed = 0;

    if (file && fscanf(file, "%*u %*u %llu", &compressed) != 1)
        compressed = 0;
    if (file)
        fclose(file);
    return guest_meminfo("MemFree") + compressed;
}

static uint64_t bytes_of(const struct qemu *qemu, const char *name)
{
    char label[64];
    double metric;

    snprintf(label, sizeof(label), "vm=\"%s\"", qemu->name);
    metric = daemon_metric(name, label, "");
    return metric > 0 ? (uint64_t)metric : 0; /* -1: it is not there */
}

/* What was counted as reclaimed is free, or was and is in use again. */
static void check_count(const struct qemu *qemus, size_t n, uint64_t before)
{
    uint64_t now = free_or_compressed(), counted = 0, back = 0;

    for (size_t i = 0; i < n; i++) {
        counted += bytes_of(&qemus[i], "damon_reclaim_reclaimed_bytes_total");
        back += bytes_of(&qemus[i], "damon_reclaim_refaulted_bytes_total");
    }
    guest_measured("counted as reclaimed", (double)counted / (double)MIB, "MiB");
    guest_measured("in use again", (double)back / (double)MIB, "MiB");
    guest_measured("free", (double)now / (double)MIB - (double)before / (double)MIB, "MiB more");
    GUEST_CHECK(counted > 0);
    GUEST_CHECK(counted <= (now > before ? now - before : 0) + back + OTHERS);
}

static void watch(struct qemu *qemus, size_t n)
{
    uint64_t before = free_or_compressed();
    bool all = false;

    for (size_t i = 0; i < n; i++)
        qemus[i].before = resident(&qemus[i]);
    print(0, qemus, n);
    for (unsigned int second = STEP_S; second <= LAST_S && !all; second += STEP_S) {
        guest_sleep_ms(STEP_S * 1000);
        print(second, qemus, n);
        all = true;
        for (size_t i = 0; i < n; i++)
            all = all && has_shrunk(&qemus[i]);
    }
    check_count(qemus, n, before);
}

int main(int argc, char **argv)
{
    struct qemu qemus[MAX_GUESTS] = {0};
    size_t n = 0;
    pid_t daemon;

    guest_flush_tlbs();
    for (int i = 2; i < argc && n < MAX_GUESTS; i++) {
        qemus[n].memory = argv[i];
        start(&qemus[n++]);
    }
    for (size_t i = 0; i < n; i++)
        if (!says(&qemus[i], "filled", BOOT_S))
            return 1;
    printf("up after %llu s\n", (unsigned long long)(guest_now_ns() / 1000000000));
    guest_sleep_ms(5000);
    daemon = daemon_start(DAEMON_HOST, config, argc > 1 ? argv[1] : "idle-page", NULL);
    watch(qemus, n);
    for (size_t i = 0; i < n; i++) {
        char label[64];

        printf("-- %s\n", qemus[i].name);
        snprintf(label, sizeof(label), "vm=\"%s\"", qemus[i].name);
        GUEST_CHECK(daemon_metric("damon_reclaim_vm_info", label, "state=\"watched\"") == 1);
        GUEST_TIMELY(has_shrunk(&qemus[i]));
        GUEST_CHECK(says(&qemus[i], "alive", 20));
    }
    GUEST_CHECK(daemon_end(daemon) == 0);
    for (size_t i = 0; i < n; i++) {
        GUEST_CHECK(write(qemus[i].to, "c", 1) == 1 && says(&qemus[i], "intact", 60));
        kill(qemus[i].pid, SIGKILL);
        waitpid(qemus[i].pid, NULL, 0);
    }
    return guest_result();
}
