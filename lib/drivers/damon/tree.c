/* SPDX-License-Identifier: MIT */
/*
 * A configuration as files. What is there already is left alone, what is written is read back. A file that this kernel
 * does not have is no matter as long as what it is for is not asked for.
 */

#include "drivers/damon/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/damon/excluded.h"
#include "drivers/damon/filters.h"
#include "drivers/damon/operations.h"
#include "drivers/damon/put.h"
#include "drivers/damon/sysfs.h"
#include "engine/target.h"

#define ATTRS          DRCL_DAMON_CONTEXT "/monitoring_attrs"
#define TARGETS        DRCL_DAMON_CONTEXT "/targets"
#define TUNE_ACCESS_BP 40
#define TUNE_AGGRS     3
#define TUNE_MIN_US    5000
#define TUNE_MAX_US    10000000

/* --- monitoring -------------------------------------------------------------------------------------------------- */

/* The kernel tunes the intervals where it can, else we do. */
static void put_tuning(struct drcl_put *put, struct drcl_damon *d, bool on)
{
    d->own_tuning = on && !drcl_damon_exists(d->env, ATTRS "/intervals/intervals_goal/access_bp");
    if (d->own_tuning)
        return;
    put->what = "autotune_monitoring_intervals";
    drcl_put_optional(put, on ? TUNE_ACCESS_BP : 0, 0, ATTRS "/intervals/intervals_goal/access_bp");
    drcl_put_optional(put, on ? TUNE_AGGRS : 0, 0, ATTRS "/intervals/intervals_goal/aggrs");
    drcl_put_optional(put, on ? TUNE_MIN_US : 0, 0, ATTRS "/intervals/intervals_goal/min_sample_us");
    drcl_put_optional(put, on ? TUNE_MAX_US : 0, 0, ATTRS "/intervals/intervals_goal/max_sample_us");
}

static void put_attrs(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d)
{
    const struct drcl_attrs *attrs = &view->engine->attrs;

    put->what = "operations";
    drcl_put_text(put, drcl_damon_operations_name(d->operations), DRCL_DAMON_CONTEXT "/operations");
    put->what = "the mark of this library";
    drcl_put(put, DRCL_DAMON_MARKED_US + d->holder.record.mark, ATTRS "/intervals/update_us");
    put->what = "sample_interval";
    drcl_put(put, attrs->sample_us, ATTRS "/intervals/sample_us");
    put->what = "aggr_interval";
    drcl_put(put, attrs->aggr_us, ATTRS "/intervals/aggr_us");
    put->what = "min_nr_regions";
    drcl_put(put, attrs->min_nr_regions, ATTRS "/nr_regions/min");
    put->what = "max_nr_regions";
    drcl_put(put, attrs->max_nr_regions, ATTRS "/nr_regions/max");
    put_tuning(put, d, attrs->autotune);
}

/* The next piece of @range, from *at on, that the kernel may get: whole units, and of physical memory only what is
 * there, because a kernel that is sent elsewhere may not come back. Moves *at behind it; false if there is none. */
static bool next_piece(const struct drcl_view *view, const struct drcl_damon *d,
                       const struct damon_reclaim_range *range, uint64_t *at, struct damon_reclaim_range *ret)
{
    uint64_t mask = view->engine->min_region_size - 1;

    while (*at < range->end) {
        struct damon_reclaim_range piece = {*at, range->end};

        if (d->operations == DRCL_DAMON_PADDR && !drcl_ram_clip(&d->memory, *at, range->end, &piece))
            return false;
        *at = piece.end;
        ret->start = (piece.start + mask) & ~mask;
        ret->end = piece.end & ~mask;
        if (ret->start < ret->end && ret->start >= piece.start)
            return true;
    }
    return false;
}

