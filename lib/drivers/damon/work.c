/* SPDX-License-Identifier: MIT */
/*
 * What is to be done while the kernel's thread runs: once a second it is polled, in steps, each of which may be a
 * command that ends at a later dispatch (command.c).
 */

#include "drivers/damon/work.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/awake.h"
#include "drivers/damon/command.h"
#include "drivers/damon/excluded.h"
#include "drivers/damon/kdamond.h"
#include "drivers/damon/regions.h"
#include "drivers/damon/snapshot.h"
#include "drivers/damon/stats.h"
#include "drivers/damon/sysfs.h"
#include "drivers/damon/tree.h"
#include "base/clock.h"
#include "engine/release.h"
#include "engine/target.h"
#include "engine/tune.h"

#define POLL_NS         DRCL_DAMON_POLL_NS
#define ANSWER_NS       UINT64_C(20000000) /* how often to check whether a command has ended */
#define EFFECTIVE_POLLS 5                  /* the effective quota is asked for at every so many polls */
#define MAX_BAD_POLLS   3
#define MAX_REGION_AGGR UINT64_C(1000000) /* us: with longer aggregations asking for regions would take too long */
#define NS_PER_US       UINT64_C(1000)

/* --- counters, goals, intervals ----------------------------------------------------------------------------------- */

/* The kernel does not report samples and aggregations: they are calculated from the time. */
static void count_time(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    uint64_t aggr_ns = view->engine->attrs.aggr_us * NS_PER_US, n;

    d->aggregation_ns += now - d->last_poll_ns;
    d->last_poll_ns = now;
    n = aggr_ns ? d->aggregation_ns / aggr_ns : 0;
    d->aggregation_ns -= n * aggr_ns;
    view->engine->nr_aggregations += n;
    view->engine->nr_samples += n * view->engine->samples;
}

/* On a kernel without goals, the library tunes the size limit towards them. Returns whether the limit has changed. */
static bool follow_goals(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    bool changed = false, known = false;

    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        struct drcl_damon_slot *s = &d->slots[slot];
        uint64_t before = s->quota.goal_size;

        if (!s->own_goals)
            continue;
        if (!known)
            drcl_view_metrics(view, true, &metrics);
        known = true;
        drcl_quota_begin(&s->quota, now, metrics.psi_valid, metrics.psi_some_us, false);
        changed |= s->quota.goal_size != before;
    }
    return changed;
}

/* Tunes goals and intervals. Returns whether the kernel needs a new configuration. */
static bool tune(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    bool changed = follow_goals(view, d, now);

    if (!view->engine->attrs.autotune || d->own_tuning)
        return changed;
    drcl_damon_read_intervals(view, d);
    for (size_t slot = 0; slot < d->nr_slots; slot++)
        changed |= d->slots[slot].scheme != DRCL_DAMON_MONITOR &&
                   d->slots[slot].min_age != view->engine->schemes[d->slots[slot].scheme]->min_age;
    return changed;
}

/* --- the steps of a poll ------------------------------------------------------------------------------------------ */

/* begin() returns 0 after it has begun a command, or needs none; 1 if there is nothing to do; or an error. end() takes
 * the result of the command. */
struct step {
    int (*begin)(struct drcl_view *view, struct drcl_damon *d, uint64_t now);
    int (*end)(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result);
};

/* Where the kernel brings its files up to date by itself there is nothing to ask for. */
static void ask(struct drcl_damon *d, const char *command)
{
    if (!d->refreshes)
        drcl_damon_begin(d, command);
}

/* How long the kernel takes in any case to apply each scheme twice. */
static uint64_t two_rounds_ns(const struct drcl_view *view)
{
    uint64_t us = view->engine->attrs.aggr_us;

    for (size_t i = 0; i < view->engine->nr_schemes; i++)
        if (view->engine->schemes[i]->used && view->engine->schemes[i]->config.apply_interval_us > us)
            us = view->engine->schemes[i]->config.apply_interval_us;
    return 2 * us * NS_PER_US;
}

static int begin_commit(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    int r;

    d->stale_tree |= drcl_damon_relist_exclusions(view, d, false);
    d->stale_tree |= drcl_damon_first_windows_are_over(d, now, drcl_damon_is_working(view, d), two_rounds_ns(view));
    r = d->operations == DRCL_DAMON_PADDR ? drcl_ram_refresh(&d->memory, d->env) : 0;
    if (r < 0)
        return r;
    if (drcl_damon_is_up_to_date(view, d))
        return 1;
    r = drcl_damon_reconfigure(view, d);
    return drcl_damon_relist_if_refused(view, d, r) ? 1 : r;
}

static int end_commit(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    (void)now;
    if (drcl_damon_relist_if_refused(view, d, result)) /* once more at the next poll */
        return 0;
    return drcl_damon_end_commit(view, d, result);
}

static int begin_stats(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    (void)now;
    /* Reads what the thread has counted, before the library pauses it. */
    if (d->thread != DRCL_DAMON_RUNNING || (view->state != DAMON_RECLAIM_STATE_ACTIVE && !d->own_watermarks))
        return 1;
    if (!d->monitor_only)
        drcl_damon_ask_for_stats(d);
    return 0;
}

