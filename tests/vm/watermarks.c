/* SPDX-License-Identifier: MIT */
/* The guest's free memory is driven through the watermarks, up and down; the states must be those of the kernel's
 * module. */
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HIGH      700
#define MID       600
#define LOW       400
#define STEP      (4 * MIB)
#define MAX_STEPS 256

static struct damon_reclaim_event last;
static size_t nr_events;

static void changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx;
    (void)userdata;
    printf("   state %d reason %d at %u permille free: %s\n", (int)event->state, (int)event->reason,
           event->free_permille, event->text);
    last = *event;
    nr_events++;
}

/* Takes or gives memory until @permille of it is free. */
static void drive_to(uint64_t permille)
{
    static void *ballast[MAX_STEPS];
    static size_t n;

    while (guest_free_permille() > permille + 3 && n < MAX_STEPS) {
        ballast[n] = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (ballast[n++] == MAP_FAILED)
            printf("out of memory\n");
    }
    while (guest_free_permille() + 3 < permille && n > 0)
        munmap(ballast[--n], STEP);
    printf("-- %u permille free\n", guest_free_permille());
}

/* After @ms at @permille the state is as expected, after @events changes. */
static void expect(struct damon_reclaim *ctx, uint64_t permille, size_t events, enum damon_reclaim_state state,
                   enum damon_reclaim_reason reason)
{
    struct damon_reclaim_stats stats;
    uint64_t samples;

    nr_events = 0;
    drive_to(permille);
    guest_run(ctx, 700);
    samples = guest_stats(ctx).nr_samples;
    guest_run(ctx, 500);
    stats = guest_stats(ctx);
    GUEST_CHECK(nr_events == events);
    GUEST_CHECK(stats.state == state);
    GUEST_CHECK(stats.reason == reason || !events);
    GUEST_CHECK(!events || last.free_permille <= permille + 20);
    GUEST_CHECK(!events || last.free_permille + 20 >= permille);
    /* While it is inactive nothing is sampled. */
    GUEST_CHECK((stats.nr_samples > samples) == (state == DAMON_RECLAIM_STATE_ACTIVE));
}

int main(void)
{
    struct guest_workload w = {.total = 16 * MIB, .hot_at = 0, .hot = 16 * MIB};
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .state_changed = changed};
    struct damon_reclaim *ctx;
    char high[32], mid[32], low[32];

    snprintf(high, sizeof(high), "wmarks_high=%d", HIGH);
    snprintf(mid, sizeof(mid), "wmarks_mid=%d", MID);
    snprintf(low, sizeof(low), "wmarks_low=%d", LOW);
    guest_start(&w);
    ctx = guest_context(&callbacks, NULL, "wmarks_interval=200000", "wmarks_low=0", mid, high, low, NULL);
    guest_target(ctx, &w);
    drive_to(HIGH + 100);
    if (damon_reclaim_enable(ctx) < 0)
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_INACTIVE);
    expect(ctx, (HIGH + MID) / 2, 1, DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    expect(ctx, (MID + LOW) / 2, 1, DAMON_RECLAIM_STATE_ACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    expect(ctx, (HIGH + MID) / 2, 0, DAMON_RECLAIM_STATE_ACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    expect(ctx, LOW - 60, 1, DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_LOW);
    expect(ctx, (MID + LOW) / 2, 1, DAMON_RECLAIM_STATE_ACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    expect(ctx, HIGH + 60, 1, DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_HIGH);
    expect(ctx, (HIGH + MID) / 2, 1, DAMON_RECLAIM_STATE_INACTIVE, DAMON_RECLAIM_REASON_WMARK_MID);
    damon_reclaim_unref(ctx);
    guest_stop(&w);
    return guest_result();
}
