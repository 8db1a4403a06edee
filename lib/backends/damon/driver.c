/* SPDX-License-Identifier: MIT */
/*
 * Start, commit and stop of the kernel's thread, and what is to be done while it runs.
 *
 * The kernel answers a command when its thread comes round: within an aggregation while it works. While the watermarks
 * keep it inactive an older kernel answers late, and "commit" not at all. So nothing is asked of it then, and a new
 * configuration is put into effect by stopping and starting it, which is quick at any time.
 */
#include "backends/damon/damon.h"

#include <errno.h>
#include <string.h>

#define POLL_NS         UINT64_C(1000000000)
#define REFRESH_MS      "1000"
#define MARGIN          20 /* permille that free memory must be away from a watermark for the thread surely to work */
#define MAX_BAD_POLLS   3
#define MAX_REGION_AGGR UINT64_C(1000000) /* us: with longer aggregations asking for regions would take too long */
#define NS_PER_US       UINT64_C(1000)

/* --- on and off ----------------------------------------------------------------------------------------------------
 */

static int on_error(struct drcl_damon *d, int err)
{
    if (err == -EBUSY) {
        int r = drcl_damon_module_holder(d->env, false);

        return r < 0 ? r : drcl_error(d->env, err, "enabled: DAMON is in use by another part of the kernel");
    }
    if (err == -EINVAL || err == -ENODEV)
        return drcl_error(d->env, -EINVAL,
                          "enabled: the kernel's DAMON refuses the configuration in " DRCL_DAMON_DIR
                          "/0; are the targets alive and the ranges memory?");
    return drcl_error(d->env, err, "enabled: " DRCL_DAMON_DIR "/0/state cannot be written: %s", strerror(-err));
}

static int switch_on(struct drcl_damon *d)
{
    uint64_t pid = 0;
    int r;

    d->refreshes =
        drcl_damon_exists(d->env, "0/refresh_ms") && drcl_damon_write(d->env, REFRESH_MS, "0/refresh_ms") == 0;
    r = drcl_damon_write(d->env, "on", "0/state");
    if (r < 0)
        return on_error(d, r);
    d->running = true;
    d->reading = false;
    drcl_damon_reset_stats(d);
    if (drcl_damon_read_u64(d->env, &pid, "0/pid") < 0 || pid > INT32_MAX)
        pid = 0;
    d->kdamond = (pid_t)pid;
    return drcl_damon_note(d, d->kdamond);
}

static int switch_off(struct drcl_damon *d)
{
    char state[DRCL_DAMON_VALUE];
    int r;

    if (!d->running)
        return 0;
    d->running = d->reading = false;
    r = drcl_damon_write(d->env, "off", "0/state");
    if (r < 0 && drcl_damon_read(d->env, state, "0/state") == 0 && !strcmp(state, "off"))
        r = 0; /* it has stopped by itself */
    if (r < 0)
        return drcl_error(d->env, r, DRCL_DAMON_DIR "/0/state: our kdamond cannot be stopped: %s", strerror(-r));
    return 0;
}

/* --- putting a configuration into effect ----------------------------------------------------------------------------
 */

static uint64_t sum_of_ranges(const struct damon_reclaim *ctx)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t t = 0; t < ctx->engine.nr_targets; t++) {
        const struct drcl_target *target = &ctx->engine.targets[t];

        for (size_t i = 0; !target->removed && i < target->nr_ranges; i++) {
            sum = (sum ^ target->ranges[i].start) * UINT64_C(0x100000001b3);
            sum = (sum ^ target->ranges[i].end) * UINT64_C(0x100000001b3);
        }
    }
    return sum;
}

/* How many of the targets that the kernel has are the first of ours: all of them, unless one was removed. */
static bool only_grown(const struct damon_reclaim *ctx, const struct drcl_damon *d)
{
    if (ctx->nr_targets < d->nr_written)
        return false;
    for (size_t i = 0; i < d->nr_written; i++)
        if (d->written[i] != ctx->targets[i].pid)
            return false;
    return true;
}

static int remember_targets(const struct damon_reclaim *ctx, struct drcl_damon *d)
{
    pid_t *grown = drcl_realloc_array(d->env, d->written, ctx->nr_targets, sizeof(*grown));

    if (!grown)
        return drcl_error(d->env, -ENOMEM, "out of memory");
    d->written = grown;
    d->nr_written = ctx->nr_targets;
    for (size_t i = 0; i < ctx->nr_targets; i++)
        grown[i] = ctx->targets[i].pid;
    d->ranges_sum = sum_of_ranges(ctx);
    return 0;
}