static int end_stats(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    int r = result < 0 ? result : drcl_damon_read_stats(view, d);

    if (r < 0) /* at the next poll, the state shows why */
        drcl_log(d->env, DAMON_RECLAIM_LOG_WARNING, "DAMON: statistics cannot be read: %s", strerror(-r));
    else
        count_time(view, d, now);
    return 0;
}

static int begin_effective(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    (void)now;
    if (view->state != DAMON_RECLAIM_STATE_ACTIVE || d->thread != DRCL_DAMON_RUNNING ||
        (d->nr_polls++ % EFFECTIVE_POLLS && !d->refreshes))
        return 1;
    if (drcl_damon_has_quota(view, d))
        ask(d, "update_schemes_effective_quotas");
    return 0;
}

static int end_effective(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    (void)now;
    if (result == 0)
        drcl_damon_read_effective(view, d);
    return 0;
}

static int begin_goals(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    int r;

    (void)now;
    if (!d->goals_dirty || d->monitor_only || !drcl_damon_is_working(view, d))
        return 1;
    r = drcl_damon_write_goals(view, d);
    if (r == 0)
        drcl_damon_begin(d, "commit_schemes_quota_goals");
    d->goals_dirty = r < 0;
    return r;
}

static int end_goals(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    (void)view, (void)now;
    d->goals_dirty |= result < 0; /* once more at the next poll */
    return 0;
}

static int begin_tuning(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    (void)now;
    if (view->state != DAMON_RECLAIM_STATE_ACTIVE || !drcl_damon_is_working(view, d))
        return 1;
    if (view->engine->attrs.autotune && !d->own_tuning)
        ask(d, "update_tuned_intervals");
    return 0;
}

static int end_tuning(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    d->stale_tree |= result == 0 && tune(view, d, now);
    return 0;
}

static int begin_regions(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    if (view->state != DAMON_RECLAIM_STATE_ACTIVE || now < d->next_regions_ns || d->reading ||
        !drcl_damon_is_working(view, d) || !drcl_damon_is_awake(view, d) ||
        (view->engine->attrs.aggr_us > MAX_REGION_AGGR && !d->monitor_only))
        return 1;
    drcl_damon_begin(d, "update_schemes_tried_regions");
    return 0;
}

static int end_regions(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    (void)now;
    drcl_damon_begin_regions(view, d, result);
    return 0;
}

static int begin_callback(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    (void)now;
    if (view->state == DAMON_RECLAIM_STATE_ACTIVE && !d->monitor_only)
        view->engine->host.aggregated(view->engine->host.data);
    return 1;
}

static int no_end(struct drcl_view *view, struct drcl_damon *d, uint64_t now, int result)
{
    (void)view, (void)d, (void)now, (void)result;
    return 0;
}

static const struct step steps[] = {
    {begin_stats, end_stats},   {begin_effective, end_effective}, {begin_goals, end_goals}, {begin_tuning, end_tuning},
    {begin_commit, end_commit}, {begin_regions, end_regions},     {begin_callback, no_end},
};

static bool is_polling(const struct drcl_damon *d)
{
    return d->poll.next != DRCL_DAMON_NO_POLL;
}

/* Ends the step, unless the poll was given up in it. */
static void next_step(struct drcl_damon *d)
{
    if (!is_polling(d))
        return;
    d->poll.next = ++d->poll.step < sizeof(steps) / sizeof(steps[0]) ? DRCL_DAMON_BEGIN_STEP : DRCL_DAMON_NO_POLL;
}

/* Continues the poll until it has to wait for a command or is complete. */
static int go_on(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    int r = 0;

    while (r == 0 && is_polling(d) && !view->stopping) {
        const struct step *step = &steps[d->poll.step];

        if (d->poll.next == DRCL_DAMON_BEGIN_STEP) {
            d->command.result = 0;
            r = step->begin(view, d, now);
            if (r == 0)
                d->poll.next = DRCL_DAMON_END_STEP;
        }
        if (r == 0) {
            int result = drcl_damon_result(d);

            if (d->command.pending) {
                d->next_answer_ns = now + ANSWER_NS;
                return 0;
            }
            r = step->end(view, d, now, result);
        }
        r = r > 0 ? 0 : r;
        next_step(d);
    }
    return r;
}

static int begin_poll(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    d->poll = (struct drcl_damon_poll){.next = DRCL_DAMON_BEGIN_STEP};
    return go_on(view, d, now);
}

/* --- polling ------------------------------------------------------------------------------------------------------ */

/* The thread has stopped although it should run: its processes have exited, it could not be restarted, or it stopped by
 * itself. */