/* Writes the pieces of a target's ranges or, with @put NULL, only counts them. */
static size_t put_pieces(struct drcl_put *put, const struct drcl_view *view, const struct drcl_damon *d,
                         const struct drcl_target *target, size_t slot)
{
    struct damon_reclaim_range piece;
    size_t n = 0;

    for (size_t i = 0; target && i < target->nr_ranges; i++) {
        uint64_t at = target->ranges[i].start;

        for (; next_piece(view, d, &target->ranges[i], &at, &piece); n++) {
            if (!put)
                continue;
            drcl_put(put, piece.start, TARGETS "/%zu/regions/%zu/start", slot, n);
            drcl_put(put, piece.end, TARGETS "/%zu/regions/%zu/end", slot, n);
        }
    }
    return n;
}

static void put_target(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d, size_t slot)
{
    const struct drcl_view_target *of = &view->targets[slot];
    const struct drcl_target *target =
        d->operations != DRCL_DAMON_VADDR ? drcl_engine_find_target(view->engine, of->id) : NULL;
    size_t n = put_pieces(NULL, view, d, target, slot);

    if (target && !n && !put->failed)
        put->failed = drcl_error(put->env, -EINVAL, "target %u: its ranges have no whole page of memory%s", of->id,
                                 of->id ? "" : " (monitor_region_start, monitor_region_end)");
    put->what = "target";
    if (of->pid)
        drcl_put(put, (uint64_t)of->pid, TARGETS "/%zu/pid_target", slot);
    put->what = "the ranges of a target";
    drcl_put(put, n, TARGETS "/%zu/regions/nr_regions", slot);
    put_pieces(put, view, d, target, slot);
}

/* --- schemes -------------------------------------------------------------------------------------------------------
 */

static const char *action_name(const struct drcl_damon *d, enum damon_reclaim_action action)
{
    if (action == DAMON_RECLAIM_ACTION_COLD && d->operations == DRCL_DAMON_PADDR)
        return "lru_deprio"; /* what the kernel calls it for physical memory */
    return damon_reclaim_action_name(action);
}

static void put_pattern(struct drcl_put *put, const struct drcl_scheme *scheme, size_t slot, bool waits)
{
    const struct damon_reclaim_scheme *c = &scheme->config;

    put->what = "the size of a scheme";
    drcl_put(put, c->min_sz, DRCL_DAMON_SCHEME "/access_pattern/sz/min", slot);
    drcl_put_most(put, c->max_sz ? c->max_sz : UINT64_MAX, DRCL_DAMON_SCHEME "/access_pattern/sz/max", slot);
    put->what = "the accesses of a scheme";
    drcl_put(put, c->min_nr_accesses, DRCL_DAMON_SCHEME "/access_pattern/nr_accesses/min", slot);
    drcl_put(put, c->max_nr_accesses, DRCL_DAMON_SCHEME "/access_pattern/nr_accesses/max", slot);
    put->what = "min_age";
    drcl_put(put, waits ? UINT32_MAX : scheme->min_age, DRCL_DAMON_SCHEME "/access_pattern/age/min", slot);
    drcl_put(put, waits ? UINT32_MAX : scheme->max_age, DRCL_DAMON_SCHEME "/access_pattern/age/max", slot);
    put->what = "apply_interval_us";
    drcl_put_optional(put, c->apply_interval_us, 0, DRCL_DAMON_SCHEME "/apply_interval_us", slot);
}

/* In permille of their sum, which the kernel only sees the ratio of. */
static void put_weights(struct drcl_put *put, const struct damon_reclaim_quota *q, size_t slot)
{
    uint64_t sum = (uint64_t)q->weight_sz + q->weight_nr_accesses + q->weight_age;

    if (!sum)
        sum = 1;
    put->what = "the weights of a quota";
    drcl_put(put, q->weight_sz * UINT64_C(1000) / sum, DRCL_DAMON_SCHEME "/quotas/weights/sz_permil", slot);
    drcl_put(put, q->weight_nr_accesses * UINT64_C(1000) / sum, DRCL_DAMON_SCHEME "/quotas/weights/nr_accesses_permil",
             slot);
    drcl_put(put, q->weight_age * UINT64_C(1000) / sum, DRCL_DAMON_SCHEME "/quotas/weights/age_permil", slot);
}