/* Whether the thread is sure to work, so that it answers soon. */
static bool is_working(struct damon_reclaim *ctx, const struct drcl_damon *d)
{
    struct damon_reclaim_metrics metrics;

    if (!d->running)
        return false;
    if (d->refreshes)
        return true;
    if (!d->seen_working || ctx->state != DAMON_RECLAIM_STATE_ACTIVE || drcl_context_metrics(ctx, false, &metrics) < 0)
        return false;
    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        const struct damon_reclaim_watermarks *w = &d->slots[slot].watermarks;
        uint32_t scheme = d->slots[slot].scheme;

        if (!w->interval_us && !w->high && !w->mid && !w->low)
            return true;
        if (ctx->engine.schemes[scheme == DRCL_DAMON_MONITOR ? DAMON_RECLAIM_SCHEME_RECLAIM : scheme].active &&
            (w->high >= 1000 || metrics.free_permille + MARGIN <= w->high) &&
            (!w->low || metrics.free_permille >= w->low + MARGIN))
            return true;
    }
    return false;
}

/* What the engine's structures ask for becomes what the kernel does. On failure it goes on as before, if it still runs.
 */
static int reconfigure(struct damon_reclaim *ctx, struct drcl_damon *d)
{
    bool live = is_working(ctx, d) && only_grown(ctx, d);
    enum drcl_damon_operations operations = d->operations;
    int r = drcl_damon_check_targets(ctx, d);

    if (r == 0)
        r = drcl_damon_check_filters(ctx, d);
    if (r < 0)
        return r;
    d->stale_tree = true;
    if (!ctx->nr_targets)
        return switch_off(d);
    r = drcl_damon_write_tree(ctx, d);
    if (r < 0)
        return r;
    if (live && operations == d->operations) {
        r = drcl_damon_write(d->env, "commit", "0/state");
        if (r < 0)
            return drcl_error(d->env, r, "commit: the kernel's DAMON refuses it: %s", strerror(-r));
    } else {
        r = switch_off(d);
        if (r == 0)
            r = switch_on(d);
        if (r < 0)
            return r;
    }
    d->stale_tree = false;
    d->reading = false;
    return remember_targets(ctx, d);
}

/* --- watermarks ------------------------------------------------------------------------------------------------------
 */

/* The kernel looks at its watermarks by itself; what it sees there, we see in meminfo. */
static int check_watermarks(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;
    bool was_active = ctx->state == DAMON_RECLAIM_STATE_ACTIVE, active;
    struct damon_reclaim_metrics metrics;
    int r = drcl_context_metrics(ctx, false, &metrics);

    d->next_wmark_ns = now + drcl_watermark_period(ctx, true, POLL_NS);
    if (r < 0 && ctx->state == DAMON_RECLAIM_STATE_DISABLED)
        return r;
    if (r < 0)
        return 0; /* stay as it is, and try again */
    active = drcl_schemes_check_watermarks(&ctx->engine, metrics.free_permille, &reason);
    d->next_wmark_ns = now + drcl_watermark_period(ctx, active, POLL_NS);
    if (!active || !was_active) {
        d->last_poll_ns = now;
        d->seen_working = false;
        drcl_set_state(ctx, active ? DAMON_RECLAIM_STATE_ACTIVE : DAMON_RECLAIM_STATE_INACTIVE, reason,
                       metrics.free_permille);
    }
    return 0;
}

/* --- the work
 * --------------------------------------------------------------------------------------------------------- */

/* Samples and aggregations are not told by the kernel; they go by time. */
static void count_time(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    uint64_t aggr_ns = ctx->engine.attrs.aggr_us * NS_PER_US, n;

    d->aggregation_ns += now - d->last_poll_ns;
    d->last_poll_ns = now;
    n = aggr_ns ? d->aggregation_ns / aggr_ns : 0;
    d->aggregation_ns -= n * aggr_ns;
    ctx->engine.nr_aggregations += n;
    ctx->engine.nr_samples += n * ctx->engine.samples;
}

/* Where the kernel knows no goals, the size limit follows them. Whether it is another one now. */
static bool follow_goals(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    bool changed = false, known = false;

    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        struct drcl_damon_slot *s = &d->slots[slot];
        uint64_t before = s->quota.goal_size;

        if (!s->own_goals)
            continue;
        if (!known)
            drcl_context_metrics(ctx, true, &metrics);
        known = true;
        drcl_quota_begin(&s->quota, now, metrics.psi_valid, metrics.psi_some_us, false);
        changed |= s->quota.goal_size != before;
    }
    return changed;
}

