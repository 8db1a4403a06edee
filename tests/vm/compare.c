/* SPDX-License-Identifier: MIT */
/*
 * compare QUOTA_MS: side by side in one boot: the kernel's module DAMON_RECLAIM, and the library with each of its
 * backends, on the baseline workload with the same parameters. Prints rows of Markdown; a way that does not work here
 * is left out with its reason.
 *
 * The kernel's thread does not tell how much of its CPU time went into what. It only watches most of the time, so the
 * median of what it takes in a tenth of a second is monitoring, and what it takes beyond that is for reclaiming.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest_damon.h"

#define TOTAL      (300 * MIB)
#define HOT        (30 * MIB)
#define NR_MOMENTS 4
#define LAST_S     60
#define STEP_MS    100
#define STEPS_A_S  (1000 / STEP_MS)
#define NR_STEPS   (LAST_S * STEPS_A_S)
#define MIN_AGE    "2000000"
#define WASTE_AIM  1.2
#define RATIO_AIM  2.0

/* When it is looked at, s. */
static const unsigned int moments_s[NR_MOMENTS] = {10, 20, 30, LAST_S};

/* What has come of it so far. */
struct moment {
    uint64_t tried, reclaimed; /* as is told */
    uint64_t swapped_in;       /* pages */
    uint64_t cold_gone, hot_resident;
    uint64_t free;       /* more than before */
    uint64_t cpu_ns;     /* in all */
    uint64_t reclaim_ns; /* of it, for reclaiming */
};

/* Who does it: the module, or a context. */
struct way {
    const char *name;
    const char *backend; /* NULL: the module */
    char why_not[512];   /* it does not work here; or "" */
    struct moment moments[NR_MOMENTS];
    uint64_t steps[NR_STEPS]; /* CPU time of the kernel's thread in each, ns */
    size_t nr_steps;
};

static struct way ways[] = {
    {.name = "module"}, {.name = "`damon`", .backend = "damon"}, {.name = "`idle-page`", .backend = "idle-page"}};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static const char *quota_ms = "10"; /* the default */

static bool by_kernel(const struct way *way)
{
    return !way->backend || !strcmp(way->backend, "damon");
}

static bool module_start(void)
{
    return guest_module_set("reclaim", "min_age", MIN_AGE) && guest_module_set("reclaim", "quota_ms", quota_ms) &&
           guest_module_set("reclaim", "wmarks_high", "1000") && guest_module_set("reclaim", "wmarks_mid", "990") &&
           guest_module_set("reclaim", "wmarks_low", "0") && guest_module_set("reclaim", "enabled", "Y") &&
           guest_module_number("reclaim", "kdamond_pid") > 0;
}

/* NULL with way->why_not for one that does not work here; the module has no context. */
static struct damon_reclaim *start(struct way *way)
{
    struct guest_setup setup = {.backend = way->backend};
    struct damon_reclaim *ctx;
    char error[512];

    if (!way->backend) {
        if (!module_start())
            snprintf(way->why_not, sizeof(way->why_not), "it cannot be enabled");
        return NULL;
    }
    ctx = guest_try(&setup, error, sizeof(error));
    if (!ctx) {
        snprintf(way->why_not, sizeof(way->why_not), "%s", error);
        return NULL;
    }
    damon_reclaim_set(ctx, "min_age", MIN_AGE);
    damon_reclaim_set(ctx, "quota_ms", quota_ms);
    if (damon_reclaim_enable(ctx) < 0) {
        snprintf(way->why_not, sizeof(way->why_not), "%s", damon_reclaim_last_error(ctx));
        return damon_reclaim_unref(ctx);
    }
    return ctx;
}

static void stop(struct damon_reclaim *ctx)
{
    if (ctx)
        damon_reclaim_unref(ctx);
    else
        guest_module_set("reclaim", "enabled", "N");
}

/* CPU time of the kernel's thread. */
static uint64_t kdamond_ns(const struct way *way, struct damon_reclaim *ctx)
{
    char pid[16] = "";

    if (!way->backend)
        return guest_cpu_ns((pid_t)guest_module_number("reclaim", "kdamond_pid"));
    damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
    return guest_cpu_ns(atoi(pid));
}

