/* SPDX-License-Identifier: MIT */
/*
 * The kernel's thread: on, off, and how what is asked for becomes what it does.
 *
 * While its watermarks keep it inactive a kernel comes back from "commit" late, and an older one not at all. So nothing
 * is asked of it then, and a new configuration is put into effect by stopping and starting it, which is quick at any
 * time.
 */

#include "drivers/damon/kdamond.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/awake.h"
#include "drivers/damon/check.h"
#include "drivers/damon/command.h"
#include "drivers/damon/excluded.h"
#include "drivers/damon/holder.h"
#include "drivers/damon/operations.h"
#include "drivers/damon/stats.h"
#include "drivers/damon/sysfs.h"
#include "drivers/damon/tree.h"
#include "base/grow.h"

#define REFRESH_MS "1000"

/* --- on and off --------------------------------------------------------------------------------------------------- */

static int on_error(struct drcl_damon *d, int err)
{
    if (err == -EBUSY) {
        int r = drcl_damon_check_modules(d->env, false);

        return r < 0 ? r : drcl_error(d->env, err, "enabled: DAMON is in use by another part of the kernel");
    }
    if (err == -EINVAL || err == -ENODEV)
        return drcl_error(d->env, -EINVAL,
                          "enabled: the kernel's DAMON refuses the configuration by " DRCL_DAMON_DIR
                          "/0/state; are the targets alive and the ranges memory?");
    return drcl_error(d->env, err, "enabled: " DRCL_DAMON_DIR "/0/state cannot be written: %s", strerror(-err));
}

static int switch_on(struct drcl_damon *d)
{
    uint64_t pid = 0;
    int r;

    d->refreshes =
        drcl_damon_exists(d->env, "0/refresh_ms") && drcl_damon_write(d->env, REFRESH_MS, "0/refresh_ms") == 0;
    /* The record names the old thread, not the one that is started now. */
    r = d->holder.record.kdamond ? drcl_damon_record_kdamond(d, 0) : 0;
    if (r < 0)
        return r;
    r = drcl_damon_write(d->env, "on", "0/state");
    if (r < 0)
        return on_error(d, r);
    d->thread = DRCL_DAMON_RUNNING;
    d->reading = false;
    drcl_damon_reset_stats(d);
    if (drcl_damon_read_u64(d->env, &pid, "0/pid") < 0 || pid > INT32_MAX)
        pid = 0;
    d->kdamond = (pid_t)pid;
    return drcl_damon_record_kdamond(d, d->kdamond);
}

int drcl_damon_switch_off(struct drcl_damon *d)
{
    char state[DRCL_DAMON_VALUE];
    int r;

    if (d->thread != DRCL_DAMON_RUNNING)
        return 0;
    d->thread = DRCL_DAMON_OFF;
    d->reading = false;
    r = drcl_damon_write(d->env, "off", "0/state");
    if (drcl_damon_wait_if_busy(d, r))
        r = drcl_damon_write(d->env, "off", "0/state");
    drcl_damon_settle(d, 0); /* a command on its way ends with the thread */
    if (r < 0 && drcl_damon_read(d->env, state, "0/state") == 0 && !strcmp(state, "off"))
        r = 0; /* it has stopped by itself */
    if (r < 0)
        return drcl_error(d->env, r, DRCL_DAMON_DIR "/0/state: our kdamond cannot be stopped: %s", strerror(-r));
    return 0;
}

/* --- putting a configuration into effect -------------------------------------------------------------------------- */

static uint64_t add_range(uint64_t sum, const struct damon_reclaim_range *range)
{
    sum = (sum ^ range->start) * UINT64_C(0x100000001b3);
    return (sum ^ range->end) * UINT64_C(0x100000001b3);
}

/* A checksum of the ranges of targets, and of the memory that they are trimmed to. */
static uint64_t sum_of_ranges(const struct drcl_view *view, const struct drcl_damon *d)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t t = 0; t < view->engine->nr_targets; t++) {
        const struct drcl_target *target = &view->engine->targets[t];

        for (size_t i = 0; !target->removed && i < target->nr_ranges; i++)
            sum = add_range(sum, &target->ranges[i]);
    }
    for (size_t i = 0; d->operations == DRCL_DAMON_PADDR && i < d->memory.n; i++)
        sum = add_range(sum, &d->memory.ranges[i]);
    return sum;
}

/* Whether targets were only added: those that the kernel has are the first of ours. */
bool drcl_damon_only_grown(const struct drcl_view *view, const struct drcl_damon *d)
{
    if (view->nr_targets < d->nr_written)
        return false;
    for (size_t i = 0; i < d->nr_written; i++)
        if (d->written[i].pid != view->targets[i].pid)
            return false;
    return true;
}