static int restart(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    bool by_itself = d->thread == DRCL_DAMON_RUNNING;

    d->thread = DRCL_DAMON_OFF;
    d->reading = false;
    view->next_pid_ns = 0;
    drcl_remove_exited(view, now);
    drcl_engine_update_targets(view->engine);
    if (view->stopping || !view->nr_targets)
        return 0;
    if (by_itself && drcl_damon_only_grown(view, d) && view->nr_targets == d->nr_written)
        return drcl_error(d->env, -EIO,
                          "the kernel's thread, kdamond %d, has stopped by itself; enable again to restart it",
                          (int)d->kdamond);
    d->stale_tree = true;
    return begin_poll(view, d, now);
}

/* The state that the kernel reports: 1 for on, 0 for off. A few answers that make no sense are ignored. */
static int read_state(struct drcl_damon *d)
{
    char state[DRCL_DAMON_VALUE];
    int r = drcl_damon_read(d->env, state, "0/state");

    if (r == 0 && !strcmp(state, "off"))
        return 0;
    if (r == 0 && !strcmp(state, "on")) {
        d->bad_polls = 0;
        return 1;
    }
    if (r == -ENOENT)
        return drcl_error(d->env, r, DRCL_DAMON_DIR "/0/state is gone: somebody has removed our kdamond");
    if (++d->bad_polls < MAX_BAD_POLLS)
        return -EAGAIN;
    return drcl_error(d->env, r < 0 ? r : -EIO, DRCL_DAMON_DIR "/0/state cannot be read: %s",
                      r < 0 ? strerror(-r) : "it is neither on nor off");
}

static int poll_kernel(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    int r;

    d->next_poll_ns = now + POLL_NS;
    r = drcl_update_ranges(view);
    if (r < 0)
        return r;
    if (view->stopping || !view->nr_targets)
        return drcl_damon_switch_off(d);
    if (d->thread == DRCL_DAMON_PAUSED && drcl_damon_is_up_to_date(view, d))
        return 0;
    r = d->thread == DRCL_DAMON_RUNNING ? read_state(d) : d->thread == DRCL_DAMON_PAUSED;
    if (r == -EAGAIN)
        return 0;
    if (r <= 0)
        return r < 0 ? r : restart(view, d, now);
    return begin_poll(view, d, now);
}

/* The kernel looks at its watermarks by itself; this sees in meminfo what the kernel sees there. A kernel without
 * watermarks gets only the schemes that are active. */
int drcl_damon_check_watermarks(struct drcl_view *view, struct drcl_damon *d, uint64_t now)
{
    struct drcl_wmark_look look;
    int r = drcl_look_at_watermarks(view, now, DRCL_DAMON_POLL_NS, &look);

    if (r < 0)
        return r;
    d->next_wmark_ns = look.next_ns;
    if (d->own_watermarks && look.schemes_changed) {
        d->stale_tree = true;
        d->next_poll_ns = now;
    }
    if (look.new_state) {
        d->last_poll_ns = now;
        d->seen_working = false;
    }
    drcl_set_wmark_state(view, &look);
    if (view->state == DAMON_RECLAIM_STATE_INACTIVE) /* completes what has begun */
        drcl_engine_release_all(view->engine);
    return 0;
}

uint64_t drcl_damon_due(const struct drcl_view *view)
{
    const struct drcl_damon *d = view->backend;
    uint64_t when = d->next_wmark_ns, poll = is_polling(d) ? d->next_answer_ns : d->next_poll_ns;

    if (poll < when)
        when = poll;
    if (d->acting && d->next_act_ns < when)
        when = d->next_act_ns;
    return d->reading && d->next_regions_ns < when ? d->next_regions_ns : when;
}

/* Reads some of the regions; what follows from them when all were read. */
static int go_on_regions(struct drcl_view *view, struct drcl_damon *d)
{
    uint64_t sample_us = view->engine->attrs.sample_us;
    int r = 0;

    if (!drcl_damon_go_on_regions(view, d))
        return 0;
    if (d->monitor_only)
        r = drcl_damon_act(view, d);
    if (d->own_tuning)
        drcl_tune_intervals(view->engine);
    d->stale_tree |= sample_us != view->engine->attrs.sample_us;
    return r;
}

int drcl_damon_work(struct drcl_view *view)
{
    struct drcl_damon *d = view->backend;
    uint64_t now = drcl_view_now(view);
    struct drcl_cost cost;
    int r = 0;

    drcl_cost_begin(view, now, &cost);
    drcl_remove_exited(view, now);
    if (now >= d->next_wmark_ns && !view->stopping)
        drcl_damon_check_watermarks(view, d, now);
    d->acting = d->acting && view->state == DAMON_RECLAIM_STATE_ACTIVE && !view->stopping;
    if (d->acting && now >= d->next_act_ns)
        r = drcl_damon_act_again(view, d);
    else if (d->reading && now >= d->next_regions_ns && !view->stopping)
        r = go_on_regions(view, d);
    if (r == 0 && is_polling(d))
        r = now >= d->next_answer_ns ? go_on(view, d, now) : 0;
    else if (r == 0 && now >= d->next_poll_ns && !view->stopping)
        r = poll_kernel(view, d, now);
    drcl_cost_end(view, drcl_view_now(view), &cost);
    return r;
}
