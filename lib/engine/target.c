/* SPDX-License-Identifier: MIT */
#include "engine/target.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/grow.h"
#include "engine/errors.h"
#include "engine/pass.h"
#include "engine/split.h"

/* How often a backend is asked for its ranges again; the kernel's DAMON does the same as often. */
#define UPDATE_INTERVAL_NS DRCL_NS_PER_S

struct drcl_target *drcl_engine_find_target(struct drcl_engine *engine, uint32_t id)
{
    for (size_t i = 0; i < engine->nr_targets; i++)
        if (engine->targets[i].id == id && !engine->targets[i].removed)
            return &engine->targets[i];
    return NULL;
}

/* A copy of @n ranges; NULL for none. */
static int copy_ranges(struct drcl_env *env, const struct damon_reclaim_range *ranges, size_t n,
                       struct damon_reclaim_range **ret_copy)
{
    struct damon_reclaim_range *copy = NULL;

    if (n) {
        copy = drcl_realloc_array(env, NULL, n, sizeof(*copy));
        if (!copy)
            return -ENOMEM;
        memcpy(copy, ranges, n * sizeof(*copy));
    }
    *ret_copy = copy;
    return 0;
}

int drcl_engine_add_target(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n)
{
    struct drcl_target *target;
    struct damon_reclaim_range *copy;

    if (drcl_grow(engine->env, &engine->targets, &engine->targets_cap, engine->nr_targets + 1,
                  sizeof(*engine->targets)) < 0)
        return -ENOMEM;
    if (copy_ranges(engine->env, ranges, n, &copy) < 0)
        return -ENOMEM;
    target = &engine->targets[engine->nr_targets++];
    *target = (struct drcl_target){
        .id = id, .fixed = n > 0, .stale = true, .ranges = copy, .nr_ranges = n, .first = engine->regions.n};
    return 0;
}

int drcl_engine_set_ranges(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n)
{
    struct drcl_target *target = drcl_engine_find_target(engine, id);
    struct damon_reclaim_range *copy;

    if (!target)
        return -ENOENT;
    if (copy_ranges(engine->env, ranges, n, &copy) < 0)
        return -ENOMEM;
    drcl_free(engine->env, target->ranges);
    target->ranges = copy;
    target->nr_ranges = n;
    target->fixed = n > 0;
    target->stale = true;
    return 0;
}

bool drcl_engine_remove_target(struct drcl_engine *engine, uint32_t id)
{
    struct drcl_target *target = drcl_engine_find_target(engine, id);

    if (!target)
        return false;
    target->removed = true;
    return true;
}

/* Keeps the regions of a target, unless the target is removed. */
static void keep_regions(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                         void *data)
{
    if (!target->removed)
        drcl_pass_copy(engine, target, out, data);
}

/* Drops removed targets and their regions. */
static void drop_removed(struct drcl_engine *engine)
{
    size_t kept = 0;

    drcl_pass(engine, keep_regions, NULL);
    for (size_t i = 0; i < engine->nr_targets; i++) {
        if (engine->targets[i].removed)
            drcl_free(engine->env, engine->targets[i].ranges);
        else
            engine->targets[kept++] = engine->targets[i];
    }
    engine->nr_targets = kept;
    drcl_engine_count_total(engine);
}

/*
 * Makes the regions of a range out of the target's old ones: what they cover of it stays as they are, the first and the
 * last are stretched to the bounds of the range, and holes between them become new regions. Without old ones the whole
 * range is a new region.
 */
static void fill_range(struct drcl_engine *engine, const struct drcl_target *target, struct damon_reclaim_range range,
                       struct drcl_regions *out)
{
    uint64_t at = range.start;
    size_t begin = out->n;

    for (size_t i = target->first; i < target->first + target->n; i++) {
        struct drcl_region r = drcl_regions_get(&engine->regions, i);

        if (r.end <= range.start || r.start >= range.end)
            continue;
        if (r.start < range.start || out->n == begin)
            r.start = range.start;
        if (r.end > range.end)
            r.end = range.end;
        if (r.start > at)
            drcl_regions_append(out, (struct drcl_region){.start = at, .end = r.start});
        drcl_regions_append(out, r);
        at = r.end;
    }
    if (out->n > begin)
        out->end[out->n - 1] = range.end;
    else
        drcl_regions_append(out, (struct drcl_region){.start = range.start, .end = range.end});
}

