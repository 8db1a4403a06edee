/* SPDX-License-Identifier: MIT */
/*
 * commit BACKEND [N]: parameters of a reclaimer of physical memory that change while it works: the age, the quotas, the
 * region, a set that is refused, and N (1000) commits in a row.
 */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_damon.h"

#define REGION_START    (256 * MIB)
#define REGION_END      (384 * MIB)
#define NR_WARM_COMMITS 20
#define FD_SLACK        2            /* a command that the kernel has not answered yet keeps files open */
#define RSS_SLACK       (256 * 1024) /* what the C library may keep of what was given back */

static const char *backend = "damon";
static size_t nr_commits = 1000;

/* Stages and commits; the numbers it takes are those of the module. */
static int commit(struct damon_reclaim *ctx, const char *name, const char *value)
{
    int r = damon_reclaim_set(ctx, name, value);

    return r < 0 ? r : damon_reclaim_commit(ctx);
}

static void age(struct damon_reclaim *ctx)
{
    printf("--- min_age\n");
    guest_watch(ctx, 4);
    GUEST_CHECK(guest_stats(ctx).bytes_reclaim_tried_regions == 0);
    GUEST_CHECK(commit(ctx, "min_age", "1000000") == 0);
    guest_watch(ctx, 6);
    GUEST_TIMELY(guest_stats(ctx).bytes_reclaimed_regions > 50 * MIB);
}

static void quota(struct damon_reclaim *ctx)
{
    struct guest_workload w = {.total = 64 * MIB};
    uint64_t tried;

    printf("--- quota_sz\n");
    GUEST_CHECK(commit(ctx, "quota_sz", "4MiB") == 0);
    guest_start(&w);
    guest_run(ctx, 3000); /* a window that began before is over, and counted */
    tried = guest_stats(ctx).bytes_reclaim_tried_regions;
    guest_watch(ctx, 6);
    tried = guest_stats(ctx).bytes_reclaim_tried_regions - tried;
    GUEST_CHECK(tried > 0);
    GUEST_CHECK(tried <= 8 * 4 * MIB); /* of a window at either end only a part falls into the time */
    GUEST_CHECK(commit(ctx, "quota_sz", "0") == 0);
    guest_stop(&w);
}

static bool inside_region(struct damon_reclaim *ctx)
{
    struct damon_reclaim_region regions[1000];
    uint64_t bytes = 0;
    size_t n = 0;

    damon_reclaim_get_regions(ctx, regions, 1000, &n);
    for (size_t i = 0; i < n && i < 1000; i++) {
        if (regions[i].start < REGION_START || regions[i].end > REGION_END)
            return false;
        bytes += regions[i].end - regions[i].start;
    }
    return bytes == REGION_END - REGION_START;
}

static void region(struct damon_reclaim *ctx)
{
    char start[32], end[32];
    int seconds = 0;

    printf("--- monitor_region\n");
    snprintf(start, sizeof(start), "%llu", (unsigned long long)REGION_START);
    snprintf(end, sizeof(end), "%llu", (unsigned long long)REGION_END);
    GUEST_CHECK(damon_reclaim_set(ctx, "monitor_region_start", start) == 0);
    GUEST_CHECK(commit(ctx, "monitor_region_end", end) == 0);
    /* The kernel's regions are read every few seconds. */
    for (; seconds < 15 && !inside_region(ctx); seconds++)
        guest_run(ctx, 1000);
    GUEST_CHECK(inside_region(ctx));
    GUEST_CHECK(damon_reclaim_set(ctx, "monitor_region_start", "0") == 0);
    GUEST_CHECK(commit(ctx, "monitor_region_end", "0") == 0);
}

static void refused_set(struct damon_reclaim *ctx)
{
    struct damon_reclaim_params before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
    uint64_t samples;

    printf("--- a set that is refused\n");
    damon_reclaim_get_active_params(ctx, &before);
    damon_reclaim_set(ctx, "min_age", "5000000");
    GUEST_CHECK(commit(ctx, "wmarks_low", "995") == -EINVAL);
    printf("refused: %s\n", damon_reclaim_last_error(ctx));
    damon_reclaim_get_active_params(ctx, &after);
    GUEST_CHECK(!memcmp(&before, &after, sizeof(before)));
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_ACTIVE);
    samples = guest_stats(ctx).nr_samples;
    guest_run(ctx, 2000);
    GUEST_CHECK(guest_stats(ctx).nr_samples > samples);
    damon_reclaim_set(ctx, "wmarks_low", "0");
    GUEST_CHECK(commit(ctx, "min_age", "1000000") == 0);
}

