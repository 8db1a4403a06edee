/* SPDX-License-Identifier: MIT */
/* Sampling, aging, merging, splitting: `Documentation/mm/damon/design.rst` of the kernel, "Region Based Sampling" and
 * "Adaptive Regions Adjustment". Each pass streams through flat arrays; none allocates in a steady state. */
#include "engine/engine.h"

#include <string.h>

#include "base/env.h"

void drcl_monitor_check(struct drcl_engine *engine)
{
    uint32_t *restrict nr_accesses = engine->regions.nr_accesses;
    const uint8_t *restrict accessed = engine->accessed;

    for (size_t i = 0; i < engine->nr_targets; i++) {
        struct drcl_target *target = &engine->targets[i];
        uint8_t *hits = engine->accessed + target->first;

        if (!target->n)
            continue;
        if (target->removed)
            memset(hits, 0, target->n);
        else if (!target->prepared ||
                 !drcl_engine_went_well(
                     engine, target,
                     engine->ops->check(engine->backend, target->id, engine->sample + target->first, target->n, hits)))
            memset(hits, 1, target->n); /* nothing is cold without evidence */
    }
    for (size_t i = 0; i < engine->regions.n; i++)
        nr_accesses[i] += accessed[i] != 0;
}

static void draw_addresses(struct drcl_engine *engine)
{
    const uint64_t *restrict start = engine->regions.start;
    const uint64_t *restrict end = engine->regions.end;
    uint64_t *restrict sample = engine->sample;
    uint32_t shift = (uint32_t)__builtin_ctzll(engine->unit);
    struct drcl_random random = engine->random;
    uint64_t bits = 0;

    for (size_t i = 0; i < engine->regions.n; i++) {
        uint64_t units = (end[i] - start[i]) >> shift;

        /* Half of the bits are enough for all but the largest regions, so each number is good for two. */
        bits = i & 1 ? bits << 32 : drcl_random64(&random);
        sample[i] = start[i] + (drcl_scale(units > UINT32_MAX ? drcl_random64(&random) : bits, units) << shift);
    }
    engine->random = random;
}

void drcl_monitor_prepare(struct drcl_engine *engine)
{
    drcl_free(engine->env, engine->held_sample);
    engine->held_sample = NULL;
    draw_addresses(engine);
    for (size_t i = 0; i < engine->nr_targets; i++) {
        struct drcl_target *target = &engine->targets[i];

        if (!target->n || target->removed)
            continue;
        target->prepared = drcl_engine_went_well(
            engine, target,
            engine->ops->prepare(engine->backend, target->id, engine->sample + target->first, target->n));
    }
}

static uint32_t max_nr_accesses(const struct drcl_regions *regions)
{
    uint32_t most = 0;

    for (size_t i = 0; i < regions->n; i++)
        most = regions->nr_accesses[i] > most ? regions->nr_accesses[i] : most;
    return most;
}

/* Age counts once an aggregation, before anything is merged. An access also ends the mark. */
static void update_ages(struct drcl_regions *regions, uint32_t threshold)
{
    const uint32_t *restrict nr_accesses = regions->nr_accesses;
    const uint32_t *restrict last_nr_accesses = regions->last_nr_accesses;
    uint32_t *restrict age = regions->age;
    uint32_t *restrict marked = regions->marked;

    for (size_t i = 0; i < regions->n; i++) {
        uint32_t nr = nr_accesses[i], last = last_nr_accesses[i];
        uint32_t difference = nr > last ? nr - last : last - nr;
        bool changed = (difference > threshold) | ((nr == 0) != (last == 0));

        age[i] = changed ? 0 : age[i] + (age[i] < INT32_MAX);
        marked[i] = nr ? 0 : marked[i];
    }
}

struct merge {
    uint32_t threshold; /* greatest difference of nr_accesses */
    uint64_t limit;     /* greatest size */
    bool by_mark;       /* keep idle memory whose pages are marked apart from idle memory whose pages are not */
};

static inline bool mergeable(const struct merge *how, const struct drcl_region *a, const struct drcl_region *b)
{
    uint32_t difference =
        a->nr_accesses > b->nr_accesses ? a->nr_accesses - b->nr_accesses : b->nr_accesses - a->nr_accesses;

    return a->end == b->start && difference <= how->threshold && b->end - a->start <= how->limit &&
           !(how->by_mark && (a->marked == 0) != (b->marked == 0));
}

static inline void merge_into(struct drcl_region *a, const struct drcl_region *b)
{
    uint64_t size_a = a->end - a->start, size_b = b->end - b->start;

    a->nr_accesses = drcl_weighted(a->nr_accesses, size_a, b->nr_accesses, size_b);
    a->last_nr_accesses = drcl_weighted(a->last_nr_accesses, size_a, b->last_nr_accesses, size_b);
    a->age = drcl_weighted(a->age, size_a, b->age, size_b);
    a->marked = drcl_later_mark(a->marked, b->marked);
    a->end = b->end;
}

/* One pass over all targets. Never makes more regions, so there is room. */
static void merge_pass(struct drcl_engine *engine, const struct merge *how)
{
    const struct drcl_regions *in = &engine->regions;
    struct drcl_regions *out = &engine->spare;

    out->n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = out->n, end = target->first + target->n;
        struct drcl_region last;

        if (target->n) {
            last = drcl_regions_get(in, target->first);
            for (size_t i = target->first + 1; i < end; i++) {
                struct drcl_region next = drcl_regions_get(in, i);

                if (mergeable(how, &last, &next)) {
                    merge_into(&last, &next);
                } else {
                    drcl_regions_put(out, out->n++, last);
                    last = next;
                }
            }
            drcl_regions_put(out, out->n++, last);
        }
        target->first = first;
        target->n = out->n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}