/* Lays the regions of the target @data out anew, by its ranges; those of the other targets stay. */
static void lay_out(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out, void *data)
{
    uint64_t mask = engine->min_region_size - 1;

    if (target != data) {
        drcl_pass_copy(engine, target, out, NULL);
        return;
    }
    for (size_t i = 0; i < target->nr_ranges; i++) {
        /* Inwards: nothing outside of the ranges is ever touched. */
        struct damon_reclaim_range range = {.start = (target->ranges[i].start + mask) & ~mask,
                                            .end = target->ranges[i].end & ~mask};

        if (range.start < range.end && range.start >= target->ranges[i].start)
            fill_range(engine, target, range, out);
    }
}

/* Asks the backend for the ranges of a target, and puts them into range_buf. Returns their number or a negative errno.
 */
static ssize_t ask_ranges(struct drcl_engine *engine, uint32_t id)
{
    for (;;) {
        size_t n = 0;
        int r = engine->ops->ranges(engine->backend, id, engine->range_buf, engine->range_cap, &n);

        if (r < 0)
            return r;
        if (n <= engine->range_cap)
            return (ssize_t)n;
        if (drcl_grow(engine->env, &engine->range_buf, &engine->range_cap, n, sizeof(*engine->range_buf)) < 0)
            return -ENOMEM;
    }
}

/* Whether the @n ranges in range_buf are what the backend may return: @n, or -EINVAL with a text. */
static ssize_t check_ranges(struct drcl_engine *engine, uint32_t id, ssize_t n)
{
    const struct damon_reclaim_range *ranges = engine->range_buf;

    for (ssize_t i = 0; i < n; i++) {
        bool apart = i == 0 || ranges[i].start >= ranges[i - 1].end;

        if (apart && ranges[i].start <= ranges[i].end)
            continue;
        engine->explained = true;
        return drcl_error(engine->env, -EINVAL, "backend %s: ranges[%zd] of target %u, 0x%llx-0x%llx, %s",
                          engine->ops->name, i, id, (unsigned long long)ranges[i].start,
                          (unsigned long long)ranges[i].end,
                          apart ? "ends before it begins" : "begins inside or before the previous range");
    }
    return n;
}

/* Brings the target's ranges up to date. Returns whether they changed. */
static bool refresh_ranges(struct drcl_engine *engine, struct drcl_target *target)
{
    ssize_t n;

    if (target->fixed)
        return target->stale;
    n = check_ranges(engine, target->id, ask_ranges(engine, target->id));
    if (!drcl_engine_take_result(engine, target, (int)n))
        return false;
    if (!target->stale && (size_t)n == target->nr_ranges &&
        (!n || !memcmp(target->ranges, engine->range_buf, (size_t)n * sizeof(*target->ranges))))
        return false;
    if ((size_t)n != target->nr_ranges || !target->ranges) {
        struct damon_reclaim_range *ranges =
            drcl_realloc_array(engine->env, target->ranges, (size_t)n, sizeof(*ranges));

        if (!ranges)
            return false; /* the next update tries again */
        target->ranges = ranges;
        target->nr_ranges = (size_t)n;
    }
    if (n)
        memcpy(target->ranges, engine->range_buf, (size_t)n * sizeof(*target->ranges));
    return true;
}

void drcl_engine_update_targets(struct drcl_engine *engine)
{
    uint64_t now = engine->host.now(engine->host.data);
    bool changed = false, removed = false;

    for (size_t i = 0; i < engine->nr_targets && !engine->halt; i++) {
        struct drcl_target *target = &engine->targets[i];

        if (!target->removed && (target->stale || (!target->fixed && now >= target->next_update_ns))) {
            target->next_update_ns = now + UPDATE_INTERVAL_NS;
            if (!refresh_ranges(engine, target))
                continue;
            /* At worst each range adds a region, and each hole between two old ones. */
            target->stale = drcl_engine_reserve_regions(engine, engine->regions.n + target->n + target->nr_ranges) < 0;
            if (!target->stale) {
                drcl_pass(engine, lay_out, target);
                drcl_engine_count_total(engine);
                target->prepared = false;
                changed = true;
            }
        }
    }
    if (changed)
        drcl_split_large(engine);
    for (size_t i = 0; i < engine->nr_targets; i++) {
        removed = removed || engine->targets[i].removed;
        if (engine->targets[i].vanished)
            engine->host.vanished(engine->host.data, engine->targets[i].id);
    }
    if (removed)
        drop_removed(engine);
}
