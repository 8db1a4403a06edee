/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has seen becomes the engine's regions, and its schemes act on them. The kernel knows nothing of what
 * they did: memory that was dealt with is as old to it as before. So each region is laid over those that were here, and
 * what those know (when they were dealt with, which are marked) stays, cut out where it differs.
 */

#include "drivers/damon/snapshot.h"

#include "drivers/damon/kdamond.h"
#include "drivers/damon/regions.h"
#include "engine/engine.h"
#include "engine/errors.h"
#include "engine/filter.h"
#include "engine/huge.h"
#include "engine/pass.h"

#define NS_PER_US     UINT64_C(1000)
#define NEVER         UINT64_MAX
#define AGE_TOLERANCE 4 /* neighbours are one region if their ages differ by less than this part */

/* Puts a piece behind the others; to the last one, if it is much the same or there is no room for more. */
static void put_piece(struct drcl_engine *engine, struct drcl_region piece, size_t first)
{
    size_t most = drcl_engine_max_regions(engine);
    struct drcl_regions *out = &engine->spare;
    struct drcl_region last;
    uint32_t difference;

    if (out->n > first) {
        last = drcl_regions_get(out, out->n - 1);
        difference = last.age > piece.age ? last.age - piece.age : piece.age - last.age;
        if (out->n >= most || ((last.marked == 0) == (piece.marked == 0) && difference <= piece.age / AGE_TOLERANCE)) {
            last.age = drcl_weighted(last.age, last.end - last.start, piece.age, piece.end - piece.start);
            last.marked = drcl_later_mark(last.marked, piece.marked);
            last.end = piece.end;
            drcl_regions_put(out, out->n - 1, last);
            return;
        }
    }
    drcl_regions_put(out, out->n++, piece);
}

/* Lays one region of the kernel's over the target's old ones, of which those before *@at end before it. */
static void lay_over(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_region region,
                     size_t *at, uint64_t elapsed)
{
    const struct drcl_regions *old = &engine->regions;
    size_t first = engine->spare.n, end = target->first + target->n;

    while (*at < end && old->end[*at] <= region.start)
        ++*at;
    for (size_t i = *at; region.start < region.end; i++) {
        struct drcl_region piece = region;

        if (i < end && old->start[i] <= region.start) {
            uint64_t age = old->age[i] + elapsed;

            piece.end = old->end[i] < region.end ? old->end[i] : region.end;
            piece.age = age < region.age ? (uint32_t)age : region.age;
            piece.marked = region.nr_accesses ? 0 : old->marked[i];
        } else if (i < end && old->start[i] < region.end) { /* a hole in front of number i */
            piece.end = old->start[i];
            i--;
        }
        put_piece(engine, piece, first);
        region.start = piece.end;
    }
}

/* The regions that were read of the target, if they are those of this target. */
static size_t regions_of(const struct drcl_view *view, const struct drcl_damon *d, uint32_t id, size_t *ret_first)
{
    for (size_t i = 0; i < view->nr_targets; i++) {
        if (view->targets[i].id != id)
            continue;
        *ret_first = d->written[i].first;
        return (i + 1 < d->nr_written ? d->written[i + 1].first : d->nr_regions) - *ret_first;
    }
    return 0;
}

/* What the pass needs besides the engine. */
struct snapshot {
    const struct drcl_view *view;
    const struct drcl_damon *d;
    uint64_t elapsed; /* aggregations since the last one */
};

/* Makes the regions of a target out of what the kernel has seen of it. */
static void lay_target_out(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                           void *data)
{
    const struct snapshot *snapshot = data;
    size_t first = out->n, at = target->first, from = 0;
    size_t n = regions_of(snapshot->view, snapshot->d, target->id, &from);

    for (size_t i = from; i < from + n; i++)
        lay_over(engine, target, snapshot->d->regions[i], &at, snapshot->elapsed);
    drcl_huge_keep_whole_in(out, first, engine->ops->huge_size);
}

