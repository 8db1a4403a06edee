/* SPDX-License-Identifier: MIT */
/*
 * compare QUOTA_MS: side by side in one boot: the kernel's module DAMON_RECLAIM, and the library with each of its
 * backends, on the baseline workload with the same parameters. Prints rows of Markdown; a way that does not work here
 * is left out with its reason.
 *
 * The kernel's thread does not tell how much of its CPU time went into what. It is run once more with nothing old
 * enough to act on; what it takes beyond that is for reclaiming.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "guest_damon.h"

#define TOTAL        (300 * MIB)
#define HOT          (30 * MIB)
#define NR_MOMENTS   3
#define MOMENT_S     10
#define MONITORING_S 15
#define MIN_AGE      "2000000"
#define NEVER        "3600000000"
#define WASTE_AIM    1.2
#define RATIO_AIM    2.0

/* What has come of it so far. */
struct moment {
    uint64_t tried, reclaimed; /* as is told */
    uint64_t swapped_in;       /* pages */
    uint64_t cold_gone, hot_resident;
    uint64_t cpu_ns;     /* in all */
    uint64_t reclaim_ns; /* of it, for reclaiming */
};

/* Who does it: the module, or a context. */
struct way {
    const char *name;
    const char *backend; /* NULL: the module */
    char why_not[512];   /* it does not work here; or "" */
    struct moment moments[NR_MOMENTS];
};

static struct way ways[] = {
    {.name = "module"}, {.name = "`damon`", .backend = "damon"}, {.name = "`idle-page`", .backend = "idle-page"}};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static const char *quota_ms = "10"; /* the default */

static bool by_kernel(const struct way *way)
{
    return !way->backend || !strcmp(way->backend, "damon");
}

static bool module_start(const char *min_age)
{
    return guest_module_set("reclaim", "min_age", min_age) && guest_module_set("reclaim", "quota_ms", quota_ms) &&
           guest_module_set("reclaim", "wmarks_high", "1000") && guest_module_set("reclaim", "wmarks_mid", "990") &&
           guest_module_set("reclaim", "wmarks_low", "0") && guest_module_set("reclaim", "enabled", "Y") &&
           guest_module_number("reclaim", "kdamond_pid") > 0;
}

/* NULL with way->why_not for one that does not work here; the module has no context. */
static struct damon_reclaim *start(struct way *way, const char *min_age)
{
    struct guest_setup setup = {.backend = way->backend};
    struct damon_reclaim *ctx;
    char error[512];