static void put_goals(struct drcl_put *put, const struct drcl_quota *quota, size_t slot)
{
    put->what = "the goals of a quota (quota_mem_pressure_us, quota_autotune_feedback)";
    drcl_put_optional(put, quota->limits.nr_goals, 0, DRCL_DAMON_SCHEME "/quotas/goals/nr_goals", slot);
    for (size_t i = 0; i < quota->limits.nr_goals; i++) {
        const struct damon_reclaim_goal *goal = &quota->goals[i];
        bool psi = goal->metric == DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US;

        drcl_put_text(put, damon_reclaim_goal_metric_name(goal->metric),
                      DRCL_DAMON_SCHEME "/quotas/goals/%zu/target_metric", slot, i);
        drcl_put(put, goal->target, DRCL_DAMON_SCHEME "/quotas/goals/%zu/target_value", slot, i);
        drcl_put(put, psi ? 0 : goal->current, DRCL_DAMON_SCHEME "/quotas/goals/%zu/current_value", slot, i);
    }
    put->what = "the tuner of a quota";
    drcl_put_optional_text(put, damon_reclaim_goal_tuner_name(quota->limits.tuner),
                           damon_reclaim_goal_tuner_name(DAMON_RECLAIM_TUNER_CONSIST),
                           DRCL_DAMON_SCHEME "/quotas/goal_tuner", slot);
}

/* The size that the goals have come to, where it is us who tune by them; 0: no limit. */
static uint64_t size_by_goals(const struct drcl_damon_slot *s, uint64_t sz)
{
    uint64_t goal = s->quota.goal_size;

    if (goal == DRCL_NO_LIMIT)
        return sz;
    if (!goal) /* the kernel does not accept an empty value */
        goal = 1;
    return sz && sz < goal ? sz : goal;
}

static void put_quota(struct drcl_put *put, struct drcl_damon_slot *s, const struct drcl_quota *quota, size_t slot)
{
    const struct damon_reclaim_quota *q = &quota->limits;

    s->own_goals = q->nr_goals && !drcl_damon_exists(put->env, DRCL_DAMON_SCHEME "/quotas/goals/nr_goals", slot);
    if (s->own_goals) {
        struct damon_reclaim_quota limits = *q;

        limits.goals = quota->goals;
        drcl_quota_set(&s->quota, &limits, quota->min_region_size);
    }
    put->what = "quota_ms";
    drcl_put(put, q->ms, DRCL_DAMON_SCHEME "/quotas/ms", slot);
    put->what = "quota_sz";
    drcl_put_most(put, s->own_goals ? size_by_goals(s, q->sz) : q->sz, DRCL_DAMON_SCHEME "/quotas/bytes", slot);
    put->what = "quota_reset_interval_ms";
    drcl_put(put, s->waits ? 1 : q->reset_interval_ms, DRCL_DAMON_SCHEME "/quotas/reset_interval_ms", slot);
    put->what = "fail_charge_num";
    drcl_put_optional(put, q->fail_charge_denom ? q->fail_charge_num : 0, 0,
                      DRCL_DAMON_SCHEME "/quotas/fail_charge_num", slot);
    drcl_put_optional(put, q->fail_charge_denom, 0, DRCL_DAMON_SCHEME "/quotas/fail_charge_denom", slot);
    put_weights(put, q, slot);
    if (!s->own_goals)
        put_goals(put, quota, slot);
}

