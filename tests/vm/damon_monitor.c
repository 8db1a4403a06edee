/* SPDX-License-Identifier: MIT */
/*
 * DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel watches two processes, the library reclaims them page by page. With the
 * idle-page bitmap where the kernel has it, else without.
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

int main(void)
{
    struct guest_workload w[2] = {{.total = 150 * MIB, .hot_at = 50 * MIB, .hot = 15 * MIB},
                                  {.total = 150 * MIB, .hot_at = 100 * MIB, .hot = 15 * MIB}};
    uint64_t cold = 0, hot = 0, left = 0, stays = 0, in;
    struct damon_reclaim *ctx;

    guest_damon_needed();
    guest_flush_tlbs();
    ctx = new_context();
    for (int i = 0; i < 2; i++) {
        guest_start(&w[i]);
        guest_target(ctx, &w[i]);
    }
    in = guest_vmstat("pswpin");
    guest_enable(ctx);
    GUEST_CHECK(!strcmp(guest_kdamond("0/contexts/0/schemes/nr_schemes"), "2"));
    GUEST_CHECK(!strcmp(guest_kdamond("0/contexts/0/schemes/1/action"), "stat"));
    guest_watch(ctx, 30);
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
    GUEST_CHECK(left * 100 <= cold * 5);
    GUEST_CHECK(stays * 100 >= hot * 95);
    GUEST_CHECK(in * 4096 * 100 <= cold);
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