/* Goals and intervals: whether the kernel is to get another configuration. */
static bool tune(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    bool changed = follow_goals(ctx, d, now);

    if (!ctx->engine.attrs.autotune || d->own_tuning)
        return changed;
    drcl_damon_read_intervals(ctx, d);
    for (size_t slot = 0; slot < d->nr_slots; slot++)
        changed |= d->slots[slot].scheme != DRCL_DAMON_MONITOR &&
                   d->slots[slot].min_age != ctx->engine.schemes[d->slots[slot].scheme].min_age;
    return changed;
}

/* It does not run though it should: because its processes have exited, because it could not be started again, or by
 * itself. */
static int has_stopped(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    bool by_itself = d->running;
    int r;

    d->running = d->reading = false;
    ctx->next_pid_ns = 0;
    drcl_check_pids(ctx, now);
    drcl_engine_update_targets(&ctx->engine);
    if (ctx->disable_soon || !ctx->nr_targets)
        return 0;
    if (by_itself && only_grown(ctx, d) && ctx->nr_targets == d->nr_written)
        return drcl_error(d->env, -EIO,
                          "the kernel's thread, kdamond %d, has stopped by itself; enable again to restart it",
                          (int)d->kdamond);
    r = reconfigure(ctx, d);
    return r;
}

/* The state that the kernel tells: 1 on, 0 off; an answer that makes no sense is let pass a few times. */
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
                      r < 0 ? strerror(-r) : "it says neither on nor off");
}

static int poll_active(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    int r = drcl_damon_read_stats(ctx, d);

    if (r < 0) {
        drcl_log(d->env, DAMON_RECLAIM_LOG_WARNING, "DAMON: statistics cannot be read: %s", strerror(-r));
        return 0; /* the state tells more, at the next poll */
    }
    count_time(ctx, d, now);
    if (d->goals_dirty && is_working(ctx, d)) {
        d->goals_dirty = false;
        r = drcl_damon_write_goals(ctx, d);
        if (r == 0)
            drcl_damon_write(d->env, "commit_schemes_quota_goals", "0/state");
    }
    if (tune(ctx, d, now) && is_working(ctx, d))
        r = reconfigure(ctx, d);
    if (r == 0 && now >= d->next_regions_ns && !d->reading && is_working(ctx, d) &&
        ctx->engine.attrs.aggr_us <= MAX_REGION_AGGR)
        drcl_damon_begin_regions(ctx, d);
    if (r == 0 && ctx->callbacks.after_aggregation)
        ctx->callbacks.after_aggregation(ctx, ctx->userdata);
    return r;
}

static int poll_kernel(struct damon_reclaim *ctx, struct drcl_damon *d, uint64_t now)
{
    bool active = ctx->state == DAMON_RECLAIM_STATE_ACTIVE;
    int r;

    d->next_poll_ns = now + POLL_NS;
    drcl_engine_update_targets(&ctx->engine);
    if (ctx->engine.failed) {
        r = ctx->engine.failed;
        ctx->engine.failed = 0;
        return r;
    }
    if (ctx->disable_soon || !ctx->nr_targets)
        return d->running ? switch_off(d) : 0;
    r = d->running ? read_state(d) : 0;
    if (r == -EAGAIN)
        return 0;
    if (r <= 0)
        return r < 0 ? r : has_stopped(ctx, d, now);
    if (d->stale_tree || d->nr_written != ctx->nr_targets || !only_grown(ctx, d) || d->ranges_sum != sum_of_ranges(ctx))
        return reconfigure(ctx, d);
    return active ? poll_active(ctx, d, now) : 0;
}

static uint64_t due(const struct damon_reclaim *ctx)
{
    const struct drcl_damon *d = ctx->backend;
    uint64_t when = d->next_wmark_ns < d->next_poll_ns ? d->next_wmark_ns : d->next_poll_ns;

    return d->reading && d->next_regions_ns < when ? d->next_regions_ns : when;
}

static int work(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    uint64_t now = damon_reclaim_now(ctx), cpu = drcl_clock(&ctx->env, CLOCK_THREAD_CPUTIME_ID);
    int r = 0;

    drcl_check_pids(ctx, now);
    if (now >= d->next_wmark_ns && !ctx->disable_soon)
        check_watermarks(ctx, d, now);
    if (d->reading && now >= d->next_regions_ns && !ctx->disable_soon && drcl_damon_go_on_regions(ctx, d) &&
        d->own_tuning) {
        uint64_t sample_us = ctx->engine.attrs.sample_us;

        drcl_tune_intervals(&ctx->engine);
        d->stale_tree |= sample_us != ctx->engine.attrs.sample_us;
    }
    if (now >= d->next_poll_ns && !ctx->disable_soon)
        r = poll_kernel(ctx, d, now);
    ctx->monitor_cpu_ns += drcl_clock(&ctx->env, CLOCK_THREAD_CPUTIME_ID) - cpu;
    ctx->monitor_ns += damon_reclaim_now(ctx) - now;
    return r;
}

