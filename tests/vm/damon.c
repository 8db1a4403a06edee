/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own DAMON: the main job on a process alone, the states of its thread, and a commit while the watermarks
 * keep it inactive. Nothing may be left in the kernel afterwards.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "guest_damon.h"

static unsigned int nr_states;

static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx;
    (void)userdata;
    printf("state: %s\n", event->text);
    nr_states++;
}

static const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .state_changed = state_changed};
static const struct guest_setup setup = {.backend = "damon", .take_over = true, .callbacks = &callbacks};

static void enable(struct damon_reclaim *ctx)
{
    char pid[16];

    guest_enable(ctx);
    GUEST_CHECK(!strcmp(guest_kdamond("0/state"), "on"));
    damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
    GUEST_CHECK(!strcmp(guest_kdamond("0/pid"), pid));
}

static void second_is_refused(void)
{
    struct damon_reclaim *second = guest_set_up(&setup, NULL);

    GUEST_CHECK(damon_reclaim_enable(second) < 0);
    printf("second: %s\n", damon_reclaim_last_error(second));
    damon_reclaim_unref(second);
}

static void process(void)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB};
    uint64_t cold = w.total - w.hot, hot, left, in;
    struct damon_reclaim *ctx = guest_set_up(&setup, "min_age=2s", "quota_ms=0", "quota_sz=0", NULL);

    printf("--- a process\n");
    guest_start(&w);
    guest_target(ctx, &w);
    in = guest_vmstat("pswpin");
    enable(ctx);
    second_is_refused();
    guest_watch(ctx, 15);
    hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
    left = guest_resident(w.pid, w.addr, w.total) - hot;
    in = guest_vmstat("pswpin") - in;
    guest_measured("damon.vaddr.cold_gone", 100.0 * (double)(cold - left) / (double)cold, "percent");
    guest_measured("damon.vaddr.hot_resident", 100.0 * (double)hot / (double)w.hot, "percent");
    guest_measured("damon.vaddr.swapped_in", (double)in, "pages");
    GUEST_TIMELY(left * 100 <= cold * 5);
    GUEST_TIMELY(hot * 100 >= w.hot * 95);
    GUEST_TIMELY(in * 4096 * 100 <= cold);
    /* Of a region with a hole in it the kernel counts as reclaimed nothing, whatever went. */
    GUEST_TIMELY(guest_stats(ctx).bytes_reclaim_tried_regions >= cold / 2);
    GUEST_CHECK(guest_stats(ctx).nr_regions >= 3);
    GUEST_CHECK(guest_intact(&w));
    GUEST_CHECK(damon_reclaim_disable(ctx) == 0);
    guest_damon_left_nothing();
    printf("--- a process that exits is gone for the kernel as well\n");
    enable(ctx);
    guest_stop(&w);
    for (int i = 0; i < 3 && guest_stats(ctx).state != DAMON_RECLAIM_STATE_DISABLED; i++)
        guest_run(ctx, 1000);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED);
    damon_reclaim_unref(ctx);
    guest_damon_left_nothing();
}

/* While the watermarks keep the kernel's thread inactive an older kernel would never come back from a commit. */
static void inactive(void)
{
    struct damon_reclaim *ctx = guest_set_up(&setup, "wmarks_high=3", "wmarks_mid=2", "wmarks_low=1", NULL);
    uint64_t begin;

    printf("--- inactive\n");
    enable(ctx);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_INACTIVE);
    guest_run(ctx, 2000);
    begin = guest_now_ns();
    GUEST_CHECK(damon_reclaim_commit(ctx) == 0);
    GUEST_CHECK(damon_reclaim_disable(ctx) == 0);
    GUEST_TIMELY(guest_now_ns() - begin < 6000000000);
    guest_measured("damon.inactive_commit", (double)(guest_now_ns() - begin) / 1e6, "ms");
    damon_reclaim_unref(ctx);
    guest_damon_left_nothing();
}

/* Nobody has told us that free memory is above the high watermark, but the thread is asleep: no call may wait for it
 * longer than an interval of its, and it must not be left behind. */
static void falls_asleep(void)
{
    const uint64_t interval_ns = UINT64_C(3000000000);
    struct guest_workload hog = {.total = 300 * MIB}, small = {.total = 8 * MIB};
    struct damon_reclaim *ctx = guest_set_up(&setup, "wmarks_interval=3s", NULL);
    uint64_t begin, commit, disable;
    char mark[16];

    printf("--- falls asleep\n");
    guest_start(&small);
    guest_start(&hog);
    guest_target(ctx, &small);
    snprintf(mark, sizeof(mark), "%u",
             (unsigned int)(guest_meminfo("MemFree") * 1000 / guest_meminfo("MemTotal") + 50));
    GUEST_CHECK(damon_reclaim_set(ctx, "wmarks_high", mark) == 0 && damon_reclaim_set(ctx, "wmarks_mid", mark) == 0);
    enable(ctx);
    guest_run(ctx, 1500);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_ACTIVE);
    guest_stop(&hog);
    guest_sleep_ms(200);
    begin = guest_now_ns();
    GUEST_CHECK(damon_reclaim_commit(ctx) == 0);
    commit = guest_now_ns() - begin;
    GUEST_CHECK(damon_reclaim_disable(ctx) == 0);
    disable = guest_now_ns() - begin - commit;
    guest_measured("damon.asleep_commit", (double)commit / 1e6, "ms");
    guest_measured("damon.asleep_disable", (double)disable / 1e6, "ms");
    GUEST_TIMELY(commit < interval_ns + 1000000000 && disable < interval_ns + 1000000000);
    guest_damon_left_nothing();
    guest_stop(&small);
    damon_reclaim_unref(ctx);
}

int main(void)
{
    guest_damon_needed();
    guest_flush_tlbs();
    process();
    inactive();
    falls_asleep();
    GUEST_CHECK(nr_states >= 4);
    return guest_result();
}