static int remember_targets(const struct drcl_view *view, struct drcl_damon *d)
{
    if (drcl_grow(d->env, &d->written, &d->written_cap, view->nr_targets, sizeof(*d->written)) < 0)
        return drcl_error(d->env, -ENOMEM, "out of memory");
    d->nr_written = view->nr_targets;
    for (size_t i = 0; i < view->nr_targets; i++)
        d->written[i] = (struct drcl_damon_written){.pid = view->targets[i].pid};
    d->ranges_sum = sum_of_ranges(view, d);
    d->stale_tree = false;
    return 0;
}

bool drcl_damon_is_up_to_date(const struct drcl_view *view, const struct drcl_damon *d)
{
    return !d->stale_tree && d->nr_written == view->nr_targets && drcl_damon_only_grown(view, d) &&
           d->ranges_sum == sum_of_ranges(view, d);
}

static bool any_active(const struct drcl_view *view)
{
    for (size_t i = 0; i < view->engine->nr_schemes; i++)
        if (view->engine->schemes[i]->used && view->engine->schemes[i]->active)
            return true;
    return false;
}

int drcl_damon_end_commit(struct drcl_view *view, struct drcl_damon *d, int result)
{
    if (result < 0)
        return drcl_error(d->env, result, "commit: the kernel's DAMON refuses it: %s", strerror(-result));
    return remember_targets(view, d);
}

static bool should_pause(const struct drcl_view *view, const struct drcl_damon *d)
{
    return d->own_watermarks && !any_active(view);
}

/* Whether the running thread can take the new configuration, and answers soon. */
static bool can_commit(struct drcl_view *view, const struct drcl_damon *d)
{
    return drcl_damon_is_working(view, d) && drcl_damon_only_grown(view, d) &&
           drcl_damon_operations(view, d) == d->operations && !should_pause(view, d);
}

/* The same as drcl_damon_reconfigure(), for a configuration that was checked. */
static int put_into_effect(struct drcl_view *view, struct drcl_damon *d)
{
    bool working = drcl_damon_is_working(view, d), commit = can_commit(view, d), pause;
    int r = 0;

    d->reading = false; /* regions go with the directories of their scheme */
    d->stale_tree = true;
    if (d->command.pending && !(working && drcl_damon_settle(d, 2 * view->engine->attrs.aggr_us)))
        r = drcl_damon_switch_off(d);
    d->command.result = 0;
    if (!view->nr_targets)
        return drcl_damon_switch_off(d);
    d->stale_stats = true;
    for (size_t slot = 0; slot < d->nr_slots && !commit; slot++) /* a new thread has begun no window */
        d->slots[slot].limits = false;
    if (r == 0)
        r = drcl_damon_write_tree(view, d);
    if (r < 0)
        return r;
    pause = should_pause(view, d);
    if (commit && d->thread == DRCL_DAMON_RUNNING && !pause) {
        drcl_damon_begin(d, "commit");
        return 0;
    }
    r = drcl_damon_switch_off(d);
    d->thread = pause ? DRCL_DAMON_PAUSED : DRCL_DAMON_OFF;
    return r < 0 || pause ? r : switch_on(d);
}

int drcl_damon_reconfigure(struct drcl_view *view, struct drcl_damon *d)
{
    int r = drcl_damon_check(view, d);

    return r < 0 ? r : put_into_effect(view, d);
}

static int apply(struct drcl_view *view, struct drcl_damon *d)
{
    int r = drcl_damon_check(view, d);

    if (r < 0)
        return r;
    d->poll.next = DRCL_DAMON_NO_POLL; /* its command was about the old configuration */
    r = put_into_effect(view, d);
    if (r < 0)
        return r;
    if (drcl_damon_settle(d, 2 * view->engine->attrs.aggr_us))
        return drcl_damon_end_commit(view, d, drcl_damon_result(d));
    /* Free memory has passed a watermark, and nobody has looked at it since. */
    r = drcl_damon_switch_off(d);
    d->command.result = 0;
    if (r == 0)
        r = put_into_effect(view, d);
    return r < 0 ? r : remember_targets(view, d);
}

int drcl_damon_apply(struct drcl_view *view, struct drcl_damon *d)
{
    int r;

    if (!can_commit(view, d))
        drcl_damon_read_last_stats(view, d);
    r = apply(view, d);
    return drcl_damon_relist_if_refused(view, d, r) ? apply(view, d) : r;
}