/* What the way tells of itself. */
static void read_way(const struct way *way, struct damon_reclaim *ctx, struct moment *m)
{
    struct damon_reclaim_stats stats;

    if (!way->backend) {
        m->tried = (uint64_t)guest_module_number("reclaim", "bytes_reclaim_tried_regions");
        m->reclaimed = (uint64_t)guest_module_number("reclaim", "bytes_reclaimed_regions");
    } else {
        stats = guest_stats(ctx);
        m->tried = stats.bytes_reclaim_tried_regions;
        m->reclaimed = stats.bytes_reclaimed_regions;
        m->reclaim_ns = stats.reclaim_cpu_ns;
        m->cpu_ns = stats.monitor_cpu_ns + stats.reclaim_cpu_ns;
    }
}

static void wait_until(struct way *way, struct damon_reclaim *ctx, unsigned int seconds)
{
    while (way->nr_steps < seconds * STEPS_A_S) {
        uint64_t before = by_kernel(way) ? kdamond_ns(way, ctx) : 0;

        if (ctx)
            guest_run(ctx, STEP_MS);
        else
            guest_sleep_ms(STEP_MS);
        way->steps[way->nr_steps++] = by_kernel(way) ? kdamond_ns(way, ctx) - before : 0;
    }
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Tells reclaiming and monitoring of the kernel's thread apart. Of `damon` the library tells what both take in all. */
static void split_cpu(struct way *way)
{
    uint64_t sorted[NR_STEPS], monitoring, all = 0, above = 0;
    size_t step = 0;

    memcpy(sorted, way->steps, sizeof(sorted));
    qsort(sorted, NR_STEPS, sizeof(*sorted), compare_ns);
    monitoring = sorted[NR_STEPS / 2];
    for (size_t i = 0; i < NR_MOMENTS; i++) {
        struct moment *m = &way->moments[i];

        for (; step < moments_s[i] * STEPS_A_S; step++) {
            all += way->steps[step];
            above += way->steps[step] > 2 * monitoring ? way->steps[step] - monitoring : 0;
        }
        /* The library has read what the thread took up to a second ago. */
        m->cpu_ns = way->backend && m->cpu_ns > all ? m->cpu_ns : all;
        m->reclaim_ns = above;
    }
}

static void run(struct way *way)
{
    struct guest_workload w = {.total = TOTAL, .hot_at = 100 * MIB, .hot = HOT, .cgroup = "work"};
    struct damon_reclaim *ctx;
    uint64_t in, free;

    guest_start(&w);
    free = guest_meminfo("MemFree");
    in = guest_vmstat("pswpin");
    ctx = start(way);
    for (size_t i = 0; !way->why_not[0] && i < NR_MOMENTS; i++) {
        struct moment *m = &way->moments[i];

        wait_until(way, ctx, moments_s[i]);
        read_way(way, ctx, m);
        m->swapped_in = guest_vmstat("pswpin") - in;
        m->hot_resident = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
        m->cold_gone = w.total - w.hot - (guest_resident(w.pid, w.addr, w.total) - m->hot_resident);
        m->free = guest_meminfo("MemFree");
        m->free = m->free > free ? m->free - free : 0;
        printf("%s: %u s\n", way->name, moments_s[i]);
        fflush(stdout);
    }
    if (!way->why_not[0])
        stop(ctx);
    if (!way->why_not[0] && by_kernel(way))
        split_cpu(way);
    guest_stop(&w);
}

/* What reclaiming alone takes, of the cold memory of such a process: nobody can be quicker. */
static uint64_t reclaiming_alone_ns(void)
{
    struct guest_workload w = {.total = TOTAL, .hot_at = 100 * MIB, .hot = HOT};
    uint64_t own;
    int pidfd;

    guest_start(&w);
    pidfd = (int)syscall(SYS_pidfd_open, w.pid, 0);
    own = guest_own_cpu_ns();
    for (uint64_t at = 0; at < w.total; at += 2 * MIB) {
        struct iovec block = {.iov_base = (void *)(uintptr_t)(w.addr + at), .iov_len = 2 * MIB};

        if ((at < w.hot_at || at >= w.hot_at + w.hot) &&
            syscall(SYS_process_madvise, pidfd, &block, 1, MADV_PAGEOUT, 0) < 0)
            guest_die("process_madvise");
    }
    own = guest_own_cpu_ns() - own;
    close(pidfd);
    guest_stop(&w);
    return own;
}

static double percent(uint64_t part, uint64_t whole)
{
    return 100.0 * (double)part / (double)whole;
}

static void print_rows(const struct way *way)
{
    for (size_t i = 0; i < NR_MOMENTS; i++) {
        const struct moment *m = &way->moments[i];

        printf("| %s | %s | %u | %llu | %llu | %.0f %% | %llu | %.0f %% | %llu | %llu | %llu |\n", quota_ms, way->name,
               moments_s[i], (unsigned long long)(m->tried / MIB), (unsigned long long)(m->reclaimed / MIB),
               percent(m->cold_gone, TOTAL - HOT), (unsigned long long)(m->free / MIB), percent(m->hot_resident, HOT),
               (unsigned long long)m->swapped_in, (unsigned long long)((m->cpu_ns - m->reclaim_ns) / 1000000),
               (unsigned long long)(m->reclaim_ns / 1000000));
    }
}

static const char *swap(void)
{
    char text[512] = "";
    FILE *file = fopen("/proc/swaps", "re");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

    if (file)
        fclose(file);
    text[n] = '\0';
    return strstr(text, "/dev/zram") ? "zram" : "a disk";
}

static void print_table(void)
{
    struct utsname name;

    uname(&name);
    printf("\n### Linux %s, swap on %s, `quota_ms` %s\n\n", name.release, swap(), quota_ms);
    printf("| quota_ms | by | s | tried, MiB | reclaimed, MiB | cold gone | free, MiB more | hot resident | swapped "
           "in, pages |"
           " CPU monitoring, ms | CPU reclaiming, ms |\n");
    printf("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t way = 0; way < NR_WAYS; way++)
        if (!ways[way].why_not[0])
            print_rows(&ways[way]);
    printf("\n");
    for (size_t way = 0; way < NR_WAYS; way++)
        if (ways[way].why_not[0])
            printf("- Not here: %s. %s\n", ways[way].name, ways[way].why_not);
}

/* What was reclaimed in a second that was spent, MiB. */
static double a_second(uint64_t bytes, uint64_t ns)
{
    return (double)bytes / (double)MIB / ((double)(ns ? ns : 1) / 1e9);
}

/* The aim: idle-page reclaims at least twice what the module does in the time that is really spent, and tries at most
 * 1.2 times what it reclaims. */
static void check_aim(const struct way *module, const struct way *idle, uint64_t alone_ns)
{
    const struct moment *ours = &idle->moments[NR_MOMENTS - 1], *theirs = &module->moments[NR_MOMENTS - 1];
    double waste, ratio, ratio_reclaiming;

    if (idle->why_not[0])
        return;
    waste = (double)ours->tried / (double)ours->reclaimed;
    printf("- `idle-page` tries %.2f times what it reclaims (aim: at most %.1f): %s.\n", waste, WASTE_AIM,
           waste <= WASTE_AIM ? "met" : "MISSED");
    guest_require(waste <= WASTE_AIM);
    if (module->why_not[0] || !theirs->reclaimed) {
        printf("- The module reclaims nothing here that `idle-page` could be compared with.\n");
        return;
    }
    printf("- In %d s `idle-page` reclaims %.1f times what the module does.\n", LAST_S,
           (double)ours->reclaimed / (double)theirs->reclaimed);
    ratio = a_second(ours->reclaimed, ours->cpu_ns) / a_second(theirs->reclaimed, theirs->cpu_ns);
    ratio_reclaiming = a_second(ours->reclaimed, ours->reclaim_ns) / a_second(theirs->reclaimed, theirs->reclaim_ns);
    printf("- In a second of CPU time `idle-page` reclaims %.0f MiB and the module %.0f MiB, %.1f times as much; of "
           "time spent "
           "on reclaiming alone %.1f times as much (aim: %.0f): %s.\n",
           a_second(ours->reclaimed, ours->cpu_ns), a_second(theirs->reclaimed, theirs->cpu_ns), ratio,
           ratio_reclaiming, RATIO_AIM, ratio_reclaiming >= RATIO_AIM ? "met" : "MISSED");
    printf(
        "- Reclaiming alone, process_madvise() of the same memory and nothing else, goes at %.0f MiB a second of CPU "
        "time: whoever reclaims so cannot be more than %.1f times as quick as the module.\n",
        a_second(TOTAL - HOT, alone_ns),
        a_second(TOTAL - HOT, alone_ns) / a_second(theirs->reclaimed, theirs->reclaim_ns));
    guest_require(ratio_reclaiming >= RATIO_AIM);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        quota_ms = argv[1];
    guest_module_set("stat", "enabled", "N");
    guest_flush_tlbs();
    for (size_t way = 0; way < NR_WAYS; way++)
        run(&ways[way]);
    print_table();
    check_aim(&ways[0], &ways[2], reclaiming_alone_ns());
    return guest_result();
}
