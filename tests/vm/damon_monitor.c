/* SPDX-License-Identifier: MIT */
/*
 * DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel watches two processes, the library reclaims them page by page. With the
 * idle-page bitmap where the kernel has it, else without. With the argument "ranges" only their memory is watched, not
 * all of the process; the first one's shows fewer regions than the second's.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_damon.h"

static unsigned int nr_before, nr_after;
static uint64_t told;

static bool before_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)userdata;
    nr_before++;
    return true;
}

static void after_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)userdata;
    nr_after++;
    told += result->reclaimed;
}

static struct damon_reclaim *new_context(void)
{
    static const char *const settings[][2] = {{"min_age", "2s"},       {"quota_ms", "0"},     {"quota_sz", "0"},
                                              {"wmarks_high", "1000"}, {"wmarks_mid", "990"}, {"wmarks_low", "0"}};
    struct damon_reclaim_callbacks callbacks = {
        .size = sizeof(callbacks), .before_reclaim = before_reclaim, .after_reclaim = after_reclaim};
    struct damon_reclaim_damon_config damon = {
        .size = sizeof(damon), .flags = DAMON_RECLAIM_DAMON_MONITOR_ONLY | DAMON_RECLAIM_DAMON_TAKE_OVER};
    char error[512] = "";
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "damon",
                                          .damon = &damon,
                                          .callbacks = &callbacks,
                                          .error = error,
                                          .error_size = sizeof(error)};
    struct damon_reclaim *ctx = NULL;

    if (damon_reclaim_new(&config, &ctx) < 0) {
        printf("no context: %s\n", error);
        exit(1);
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        damon_reclaim_set(ctx, settings[i][0], settings[i][1]);
    return ctx;
}

static uint64_t monitored(struct damon_reclaim *ctx, uint32_t target)
{
    static struct damon_reclaim_region regions[1000];
    uint64_t bytes = 0;
    size_t n = 0;

    damon_reclaim_get_regions(ctx, regions, 1000, &n);
    for (size_t i = 0; i < n && i < 1000; i++)
        bytes += regions[i].target == target ? regions[i].end - regions[i].start : 0;
    return bytes;
}

/* Whether all the memory of both is in regions, second by second. */
static bool is_all_monitored(struct damon_reclaim *ctx, const struct guest_workload w[2], const uint32_t ids[2],
                             unsigned int seconds)
{
    bool all = true;

    for (unsigned int second = 1; second <= seconds; second++) {
        uint64_t bytes[2];

        guest_run(ctx, 1000);
        for (int i = 0; i < 2; i++) {
            bytes[i] = monitored(ctx, ids[i]);
            all &= bytes[i] == w[i].total;
        }
        printf("%2u s: %llu and %llu MiB are in regions\n", second, (unsigned long long)(bytes[0] / MIB),
               (unsigned long long)(bytes[1] / MIB));
    }
    return all;
}

int main(int argc, char **argv)
{
    struct guest_workload w[2] = {{.total = 150 * MIB, .hot_at = 50 * MIB, .hot = 15 * MIB},
                                  {.total = 150 * MIB, .hot_at = 100 * MIB, .hot = 15 * MIB}};
    bool ranges = argc > 1 && !strcmp(argv[1], "ranges");
    uint32_t ids[2];
    uint64_t cold = 0, hot = 0, left = 0, stays = 0, in;
    struct damon_reclaim *ctx;

    guest_damon_needed();
    guest_flush_tlbs();
    ctx = new_context();
    if (ranges) {
        w[0] = (struct guest_workload){.total = 64 * MIB};
        w[0].memory = w[1].memory = GUEST_BARE;
    }
    for (int i = 0; i < 2; i++) {
        guest_start(&w[i]);
        ids[i] = guest_target(ctx, &w[i]);
    }
    in = guest_vmstat("pswpin");
    guest_enable(ctx);
    GUEST_CHECK(!strcmp(guest_kdamond("0/contexts/0/schemes/nr_schemes"), "2"));
    GUEST_CHECK(!strcmp(guest_kdamond("0/contexts/0/schemes/1/action"), "stat"));
    if (ranges) {
        guest_watch(ctx, 3);
        GUEST_CHECK(is_all_monitored(ctx, w, ids, 27));
    } else {
        guest_watch(ctx, 30);
    }
    in = guest_vmstat("pswpin") - in;
    for (int i = 0; i < 2; i++) {
        uint64_t there = guest_resident(w[i].pid, w[i].addr + w[i].hot_at, w[i].hot);

        cold += w[i].total - w[i].hot;
        hot += w[i].hot;
        stays += there;
        left += guest_resident(w[i].pid, w[i].addr, w[i].total) - there;
    }
    guest_measured("damon_monitor.cold_gone", 100.0 * (double)(cold - left) / (double)cold, "percent");
    guest_measured("damon_monitor.hot_resident", 100.0 * (double)stays / (double)hot, "percent");
    guest_measured("damon_monitor.swapped_in", (double)in, "pages");
    guest_measured("damon_monitor.tried_over_reclaimed",
                   (double)guest_stats(ctx).bytes_reclaim_tried_regions /
                       (double)(guest_stats(ctx).bytes_reclaimed_regions + 1),
                   "ratio");
    GUEST_TIMELY(left * 100 <= cold * 5);
    GUEST_TIMELY(stays * 100 >= hot * 95);
    GUEST_TIMELY(in * 4096 * 100 <= cold);
    GUEST_CHECK(nr_before >= 2 && nr_after >= 2);
    GUEST_CHECK(told == guest_stats(ctx).bytes_reclaimed_regions);
    for (int i = 0; i < 2; i++) {
        GUEST_CHECK(guest_intact(&w[i]));
        guest_stop(&w[i]);
    }
    damon_reclaim_unref(ctx);
    guest_damon_left_nothing();
    return guest_result();
}
