/* SPDX-License-Identifier: MIT */
#include "engine/split.h"

#include "base/arith.h"
#include "engine/huge.h"
#include "engine/pass.h"

/* --- by size -------------------------------------------------------------------------------------------------- */

uint64_t drcl_split_size_limit(const struct drcl_engine *engine)
{
    uint64_t limit = drcl_engine_even_size(engine) & ~(drcl_huge_grain(engine) - 1);

    return limit > engine->min_region_size ? limit : engine->min_region_size;
}

/* Into how many pieces of at most @limit a region is split. */
static inline size_t nr_pieces(uint64_t size, uint64_t limit)
{
    return size > limit ? (size_t)((size - 1) / limit) + 1 : 1;
}

/* How many regions there are when none is larger than @limit. */
static size_t count_pieces(const struct drcl_regions *regions, uint64_t limit)
{
    size_t n = 0;

    for (size_t i = 0; i < regions->n; i++)
        n += nr_pieces(regions->end[i] - regions->start[i], limit);
    return n;
}

struct split_large {
    uint64_t limit; /* pieces are not larger */
    uint64_t finer; /* the next smaller size, for the first pieces */
    size_t room;    /* so many pieces more may come of that */
};

/* The limit with which there are not more than @most regions. What is left of these goes to the first pieces. */
static struct split_large fit(const struct drcl_engine *engine, uint64_t limit, size_t most)
{
    uint64_t grain = drcl_huge_grain(engine);
    uint64_t low = limit / grain, high = engine->total / grain + 1; /* in grains: too many, and not */

    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;

        if (count_pieces(&engine->regions, mid * grain) > most)
            low = mid;
        else
            high = mid;
    }
    return (struct split_large){
        .limit = high * grain,
        .finer = low * grain,
        .room = most - count_pieces(&engine->regions, high * grain),
    };
}

/* The size of the next piece of @size bytes that are to be split. */
static uint64_t next_piece(struct split_large *how, uint64_t size)
{
    if (!how->room || size <= how->finer)
        return how->limit;
    how->room -= 1 + nr_pieces(size - how->finer, how->limit) - nr_pieces(size, how->limit);
    return how->finer;
}

static void split_large(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                        void *data)
{
    struct split_large how = *(struct split_large *)data;

    for (size_t i = target->first; i < target->first + target->n; i++) {
        struct drcl_region r = drcl_regions_get(&engine->regions, i), piece = r;
        uint64_t size = next_piece(&how, r.end - r.start);

        for (; r.end - piece.start > size; size = next_piece(&how, r.end - piece.start)) {
            piece.end = piece.start + size;
            drcl_regions_append(out, piece);
            piece.start = piece.end;
        }
        piece.end = r.end;
        drcl_regions_append(out, piece);
    }
    *(struct split_large *)data = how;
}

void drcl_split_large(struct drcl_engine *engine)
{
    size_t n = engine->regions.n, most = drcl_engine_max_regions(engine);
    struct split_large how = {.limit = drcl_split_size_limit(engine)};
    size_t pieces = count_pieces(&engine->regions, how.limit);

    if (pieces > most && n <= most) {
        how = fit(engine, how.limit, most);
        pieces = most;
    }
    /* Without memory for it the regions stay large for now, which is less exact and no error. */
    if (pieces > n && n <= most && drcl_engine_reserve_regions(engine, pieces) == 0)
        drcl_pass(engine, split_large, &how);
}

/* --- at random ------------------------------------------------------------------------------------------------ */

struct split {
    size_t stride;       /* of the regions that are large enough one in so many is split; 0: none */
    unsigned int pieces; /* into so many */
    size_t until_next;   /* of these regions, to the next one that is split */
};

/* A region that is not larger is looked at as a whole. */
static inline bool is_large_enough(const struct drcl_engine *engine, const struct drcl_region *r)
{
    return r->end - r->start > 2 * engine->min_region_size;
}

static size_t count_large_enough(const struct drcl_engine *engine)
{
    const struct drcl_regions *regions = &engine->regions;
    size_t n = 0;

    for (size_t i = 0; i < regions->n; i++)
        n += regions->end[i] - regions->start[i] > 2 * engine->min_region_size;
    return n;
}

/*
 * In the upper half of the maximum only so many regions are split as there is room for. Which of them is a matter of
 * chance: parts that show no difference are merged again, so that with a fixed choice the same regions would be split
 * at each aggregation, and the others never.
 */
static struct split how_to_split(struct drcl_engine *engine)
{
    size_t n = engine->regions.n, most = drcl_engine_max_regions(engine), room = n < most ? most - n : 0;
    struct split how = {.pieces = 2};

    if (!room)
        return how;
    how.stride = 1;
    if (n > most / 2) { /* one in most / room, if all are large enough; never more than there is room for */
        size_t large_enough = count_large_enough(engine);

        how.stride = drcl_max(most / room * large_enough / n, (large_enough + room - 1) / room);
    }
    if (!how.stride)
        return how;
    how.until_next = how.stride > 1 ? 1 + (size_t)drcl_scale(drcl_random64(&engine->random), how.stride) : 1;
    /* Two parts have not shown a difference, and there is much room: try three. */
    if (n == engine->last_n && n < most / 3)
        how.pieces = 3;
    return how;
}

/* Where to split, at a random tenth; the region's start if it is too small. */
static inline uint64_t random_place(struct drcl_engine *engine, const struct drcl_region *r)
{
    uint64_t size = r->end - r->start;
    uint64_t tenths = 1 + drcl_scale(drcl_random64(&engine->random), 9);

    if (!is_large_enough(engine, r))
        return r->start;
    return r->start + ((size / 10 * tenths + size % 10 * tenths / 10) & ~(engine->min_region_size - 1));
}

static void split_at_random(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                            void *data)
{
    struct split *state = data, how = *state; /* a copy, which stays in registers */
    size_t end = target->first + target->n;

    for (size_t i = target->first; i < end; i++) {
        struct drcl_region r = drcl_regions_get(&engine->regions, i);

        r.last_nr_accesses = r.nr_accesses;
        r.nr_accesses = 0;
        if (how.stride && is_large_enough(engine, &r) && --how.until_next == 0) {
            how.until_next = how.stride;
            for (unsigned int p = 1; p < how.pieces; p++) {
                struct drcl_region front = r;

                front.end = random_place(engine, &r);
                if (front.end > front.start) {
                    drcl_regions_append(out, front);
                    r.start = front.end;
                }
            }
        }
        drcl_regions_append(out, r);
    }
    *state = how;
}

void drcl_split_at_random(struct drcl_engine *engine)
{
    struct split how = how_to_split(engine);
    size_t n = engine->regions.n;

    engine->last_n = n;
    if (how.stride && drcl_engine_reserve_regions(engine, n + (how.pieces - 1) * (n / how.stride + 1)) < 0)
        how.stride = 0; /* no memory: not split this time */
    drcl_pass(engine, split_at_random, &how);
}