static void put_watermarks(struct drcl_put *put, const struct damon_reclaim_watermarks *w, size_t slot)
{
    bool any = w->interval_us || w->high || w->mid || w->low;

    put->what = "the watermarks (wmarks_interval, wmarks_high, wmarks_mid, wmarks_low)";
    drcl_put_text(put, any ? "free_mem_rate" : "none", DRCL_DAMON_SCHEME "/watermarks/metric", slot);
    drcl_put(put, w->interval_us, DRCL_DAMON_SCHEME "/watermarks/interval_us", slot);
    drcl_put(put, w->high, DRCL_DAMON_SCHEME "/watermarks/high", slot);
    drcl_put(put, w->mid, DRCL_DAMON_SCHEME "/watermarks/mid", slot);
    drcl_put(put, w->low, DRCL_DAMON_SCHEME "/watermarks/low", slot);
}

/* Whether the kernel can keep to watermarks by itself. A scheme is there. */
static bool has_watermarks(struct drcl_env *env)
{
    static const char *const files[] = {"metric", "interval_us", "high", "mid", "low"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (!drcl_damon_exists(env, DRCL_DAMON_SCHEME "/watermarks/%s", (size_t)0, files[i]))
            return false;
    return true;
}

/*
 * A kernel may have no limit in the first window of a quota: it computes the limit when a window begins, and takes the
 * time at which it gets the quota for the beginning of one. Where such a window is longer than memory takes to become a
 * candidate, the scheme first waits: its window is short, and no region is old enough for it. As soon as the kernel has
 * begun a window (drcl_damon_first_windows_are_over()), it gets the interval and the age that were asked for.
 */
static bool must_wait(struct drcl_damon_slot *s, const struct drcl_scheme *scheme)
{
    const struct damon_reclaim_quota *q = &scheme->quota.limits;
    bool limited = q->ms || q->sz || q->nr_goals;
    bool waits = limited && !s->limits && q->reset_interval_ms * 1000 > scheme->config.min_age_us;

    s->limits = limited && !waits;
    return waits;
}

/* All of a scheme but its filters. @s is where what is written is remembered. */
static void put_scheme(struct drcl_put *put, struct drcl_damon *d, struct drcl_damon_slot *s,
                       const struct drcl_scheme *scheme, size_t slot)
{
    bool waits = s->scheme != DRCL_DAMON_MONITOR && must_wait(s, scheme);

    if (waits && !s->waits)
        d->first_window_ns = 0;
    s->waits = waits;
    s->min_age = scheme->min_age;
    s->watermarks = scheme->config.watermarks;
    put->what = "the action of a scheme";
    drcl_put_text(put, action_name(d, d->dry_run ? DAMON_RECLAIM_ACTION_STAT : scheme->config.action),
                  DRCL_DAMON_SCHEME "/action", slot);
    put_pattern(put, scheme, slot, waits);
    put_quota(put, s, &scheme->quota, slot);
    if (!d->own_watermarks)
        put_watermarks(put, &scheme->config.watermarks, slot);
}

/* Sees every region, or with @target those of this one alone, and touches none. It sleeps when the reclaim scheme does,
 * or the kernel would never come to rest; and it is the first, because the others set ages back. */
static void put_monitor(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d,
                        const struct drcl_view_target *target, size_t slot)
{
    struct drcl_scheme all = {.max_age = UINT32_MAX};
    struct damon_reclaim_filter only = {.type = DAMON_RECLAIM_FILTER_TARGET, .target = target ? target->id : 0};

    all.config.max_nr_accesses = UINT32_MAX;
    all.config.action = DAMON_RECLAIM_ACTION_STAT;
    all.config.watermarks = view->engine->schemes[DAMON_RECLAIM_SCHEME_RECLAIM]->config.watermarks;
    all.quota.limits.reset_interval_ms = 1000;
    d->slots[0].scheme = DRCL_DAMON_MONITOR;
    put_scheme(put, d, &d->slots[0], &all, slot);
    drcl_put_filters(put, view, &only, target != NULL, slot);
}

/* Whether the scheme is handed to the kernel. */
static bool is_wanted(const struct drcl_view *view, const struct drcl_damon *d, uint32_t id)
{
    const struct drcl_scheme *scheme = view->engine->schemes[id];

    return scheme->used && !scheme->removed && !d->monitor_only && (scheme->active || !d->own_watermarks);
}

/* Makes @n directories for schemes. */
static size_t make_slots(struct drcl_put *put, struct drcl_view *view, const struct drcl_damon *d)
{
    size_t n = d->monitor_only ? view->nr_targets : 1;

    for (uint32_t id = 0; id < view->engine->nr_schemes; id++)
        n += is_wanted(view, d, id);
    put->what = "schemes";
    drcl_put(put, n, DRCL_DAMON_CONTEXT "/schemes/nr_schemes");
    return n;
}

/* For the engine's schemes: what is seen, target by target. */
static void put_monitors(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d)
{
    size_t n = make_slots(put, view, d);

    for (size_t slot = 0; slot < n; slot++)
        put_monitor(put, view, d, n > 1 ? &view->targets[slot] : NULL, slot);
    d->nr_slots = 0; /* there is nothing to be read of them */
}

static void put_schemes(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d)
{
    size_t n = make_slots(put, view, d);

    if (!put->failed && !d->own_watermarks && !has_watermarks(d->env)) {
        d->own_watermarks = true;
        n = make_slots(put, view, d);
    }
    put_monitor(put, view, d, NULL, 0);
    for (uint32_t id = 0, slot = 1; id < view->engine->nr_schemes; id++) {
        if (!is_wanted(view, d, id))
            continue;
        d->slots[slot].scheme = id;
        put_scheme(put, d, &d->slots[slot], view->engine->schemes[id], slot);
        drcl_put_scheme_filters(put, view, d, view->engine->schemes[id], slot++);
    }
    for (size_t slot = n; slot < d->nr_slots; slot++) /* its counters begin anew when it comes back */
        memset(&d->slots[slot], 0, sizeof(d->slots[slot]));
    d->nr_slots = n;
}

int drcl_damon_write_tree(struct drcl_view *view, struct drcl_damon *d)
{
    struct drcl_put put = {.env = d->env, .failed = drcl_damon_list_exclusions(view, d)};

    d->operations = drcl_damon_operations(view, d);
    if (!put.failed && d->operations == DRCL_DAMON_PADDR)
        put.failed = drcl_ram_refresh(&d->memory, d->env);
    put.what = "a context";
    drcl_put(&put, 1, "0/contexts/nr_contexts");
    put_attrs(&put, view, d);
    put.what = "targets";
    drcl_put(&put, view->nr_targets, TARGETS "/nr_targets");
    for (size_t i = 0; i < view->nr_targets && !put.failed; i++)
        put_target(&put, view, d, i);
    if (d->monitor_only)
        put_monitors(&put, view, d);
    else
        put_schemes(&put, view, d);
    return put.failed;
}

bool drcl_damon_first_windows_are_over(struct drcl_damon *d, uint64_t now, bool working, uint64_t needed_ns)
{
    bool any = false;

    for (size_t slot = 0; slot < d->nr_slots; slot++)
        any |= d->slots[slot].waits;
    if (!any)
        return false;
    if (!working || !d->first_window_ns)
        d->first_window_ns = now + needed_ns;
    if (now < d->first_window_ns)
        return false;
    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        d->slots[slot].limits |= d->slots[slot].waits;
        d->slots[slot].waits = false;
    }
    return true;
}

int drcl_damon_write_goals(struct drcl_view *view, struct drcl_damon *d)
{
    struct drcl_put put = {.env = d->env};

    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        struct drcl_damon_slot *s = &d->slots[slot];

        if (s->scheme == DRCL_DAMON_MONITOR)
            continue;
        if (!s->own_goals)
            put_goals(&put, &view->engine->schemes[s->scheme]->quota, slot);
        else
            memcpy(s->quota.goals, view->engine->schemes[s->scheme]->quota.goals, sizeof(s->quota.goals));
    }
    return put.failed;
}