/* The module's rule, without KEEP_ON_INVALID. */
static void refused_and_disabled(void)
{
    struct guest_setup setup = {.backend = backend, .take_over = true};
    struct damon_reclaim *ctx = guest_set_up(&setup, NULL);

    printf("--- a set that is refused, the module's way\n");
    guest_enable(ctx);
    GUEST_CHECK(commit(ctx, "wmarks_low", "995") == -EINVAL);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED);
    GUEST_CHECK(guest_stats(ctx).reason == DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
    damon_reclaim_unref(ctx);
}

static size_t nr_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    while (dir && readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Whether no counter of @now is below that of @last. */
static bool monotonic(const struct damon_reclaim_stats *last, const struct damon_reclaim_stats *now)
{
    return now->nr_reclaim_tried_regions >= last->nr_reclaim_tried_regions &&
           now->bytes_reclaim_tried_regions >= last->bytes_reclaim_tried_regions &&
           now->nr_reclaimed_regions >= last->nr_reclaimed_regions &&
           now->bytes_reclaimed_regions >= last->bytes_reclaimed_regions &&
           now->nr_quota_exceeds >= last->nr_quota_exceeds && now->bytes_filter_passed >= last->bytes_filter_passed &&
           now->nr_samples >= last->nr_samples && now->nr_aggregations >= last->nr_aggregations &&
           now->monitor_cpu_ns >= last->monitor_cpu_ns && now->reclaim_cpu_ns >= last->reclaim_cpu_ns;
}

static void many(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats first = guest_stats(ctx), last = first, now;
    uint64_t rss = 0, begin = 0;
    size_t fds = 0, failed = 0, lost = 0;

    printf("--- %zu commits\n", nr_commits);
    /* The kernel answers once an aggregation, and after what it has to try then. */
    damon_reclaim_set(ctx, "quota_sz", "4MiB");
    damon_reclaim_set(ctx, "sample_interval", "5000");
    GUEST_CHECK(commit(ctx, "aggr_interval", "20000") == 0);
    for (size_t i = 0; i < NR_WARM_COMMITS + nr_commits; i++) {
        if (i == NR_WARM_COMMITS) {
            rss = guest_rss();
            fds = nr_fds();
            begin = guest_now_ns();
        }
        failed += commit(ctx, "min_age", i % 2 ? "1000000" : "2000000") < 0;
        damon_reclaim_dispatch(ctx);
        now = guest_stats(ctx);
        lost += !monotonic(&last, &now);
        last = now;
    }
    guest_measured("commit.time", (double)(guest_now_ns() - begin) / 1e6 / (double)nr_commits, "ms");
    guest_measured("commit.rss_growth", ((double)guest_rss() - (double)rss) / 1024, "KiB");
    GUEST_CHECK(!failed);
    GUEST_CHECK(!lost);
    GUEST_CHECK(nr_fds() <= fds + FD_SLACK);
    GUEST_CHECK(guest_rss() <= rss + RSS_SLACK);
    guest_run(ctx, 3000);
    last = guest_stats(ctx);
    GUEST_CHECK(last.nr_samples > first.nr_samples);
    GUEST_CHECK(last.state == DAMON_RECLAIM_STATE_ACTIVE);
}

static uint64_t kernel_counts(const char *name)
{
    char file[64];

    snprintf(file, sizeof(file), "0/contexts/0/schemes/1/stats/%s", name);
    return strtoull(guest_kdamond(file), NULL, 10);
}

/* Whether the library has counted @before and what the kernel's thread has, now that there is nothing to be tried. */
static bool exact(struct damon_reclaim *ctx, const struct damon_reclaim_stats *before)
{
    struct damon_reclaim_stats now;

    guest_run(ctx, 3000);
    now = guest_stats(ctx);
    printf("kdamond %s: %llu bytes tried of %llu\n", guest_kdamond("0/pid"),
           (unsigned long long)kernel_counts("sz_tried"), (unsigned long long)now.bytes_reclaim_tried_regions);
    return now.nr_reclaim_tried_regions == before->nr_reclaim_tried_regions + kernel_counts("nr_tried") &&
           now.bytes_reclaim_tried_regions == before->bytes_reclaim_tried_regions + kernel_counts("sz_tried") &&
           now.nr_reclaimed_regions == before->nr_reclaimed_regions + kernel_counts("nr_applied") &&
           now.bytes_reclaimed_regions == before->bytes_reclaimed_regions + kernel_counts("sz_applied");
}

/* Of all that was counted since it was enabled nothing is lost, and nothing is there twice: after the commits, after
 * directories were made anew for another scheme, and after the thread was started anew. */
static void counters(struct damon_reclaim *ctx, const char *first_kdamond)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_sz = 4096, .min_age_us = 600000000, .action = DAMON_RECLAIM_ACTION_STAT};
    struct damon_reclaim_stats none = {.size = sizeof(none)}, before;
    uint64_t tried = guest_stats(ctx).bytes_reclaim_tried_regions;
    struct guest_workload w = {.total = 16 * MIB};
    char low[16];
    uint32_t id;

    printf("--- counters\n");
    GUEST_CHECK(commit(ctx, "min_age", "600000000") == 0);
    GUEST_CHECK(exact(ctx, &none));
    GUEST_CHECK(!strcmp(guest_kdamond("0/pid"), first_kdamond));
    GUEST_CHECK(damon_reclaim_add_scheme(ctx, &scheme, &id) == 0);
    GUEST_CHECK(exact(ctx, &none));
    GUEST_CHECK(damon_reclaim_remove_scheme(ctx, id) == 0);
    GUEST_CHECK(exact(ctx, &none));
    GUEST_CHECK(!strcmp(guest_kdamond("0/pid"), first_kdamond));
    /* So near to a watermark of its own the thread is started anew, unless it answers while it is inactive. */
    before = guest_kdamond("0/refresh_ms")[0] ? none : guest_stats(ctx);
    snprintf(low, sizeof(low), "%u", guest_free_permille() - 10);
    GUEST_CHECK(commit(ctx, "wmarks_low", low) == 0);
    GUEST_CHECK(commit(ctx, "min_age", "500000000") == 0);
    GUEST_CHECK(!strcmp(guest_kdamond("0/pid"), first_kdamond) == (guest_kdamond("0/refresh_ms")[0] != 0));
    GUEST_CHECK(exact(ctx, &before));
    GUEST_CHECK(commit(ctx, "wmarks_low", "0") == 0);
    guest_start(&w);
    GUEST_CHECK(commit(ctx, "min_age", "1000000") == 0);
    guest_run(ctx, 5000);
    GUEST_CHECK(commit(ctx, "min_age", "600000000") == 0);
    GUEST_CHECK(guest_stats(ctx).bytes_reclaim_tried_regions > tried);
    GUEST_CHECK(exact(ctx, &before));
    guest_stop(&w);
}

int main(int argc, char **argv)
{
    struct guest_workload w = {.total = 200 * MIB, .hot_at = 100 * MIB, .hot = 20 * MIB};
    struct guest_setup setup = {.take_over = true, .flags = DAMON_RECLAIM_KEEP_ON_INVALID};
    struct damon_reclaim *ctx;
    char kdamond[32];

    if (argc > 1)
        backend = argv[1];
    if (argc > 2)
        nr_commits = strtoul(argv[2], NULL, 10);
    setup.backend = backend;
    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    guest_flush_tlbs();
    guest_start(&w);
    ctx = guest_set_up(&setup, "min_age=60s", "quota_ms=0", "quota_sz=0", NULL);
    guest_enable(ctx);
    snprintf(kdamond, sizeof(kdamond), "%s", guest_kdamond("0/pid"));
    age(ctx);
    quota(ctx);
    region(ctx);
    refused_set(ctx);
    many(ctx);
    if (!strcmp(backend, "damon"))
        counters(ctx, kdamond);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    refused_and_disabled();
    guest_stop(&w);
    if (!strcmp(backend, "damon"))
        guest_damon_left_nothing();
    return guest_result();
}