/* --- the switch
 * ------------------------------------------------------------------------------------------------------- */

static int check(struct damon_reclaim *ctx, const struct damon_reclaim_params *p)
{
    const struct drcl_damon *d = ctx->backend;
    struct damon_reclaim_metrics metrics = {.size = sizeof(metrics)};
    struct drcl_attrs attrs = drcl_attrs_of(p);

    if (ctx->callbacks.before_reclaim)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "callbacks.before_reclaim: with the backend damon the kernel reclaims, and "
                          "asks nobody; leave it out, or use filters");
    if (p->monitor_region_end && d->nr_targets && d->targets[0].id)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "monitor_region_start, monitor_region_end: there are targets; give the "
                          "ranges with them");
    if (p->quota_mem_pressure_us && (drcl_context_metrics(ctx, true, &metrics) < 0 || !metrics.psi_valid))
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "quota_mem_pressure_us: this system does not measure memory pressure; boot it with psi=1");
    if (drcl_engine_reserve(&ctx->engine, &attrs) < 0)
        return drcl_error(&ctx->env, -ENOMEM, "max_nr_regions: no memory for %u regions", attrs.max_nr_regions);
    return 0;
}

/* What is asked for, with the ranges that are there, in the engine's structures. */
static int lay_down(struct damon_reclaim *ctx)
{
    int r;

    drcl_apply_params(ctx);
    ctx->engine.halt = ctx->in_dispatch && ctx->engine.halt;
    drcl_engine_update_targets(&ctx->engine);
    r = ctx->engine.failed;
    ctx->engine.failed = 0;
    return r;
}

static int start(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    uint64_t now = damon_reclaim_now(ctx);
    int r;

    ctx->engine.halt = false;
    ctx->engine.failed = 0;
    r = lay_down(ctx);
    if (r == 0)
        r = drcl_damon_check_targets(ctx, d);
    if (r == 0)
        r = drcl_damon_check_filters(ctx, d);
    if (r == 0)
        r = drcl_damon_own(d);
    if (r < 0)
        return r;
    ctx->backend_enabled = true;
    d->nr_written = d->nr_polls = d->bad_polls = 0;
    d->goals_dirty = false;
    d->next_poll_ns = now + POLL_NS;
    d->next_regions_ns = 0;
    d->last_poll_ns = now;
    d->aggregation_ns = 0;
    r = reconfigure(ctx, d);
    return r < 0 ? r : check_watermarks(ctx, d, now);
}

static void stop(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;

    if (ctx->backend_enabled && is_working(ctx, d))
        drcl_damon_read_stats(ctx, d);
    ctx->backend_enabled = d->running = d->reading = false;
    drcl_damon_disown(d);
    drcl_engine_forget(&ctx->engine);
}

static int commit(struct damon_reclaim *ctx)
{
    struct drcl_damon *d = ctx->backend;
    int r = lay_down(ctx);

    if (r == 0)
        r = reconfigure(ctx, d);
    d->next_wmark_ns = 0;
    return r;
}

static int changed(struct damon_reclaim *ctx, enum drcl_change what)
{
    struct drcl_damon *d = ctx->backend;
    int r;

    if (what == DRCL_CHANGE_GOALS) {
        d->goals_dirty = true;
        return 0;
    }
    d->next_poll_ns = 0; /* should anything be left to do */
    if (what == DRCL_CHANGE_SCHEMES)
        d->next_wmark_ns = 0;
    if (ctx->in_dispatch) { /* at the end of the step that is running */
        d->stale_tree = true;
        return 0;
    }
    drcl_engine_update_targets(&ctx->engine);
    r = ctx->engine.failed;
    ctx->engine.failed = 0;
    return r < 0 ? r : reconfigure(ctx, d);
}

static pid_t worker(const struct damon_reclaim *ctx)
{
    const struct drcl_damon *d = ctx->backend;

    return d->running && d->kdamond ? d->kdamond : -1;
}

const struct drcl_driver drcl_damon_driver = {
    .check = check,
    .start = start,
    .stop = stop,
    .commit = commit,
    .changed = changed,
    .due = due,
    .work = work,
    .worker = worker,
};