    if (!way->backend) {
        if (!module_start(min_age))
            snprintf(way->why_not, sizeof(way->why_not), "it cannot be enabled");
        return NULL;
    }
    ctx = guest_try(&setup, error, sizeof(error));
    if (!ctx) {
        snprintf(way->why_not, sizeof(way->why_not), "%s", error);
        return NULL;
    }
    damon_reclaim_set(ctx, "min_age", min_age);
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

/* What the way tells of itself. */
static void read_way(const struct way *way, struct damon_reclaim *ctx, struct moment *m)
{
    struct damon_reclaim_stats stats;
    char pid[16] = "";

    if (!way->backend) {
        m->tried = (uint64_t)guest_module_number("reclaim", "bytes_reclaim_tried_regions");
        m->reclaimed = (uint64_t)guest_module_number("reclaim", "bytes_reclaimed_regions");
        m->cpu_ns = guest_cpu_ns((pid_t)guest_module_number("reclaim", "kdamond_pid"));
        return;
    }
    stats = guest_stats(ctx);
    m->tried = stats.bytes_reclaim_tried_regions;
    m->reclaimed = stats.bytes_reclaimed_regions;
    if (by_kernel(way)) {
        damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
        m->cpu_ns = guest_cpu_ns(atoi(pid));
    } else {
        m->cpu_ns = stats.monitor_cpu_ns + stats.reclaim_cpu_ns;
        m->reclaim_ns = stats.reclaim_cpu_ns;
    }
}

static void wait_for(struct damon_reclaim *ctx, unsigned int ms)
{
    if (ctx)
        guest_run(ctx, ms);
    else
        guest_sleep_ms(ms);
}

/* One run: what it had come to at each of @n moments. */
static void run(struct way *way, const char *min_age, struct moment *moments, size_t n, unsigned int seconds)
{
    struct guest_workload w = {.total = TOTAL, .hot_at = 100 * MIB, .hot = HOT};
    uint64_t in, own = guest_own_cpu_ns();
    struct damon_reclaim *ctx;

    guest_start(&w);
    in = guest_vmstat("pswpin");
    ctx = start(way, min_age);
    for (size_t i = 0; !way->why_not[0] && i < n; i++) {
        struct moment *m = &moments[i];

        wait_for(ctx, seconds * 1000);
        read_way(way, ctx, m);
        if (ctx && by_kernel(way))
            m->cpu_ns += guest_own_cpu_ns() - own;
        m->swapped_in = guest_vmstat("pswpin") - in;
        m->hot_resident = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
        m->cold_gone = w.total - w.hot - (guest_resident(w.pid, w.addr, w.total) - m->hot_resident);
        printf("%s: %zu s\n", way->name, (i + 1) * seconds);
        fflush(stdout);
    }
    if (!way->why_not[0])
        stop(ctx);
    guest_stop(&w);
}

/* Tells reclaiming and monitoring of the kernel's thread apart. */
static void split_cpu(struct way *way)
{
    struct moment watched = {0};

    run(way, NEVER, &watched, 1, MONITORING_S);
    for (size_t i = 0; i < NR_MOMENTS; i++) {
        struct moment *m = &way->moments[i];
        uint64_t monitoring = watched.cpu_ns / MONITORING_S * MOMENT_S * (i + 1);

        m->reclaim_ns = m->cpu_ns > monitoring ? m->cpu_ns - monitoring : 0;
    }
}

static double percent(uint64_t part, uint64_t whole)
{
    return 100.0 * (double)part / (double)whole;
}

static void print_rows(const struct way *way)
{
    for (size_t i = 0; i < NR_MOMENTS; i++) {
        const struct moment *m = &way->moments[i];

        printf("| %s | %s | %zu | %llu | %llu | %.0f %% | %.0f %% | %llu | %llu | %llu |\n", quota_ms, way->name,
               (i + 1) * MOMENT_S, (unsigned long long)(m->tried / MIB), (unsigned long long)(m->reclaimed / MIB),
               percent(m->cold_gone, TOTAL - HOT), percent(m->hot_resident, HOT), (unsigned long long)m->swapped_in,
               (unsigned long long)((m->cpu_ns - m->reclaim_ns) / 1000000),
               (unsigned long long)(m->reclaim_ns / 1000000));
    }
}

static void print_table(void)
{
    struct utsname name;

    uname(&name);
    printf("\n### Linux %s, `quota_ms` %s\n\n", name.release, quota_ms);
    printf("| quota_ms | by | s | tried, MiB | reclaimed, MiB | cold gone | hot resident | swapped in, pages |"
           " CPU monitoring, ms | CPU reclaiming, ms |\n");
    printf("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
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
static void check_aim(const struct way *module, const struct way *idle)
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
    ratio = a_second(ours->reclaimed, ours->cpu_ns) / a_second(theirs->reclaimed, theirs->cpu_ns);
    ratio_reclaiming = a_second(ours->reclaimed, ours->reclaim_ns) / a_second(theirs->reclaimed, theirs->reclaim_ns);
    printf("- In a second of CPU time `idle-page` reclaims %.0f MiB and the module %.0f MiB, %.1f times as much; of "
           "time spent "
           "on reclaiming alone %.1f times as much (aim: %.0f): %s.\n",
           a_second(ours->reclaimed, ours->cpu_ns), a_second(theirs->reclaimed, theirs->cpu_ns), ratio,
           ratio_reclaiming, RATIO_AIM, ratio_reclaiming >= RATIO_AIM ? "met" : "MISSED");
    guest_require(ratio_reclaiming >= RATIO_AIM);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        quota_ms = argv[1];
    guest_module_set("stat", "enabled", "N");
    guest_flush_tlbs();
    for (size_t way = 0; way < NR_WAYS; way++)
        run(&ways[way], MIN_AGE, ways[way].moments, NR_MOMENTS, MOMENT_S);
    for (size_t way = 0; way < NR_WAYS; way++)
        if (!ways[way].why_not[0] && by_kernel(&ways[way]))
            split_cpu(&ways[way]);
    print_table();
    check_aim(&ways[0], &ways[2]);
    return guest_result();
}