static int lay_out(struct drcl_view *view, struct drcl_damon *d, uint64_t elapsed)
{
    struct drcl_engine *engine = view->engine;
    struct snapshot snapshot = {.view = view, .d = d, .elapsed = elapsed};
    size_t most = d->nr_regions + 2 * engine->regions.n; /* each old one makes a piece, and a hole in front of it */

    if (drcl_engine_reserve_regions(engine, most) < 0)
        return -1;
    drcl_pass(engine, lay_target_out, &snapshot);
    drcl_engine_count_total(engine);
    return 0;
}

/* When the scheme has its turn again: with a window that has room, and after its interval. */
static uint64_t next_turn(const struct drcl_scheme *scheme, uint64_t now)
{
    uint64_t room = drcl_quota_next(&scheme->quota, now), us = scheme->config.apply_interval_us;
    uint64_t turn = us < (NEVER - now) / NS_PER_US ? now + us * NS_PER_US : NEVER;

    return turn > room ? turn : room;
}

/* When a scheme goes on that has stopped for its quota or its time. */
static uint64_t next_act(const struct drcl_view *view, uint64_t now)
{
    uint64_t next = NEVER;

    for (size_t i = 0; i < view->engine->nr_schemes; i++) {
        const struct drcl_scheme *scheme = view->engine->schemes[i];

        if (scheme->used && scheme->active && scheme->quota.resume && next_turn(scheme, now) < next)
            next = next_turn(scheme, now);
    }
    return next;
}

/* The youngest that memory is when a scheme acts on it. */
static uint64_t least_age_ns(const struct drcl_view *view)
{
    uint64_t us = UINT64_MAX / NS_PER_US;

    for (size_t i = 0; i < view->engine->nr_schemes; i++)
        if (view->engine->schemes[i]->used && view->engine->schemes[i]->config.min_age_us < us)
            us = view->engine->schemes[i]->config.min_age_us;
    return us * NS_PER_US;
}

/* As seldom as keeps the cost low, and often enough for the age that counts. */
static uint64_t pause(const struct drcl_view *view, const struct drcl_damon *d)
{
    uint64_t ns = drcl_damon_affordable_pause(d), most = least_age_ns(view) / 4;

    ns = ns < most ? ns : most;
    return ns > DRCL_DAMON_POLL_NS ? ns : DRCL_DAMON_POLL_NS / 2; /* with the next poll */
}

/* Lets the schemes act; @aggregations: so many have gone since they did last, 0 for another round on the same regions.
 * If something is left to do, that goes on with these regions until they are out of date, and with new ones then. */
static int act(struct drcl_view *view, struct drcl_damon *d, uint64_t aggregations)
{
    struct drcl_engine *engine = view->engine;
    uint64_t now;
    int r;

    engine->halt = view->stopping;
    drcl_engine_observed(engine, aggregations);
    r = drcl_engine_take_error(engine);
    now = drcl_view_now(view);
    d->next_act_ns = next_act(view, now);
    d->acting = r == 0 && !engine->halt && d->next_act_ns < d->snapshot_ns + DRCL_DAMON_POLL_NS;
    if (!d->reading) {
        d->next_regions_ns = now + pause(view, d);
        if (d->next_act_ns < d->next_regions_ns)
            d->next_regions_ns = d->next_act_ns;
    }
    return r;
}

int drcl_damon_act(struct drcl_view *view, struct drcl_damon *d)
{
    uint64_t now = drcl_view_now(view), aggr_ns = view->engine->attrs.aggr_us * NS_PER_US;
    uint64_t n = d->snapshot_ns && aggr_ns ? (now - d->snapshot_ns) / aggr_ns : 0;

    if (d->nr_written != view->nr_targets || !drcl_damon_only_grown(view, d) || lay_out(view, d, n) < 0)
        return 0; /* the next time */
    d->snapshot_ns = now;
    return act(view, d, n ? n : 1);
}

int drcl_damon_act_again(struct drcl_view *view, struct drcl_damon *d)
{
    return act(view, d, 0);
}
