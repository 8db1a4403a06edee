/* SPDX-License-Identifier: MIT */
/* Processes as targets: one of two exits and the other goes on; a process that got a pid anew is not touched; a process
 * that executes another program is followed. */
#include "guest.h"

#include <stdio.h>

static pid_t gone;

static void target_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    (void)ctx;
    (void)userdata;
    printf("   target %u, pid %d, is gone\n", target, (int)pid);
    gone = pid;
}

static struct damon_reclaim *context(void)
{
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .target_gone = target_gone};

    return guest_context(&callbacks, NULL, "min_age=1000000", "quota_ms=0", NULL);
}

static void one_of_two_exits(void)
{
    struct guest_workload a = {.total = 48 * MIB}, b = {.total = 48 * MIB};
    struct damon_reclaim *ctx = context();
    pid_t pid;

    printf("-- one of two exits\n");
    guest_start(&a);
    guest_start(&b);
    pid = a.pid;
    guest_target(ctx, &a);
    guest_target(ctx, &b);
    GUEST_CHECK(damon_reclaim_enable(ctx) == 0);
    guest_run(ctx, 500);
    guest_stop(&a);
    guest_run(ctx, 6000);
    GUEST_CHECK(gone == pid);
    GUEST_CHECK(guest_stats(ctx).nr_targets == 1);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_ACTIVE);
    GUEST_TIMELY(guest_resident(b.pid, b.addr, b.total) < b.total / 10);
    GUEST_CHECK(guest_intact(&b));
    guest_stop(&b);
    guest_run(ctx, 2000);
    GUEST_CHECK(gone == b.pid);
    GUEST_CHECK(guest_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED);
    damon_reclaim_unref(ctx);
}

static void reused_pid(void)
{
    struct guest_workload old = {.total = 32 * MIB}, new = {.total = 32 * MIB}, other = {.total = 32 * MIB};
    struct damon_reclaim *ctx = context();
    uint64_t swapped;

    printf("-- a reused pid\n");
    guest_start(&old);
    guest_start(&other);
    guest_target(ctx, &old);
    guest_target(ctx, &other);
    GUEST_CHECK(damon_reclaim_enable(ctx) == 0);
    guest_run(ctx, 700); /* it is being watched, and not a candidate yet */
    new.want_pid = old.pid;
    guest_stop(&old);
    guest_start(&new);
    GUEST_CHECK(new.pid == old.pid);
    gone = 0;
    guest_run(ctx, 6000);
    swapped = new.total - guest_resident(new.pid, new.addr, new.total);
    GUEST_CHECK(swapped == 0);
    GUEST_CHECK(gone == old.pid);
    GUEST_TIMELY(guest_resident(other.pid, other.addr, other.total) < other.total / 10);
    /* As a target of its own it is reclaimed like any other. */
    guest_target(ctx, &new);
    guest_run(ctx, 6000);
    GUEST_TIMELY(guest_resident(new.pid, new.addr, new.total) < new.total / 10);
    GUEST_CHECK(guest_intact(&new));
    guest_stop(&new);
    guest_stop(&other);
    damon_reclaim_unref(ctx);
}

int main(void)
{
    one_of_two_exits();
    reused_pid();
    return guest_result();
}
