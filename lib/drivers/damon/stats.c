/* SPDX-License-Identifier: MIT */
/*
 * Counters, back from the kernel. Its counters begin anew with each kdamond; what a slot has counted since it was read
 * last is added to the scheme that it stands for.
 */

#include "drivers/damon/stats.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/awake.h"
#include "drivers/damon/command.h"
#include "drivers/damon/sysfs.h"
#include "engine/attrs.h"
#include "sys/process.h"

/* What was counted since @last, which may have begun anew. */
static uint64_t grown(uint64_t *last, uint64_t now)
{
    uint64_t by = now >= *last ? now - *last : now;

    *last = now;
    return by;
}

struct counters {
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, sz_passed, exceeds;
};

static int read_counters(struct drcl_env *env, size_t slot, struct counters *ret)
{
    struct counters c = {0};
    int r = drcl_damon_read_u64(env, &c.nr_tried, DRCL_DAMON_SCHEME "/stats/nr_tried", slot);

    if (r == 0)
        r = drcl_damon_read_u64(env, &c.sz_tried, DRCL_DAMON_SCHEME "/stats/sz_tried", slot);
    if (r == 0)
        r = drcl_damon_read_u64(env, &c.nr_applied, DRCL_DAMON_SCHEME "/stats/nr_applied", slot);
    if (r == 0)
        r = drcl_damon_read_u64(env, &c.sz_applied, DRCL_DAMON_SCHEME "/stats/sz_applied", slot);
    if (r == 0)
        r = drcl_damon_read_u64(env, &c.exceeds, DRCL_DAMON_SCHEME "/stats/qt_exceeds", slot);
    if (r == 0) {
        r = drcl_damon_read_u64(env, &c.sz_passed, DRCL_DAMON_SCHEME "/stats/sz_ops_filter_passed", slot);
        r = r == -ENOENT ? 0 : r; /* an older kernel does not tell */
    }
    if (r == 0)
        *ret = c;
    return r;
}

static int read_slot(struct drcl_view *view, struct drcl_damon *d, size_t slot)
{
    struct drcl_damon_slot *s = &d->slots[slot];
    struct damon_reclaim_scheme_stats none = {0}, *stats = &none;
    struct counters c = {0};
    uint64_t by;
    int r = read_counters(d->env, slot, &c);

    if (r < 0)
        return r;
    if (s->scheme == DRCL_DAMON_MONITOR)
        d->seen_working = c.nr_tried > s->nr_tried;
    else
        stats = &view->engine->schemes[s->scheme]->stats;
    stats->nr_tried += grown(&s->nr_tried, c.nr_tried);
    stats->sz_tried += grown(&s->sz_tried, c.sz_tried);
    if (!d->dry_run) { /* else the scheme has nothing but counted */
        stats->nr_applied += grown(&s->nr_applied, c.nr_applied);
        stats->sz_applied += grown(&s->sz_applied, c.sz_applied);
    }
    stats->sz_filter_passed += grown(&s->sz_passed, c.sz_passed);
    by = grown(&s->exceeds, c.exceeds);
    if (s->scheme != DRCL_DAMON_MONITOR)
        view->engine->schemes[s->scheme]->quota.exceeds += by;
    return 0;
}

bool drcl_damon_has_quota(const struct drcl_view *view, const struct drcl_damon *d)
{
    for (size_t slot = 0; slot < d->nr_slots; slot++)
        if (d->slots[slot].scheme != DRCL_DAMON_MONITOR &&
            drcl_quota_limited(&view->engine->schemes[d->slots[slot].scheme]->quota))
            return true;
    return false;
}

void drcl_damon_read_effective(struct drcl_view *view, struct drcl_damon *d)
{
    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        struct drcl_quota *quota;
        uint64_t bytes;

        if (d->slots[slot].scheme == DRCL_DAMON_MONITOR)
            continue;
        quota = &view->engine->schemes[d->slots[slot].scheme]->quota;
        if (!drcl_quota_limited(quota))
            quota->effective = DRCL_NO_LIMIT;
        else if (drcl_damon_read_u64(d->env, &bytes, DRCL_DAMON_SCHEME "/quotas/effective_bytes", slot) == 0)
            quota->effective = bytes;
    }
}

/* CPU time of the kernel's thread. */
static void read_cpu(struct drcl_view *view, struct drcl_damon *d)
{
    uint64_t ns;

    if (drcl_process_cpu_ns(d->env, d->kdamond, &ns) == 0)
        view->monitor_cpu_ns += grown(&d->cpu_ns, ns);
}

void drcl_damon_ask_for_stats(struct drcl_damon *d)
{
    if (!d->refreshes || d->stale_stats)
        drcl_damon_begin(d, "update_schemes_stats");
}

int drcl_damon_read_stats(struct drcl_view *view, struct drcl_damon *d)
{
    int r = 0;

    for (size_t slot = 0; r == 0 && slot < d->nr_slots; slot++)
        r = read_slot(view, d, slot);
    if (r < 0)
        return r;
    d->stale_stats = false;
    read_cpu(view, d);
    return 0;
}

void drcl_damon_read_last_stats(struct drcl_view *view, struct drcl_damon *d)
{
    uint64_t soon_us = 2 * view->engine->attrs.aggr_us;

    /* One that may be asleep by now is asked as well where that can be given up. */
    if (!drcl_damon_is_working(view, d) &&
        !(d->thread == DRCL_DAMON_RUNNING && view->state == DAMON_RECLAIM_STATE_ACTIVE && d->command.writer))
        return;
    if (!drcl_damon_settle(d, soon_us))
        return;
    drcl_damon_begin(d, "update_schemes_stats");
    if (drcl_damon_settle(d, soon_us) && drcl_damon_result(d) == 0)
        drcl_damon_read_stats(view, d);
}

void drcl_damon_reset_stats(struct drcl_damon *d)
{
    for (size_t slot = 0; slot < d->nr_slots; slot++) {
        struct drcl_damon_slot *s = &d->slots[slot];

        s->nr_tried = s->sz_tried = s->nr_applied = s->sz_applied = s->sz_passed = s->exceeds = 0;
    }
    d->cpu_ns = 0;
    d->seen_working = false;
}

void drcl_damon_read_intervals(struct drcl_view *view, struct drcl_damon *d)
{
    struct drcl_attrs attrs = view->engine->attrs;

    if (drcl_damon_read_u64(d->env, &attrs.sample_us, DRCL_DAMON_CONTEXT "/monitoring_attrs/intervals/sample_us") < 0 ||
        drcl_damon_read_u64(d->env, &attrs.aggr_us, DRCL_DAMON_CONTEXT "/monitoring_attrs/intervals/aggr_us") < 0)
        return;
    if (!attrs.sample_us || attrs.aggr_us < attrs.sample_us ||
        (attrs.sample_us == view->engine->attrs.sample_us && attrs.aggr_us == view->engine->attrs.aggr_us))
        return;
    drcl_engine_set_attrs(view->engine, &attrs);
}
