/* SPDX-License-Identifier: MIT */
/*
 * What monitoring costs: CPU of the process that uses the library against that of the kernel's own kdamond, on the same
 * workload with the same intervals and limits, in turns. Both only watch. The kernel is driven through sysfs with the
 * operations set vaddr. How much of it is the price of the bitmap is measured apart: to make a page idle and to look at
 * it.
 */
#include "guest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define SYSFS    "/sys/kernel/mm/damon/admin/kdamonds"
#define WARM_MS  8000 /* until regions and marks are what they stay */
#define ROUND_MS 5000
#define ROUNDS   2
#define LOOKS    1000
#define PRESENT  (UINT64_C(1) << 63) /* in an entry of pagemap */
#define FRAME    ((UINT64_C(1) << 55) - 1)
#define MOST     1 /* times what the kernel takes; in docs and README is what was measured */

static bool put(const char *name, const char *value)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", SYSFS, name);
    return guest_write(path, value);
}

static pid_t kdamond(void)
{
    char text[32] = "";
    FILE *f = fopen(SYSFS "/0/pid", "re");

    if (!f)
        return -1;
    if (!fgets(text, sizeof(text), f))
        text[0] = '\0';
    fclose(f);
    return (pid_t)atoi(text);
}

static bool kernel_on(pid_t target)
{
    char pid[16];

    snprintf(pid, sizeof(pid), "%d", (int)target);
    return put("nr_kdamonds", "1") && put("0/contexts/nr_contexts", "1") && put("0/contexts/0/operations", "vaddr") &&
           put("0/contexts/0/targets/nr_targets", "1") && put("0/contexts/0/targets/0/pid_target", pid) &&
           put("0/state", "on");
}

/* CPU of the kernel's monitoring in a round, percent of one CPU. */
static double kernel_round(pid_t target)
{
    uint64_t begin, cpu;
    double percent;

    if (!kernel_on(target)) {
        printf("no DAMON for processes in this kernel\n");
        exit(77);
    }
    guest_sleep_ms(WARM_MS);
    begin = guest_now_ns();
    cpu = guest_cpu_ns(kdamond());
    guest_sleep_ms(ROUND_MS);
    percent = 100.0 * (double)(guest_cpu_ns(kdamond()) - cpu) / (double)(guest_now_ns() - begin);
    put("0/state", "off");
    put("nr_kdamonds", "0");
    return percent;
}

static struct damon_reclaim *running;

static void stop(int signal)
{
    (void)signal;
    damon_reclaim_stop(running);
}

/* As a simple program would. */
static void run(struct damon_reclaim *ctx, unsigned int ms)
{
    struct itimerval when = {.it_value = {ms / 1000, ms % 1000 * 1000}};

    running = ctx;
    signal(SIGALRM, stop);
    setitimer(ITIMER_REAL, &when, NULL);
    if (damon_reclaim_run(ctx) < 0)
        printf("run: %s\n", damon_reclaim_last_error(ctx));
}

static double library_round(const struct guest_workload *w)
{
    struct damon_reclaim *ctx = guest_context(NULL, NULL, "min_age=3600000000", NULL);
    uint64_t begin, cpu, monitor;
    double percent;

    guest_target(ctx, w);
    if (damon_reclaim_enable(ctx) < 0)
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
    run(ctx, WARM_MS);
    begin = guest_now_ns();
    monitor = guest_stats(ctx).monitor_cpu_ns;
    cpu = guest_cpu_ns(getpid());
    run(ctx, ROUND_MS);
    percent = 100.0 * (double)(guest_cpu_ns(getpid()) - cpu) / (double)(guest_now_ns() - begin);
    printf("library: %.1f %% of a CPU, of which %.1f %% inside the monitor; %llu regions\n", percent,
           100.0 * (double)(guest_stats(ctx).monitor_cpu_ns - monitor) / (double)(guest_now_ns() - begin),
           (unsigned long long)guest_stats(ctx).nr_regions);
    damon_reclaim_unref(ctx);
    return percent;
}

/* The frame behind an address; 0 and a line why if none comes. The kernel may be about to move the page. */
static uint64_t frame_of(pid_t pid, uint64_t addr)
{
    uint64_t entry = 0;
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 100 && !(entry & PRESENT); i++) {
        if (i > 0)
            guest_sleep_ms(10);
        if (pread(fd, &entry, sizeof(entry), (off_t)(addr / 4096 * sizeof(entry))) != sizeof(entry)) {
            printf("%s cannot be read\n", path);
            break;
        }
    }
    if (fd >= 0)
        close(fd);
    if (!(entry & PRESENT))
        printf("the page is not there: %llx\n", (unsigned long long)entry);
    return entry & PRESENT ? entry & FRAME : 0;
}

/* What the kernel takes to make one page idle and to tell whether it still is, the least a sample can cost. */
static void price_of_a_look(const char *name, unsigned int memory)
{
    struct guest_workload w = {.total = 4 * MIB, .memory = memory};
    uint64_t frame, word, begin;
    char text[64];
    int bitmap = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);
    bool went_well;

    guest_start(&w);
    frame = frame_of(w.pid, w.addr);
    went_well = frame != 0;
    begin = guest_cpu_ns(getpid());
    for (int i = 0; i < LOOKS && went_well; i++) {
        word = UINT64_C(1) << frame % 64;
        went_well = pwrite(bitmap, &word, sizeof(word), (off_t)(frame / 64 * sizeof(word))) == sizeof(word) &&
                    pread(bitmap, &word, sizeof(word), (off_t)(frame / 64 * sizeof(word))) == sizeof(word);
    }
    GUEST_CHECK(went_well);
    snprintf(text, sizeof(text), "cpu.%s.look", name);
    guest_measured(text, (double)(guest_cpu_ns(getpid()) - begin) / LOOKS / 1e3, "us");
    close(bitmap);
    guest_stop(&w);
}

static void compare(const char *name, unsigned int memory)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB, .memory = memory};
    double kernel = 0, library = 0;
    char text[64];

    guest_start(&w);
    for (int i = 0; i < ROUNDS; i++) {
        double percent = kernel_round(w.pid);

        printf("kernel: %.1f %% of a CPU\n", percent);
        kernel += percent;
        library += library_round(&w);
    }
    guest_stop(&w);
    price_of_a_look(name, memory);
    snprintf(text, sizeof(text), "cpu.%s.kernel", name);
    guest_measured(text, kernel / ROUNDS, "percent");
    snprintf(text, sizeof(text), "cpu.%s.library", name);
    guest_measured(text, library / ROUNDS, "percent");
    snprintf(text, sizeof(text), "cpu.%s.ratio", name);
    guest_measured(text, library / kernel, "ratio");
    GUEST_TIMELY(library <= MOST * kernel);
}

int main(void)
{
    guest_flush_tlbs();
    compare("huge_pages", GUEST_HUGE);
    compare("small_pages", GUEST_NO_HUGE);
    return guest_result();
}