/* The greatest size of a region, before it is rounded. */
static uint64_t share_of_total(const struct drcl_engine *engine)
{
    return engine->total / (engine->attrs.min_nr_regions ? engine->attrs.min_nr_regions : 1);
}

uint64_t drcl_monitor_grain(const struct drcl_engine *engine)
{
    uint64_t huge = engine->by_page ? engine->ops->huge_size : 0;

    return huge > engine->unit && huge <= share_of_total(engine) ? huge : engine->unit;
}

uint64_t drcl_monitor_size_limit(const struct drcl_engine *engine)
{
    uint64_t limit = share_of_total(engine) & ~(drcl_monitor_grain(engine) - 1);

    return limit > engine->unit ? limit : engine->unit;
}

/* How many regions there would be if none were larger than the limit. */
static size_t count_pieces(const struct drcl_regions *regions, uint64_t limit)
{
    size_t n = 0;

    for (size_t i = 0; i < regions->n; i++)
        if (regions->end[i] - regions->start[i] > limit)
            n += (size_t)((regions->end[i] - regions->start[i] - 1) / limit);
    return regions->n + n;
}

void drcl_monitor_cut_large(struct drcl_engine *engine)
{
    uint64_t limit = drcl_monitor_size_limit(engine);
    size_t pieces = count_pieces(&engine->regions, limit);

    /* Without memory for it the regions stay large for now, which is less exact and no error. */
    if (pieces == engine->regions.n || drcl_engine_reserve_regions(engine, pieces) < 0)
        return;
    engine->spare.n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = engine->spare.n;

        for (size_t i = target->first; i < target->first + target->n; i++) {
            struct drcl_region r = drcl_regions_get(&engine->regions, i), piece = r;

            for (; r.end - piece.start > limit; piece.start = piece.end) {
                piece.end = piece.start + limit;
                drcl_regions_put(&engine->spare, engine->spare.n++, piece);
            }
            piece.end = r.end;
            drcl_regions_put(&engine->spare, engine->spare.n++, piece);
        }
        target->first = first;
        target->n = engine->spare.n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}

void drcl_monitor_age_and_merge(struct drcl_engine *engine)
{
    struct merge how = {
        .threshold = max_nr_accesses(&engine->regions) / 10,
        .limit = drcl_monitor_size_limit(engine),
        .by_mark = engine->marks,
    };

    update_ages(&engine->regions, how.threshold);
    for (;;) {
        merge_pass(engine, &how);
        if (engine->regions.n <= engine->attrs.max_nr_regions || how.threshold >= engine->samples)
            break;
        how.threshold = how.threshold ? 2 * how.threshold : 1;
        how.by_mark = false;
    }
    drcl_monitor_cut_large(engine);
    drcl_huge_keep_whole(engine);
}

/* How many pieces a region is cut into: in every @stride'th region only, 0 for none. */
struct split {
    size_t stride;
    unsigned int pieces;
};

static struct split how_to_split(const struct drcl_engine *engine)
{
    size_t n = engine->regions.n, most = engine->attrs.max_nr_regions;

    if (n >= most)
        return (struct split){0, 1};
    if (n > most / 2)
        return (struct split){most / (most - n), 2};
    return (struct split){1, n == engine->last_n && n < most / 3 ? 3 : 2};
}

/* Where to cut, at a random tenth; the region's start if a part would be empty. */
static inline uint64_t cut_at(struct drcl_engine *engine, const struct drcl_region *r)
{
    uint64_t size = r->end - r->start;
    uint64_t tenths = 1 + drcl_scale(drcl_random64(&engine->random), 9);

    if (size <= 2 * engine->unit)
        return r->start;
    return r->start + ((size / 10 * tenths + size % 10 * tenths / 10) & ~(engine->unit - 1));
}

/* The aggregation ends here: its counters become the last ones, and the regions are split for the next one. */
void drcl_monitor_split(struct drcl_engine *engine)
{
    struct split split = how_to_split(engine);
    struct drcl_regions *out = &engine->spare;
    size_t until_next = split.stride;

    engine->last_n = engine->regions.n;
    if (split.stride && drcl_engine_reserve_regions(
                            engine, engine->regions.n + (split.pieces - 1) * (engine->regions.n / split.stride)) < 0)
        split.stride = until_next = 0; /* no memory: not split this time */
    out->n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = out->n, end = target->first + target->n;

        for (size_t i = target->first; i < end; i++) {
            struct drcl_region r = drcl_regions_get(&engine->regions, i);

            r.last_nr_accesses = r.nr_accesses;
            r.nr_accesses = 0;
            if (until_next && --until_next == 0) {
                until_next = split.stride;
                for (unsigned int p = 1; p < split.pieces; p++) {
                    struct drcl_region front = r;

                    front.end = cut_at(engine, &r);
                    if (front.end > front.start) {
                        drcl_regions_put(out, out->n++, front);
                        r.start = front.end;
                    }
                }
            }
            drcl_regions_put(out, out->n++, r);
        }
        target->first = first;
        target->n = out->n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}
