/* SPDX-License-Identifier: MIT */
#include "engine/huge.h"

#include "engine/pass.h"

/* Aggregations from one drcl_huge_split_at_bounds() to the next. Where memory is made of small pages this finds
 * nothing, and the additional regions cost samples. */
#define SPLIT_EVERY 8

uint64_t drcl_huge_grain(const struct drcl_engine *engine)
{
    uint64_t huge = engine->by_page ? engine->ops->huge_size : 0;

    return huge > engine->min_region_size && huge <= drcl_engine_even_size(engine) ? huge : engine->min_region_size;
}

/* --- whole in one idle region -------------------------------------------------------------------------------- */

/* Moves the bound of two idle regions out of a huge page. One of the regions may be empty then. */
static void move_bound(struct drcl_region *left, struct drcl_region *right, uint64_t huge)
{
    uint32_t mark = drcl_later_mark(left->marked, right->marked);
    uint64_t bound = left->end & ~(huge - 1);

    /* The page is as young as its youngest part, and so it goes to the younger region. */
    if (left->age < right->age) {
        bound = right->end - bound < huge ? right->end : bound + huge;
        left->marked = mark;
    } else {
        bound = bound < left->start ? left->start : bound;
        right->marked = mark;
    }
    left->end = right->start = bound;
}

void drcl_huge_keep_whole_in(struct drcl_regions *regions, size_t first, uint64_t huge)
{
    size_t n = first;

    for (size_t i = first; i < regions->n; i++) {
        struct drcl_region left, right = drcl_regions_get(regions, i);

        if (n > first) {
            left = drcl_regions_get(regions, n - 1);
            if (left.end == right.start && left.end & (huge - 1) && !left.nr_accesses && !right.nr_accesses) {
                move_bound(&left, &right, huge);
                drcl_regions_put(regions, n - 1, left);
                n -= left.start == left.end;
            }
        }
        if (right.start < right.end)
            drcl_regions_put(regions, n++, right);
    }
    regions->n = n;
}

/* @data: the grain. */
static void keep_whole(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                       void *data)
{
    const uint64_t *grain = data;
    size_t first = out->n;

    drcl_pass_copy(engine, target, out, NULL);
    drcl_huge_keep_whole_in(out, first, *grain);
}

void drcl_huge_keep_whole(struct drcl_engine *engine)
{
    uint64_t grain = drcl_huge_grain(engine);

    if (grain > engine->min_region_size)
        drcl_pass(engine, keep_whole, &grain);
}

/* --- a region of its own between idle memory and memory in use ---------------------------------------------- */

struct split_at_bounds {
    uint64_t grain;
    size_t room; /* regions that there may be in addition */
};

/* Whether one of two neighbours is idle and the other one is in use. */
static bool is_bound(const struct drcl_regions *regions, size_t i)
{
    return regions->end[i] == regions->start[i + 1] &&
           (regions->nr_accesses[i] == 0) != (regions->nr_accesses[i + 1] == 0);
}

/* Splits *r at @addr, if that leaves two parts and there is room: appends the front to @out and leaves the rest. */
static void split_front(struct drcl_regions *out, struct drcl_region *r, uint64_t addr, size_t *room)
{
    struct drcl_region front = *r;

    if (addr <= r->start || addr >= r->end || !*room)
        return;
    --*room;
    front.end = r->start = addr;
    drcl_regions_append(out, front);
}

/* The part of the huge page becomes a region, which is merged with the other side of the bound as soon as samples show
 * that it belongs there. The random splits of all regions are too far apart for so little memory. */
static void split_at_bounds(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                            void *data)
{
    const struct drcl_regions *in = &engine->regions;
    struct split_at_bounds *how = data;
    size_t begin = target->first, end = begin + target->n;

    for (size_t i = begin; i < end; i++) {
        struct drcl_region r = drcl_regions_get(in, i);

        if (i > begin && is_bound(in, i - 1))
            split_front(out, &r, (r.start + how->grain - 1) & ~(how->grain - 1), &how->room);
        if (i + 1 < end && is_bound(in, i))
            split_front(out, &r, r.end & ~(how->grain - 1), &how->room);
        drcl_regions_append(out, r);
    }
}

void drcl_huge_split_at_bounds(struct drcl_engine *engine)
{
    size_t n = engine->regions.n, most = drcl_engine_max_regions(engine);
    struct split_at_bounds how = {.grain = drcl_huge_grain(engine), .room = most > n ? most - n : 0};

    how.room = how.room < 2 * n ? how.room : 2 * n;
    if (how.grain == engine->min_region_size || engine->nr_aggregations % SPLIT_EVERY ||
        drcl_engine_reserve_regions(engine, n + how.room) < 0)
        return;
    drcl_pass(engine, split_at_bounds, &how);
}

/* --- trimming -------------------------------------------------------------------------------------------------- */

uint64_t drcl_huge_trim(const struct drcl_engine *engine, uint64_t start, uint64_t end)
{
    uint64_t huge = engine->ops->huge_size > engine->min_region_size ? engine->ops->huge_size : engine->min_region_size;
    uint64_t whole = end & ~(huge - 1);

    return whole > start ? whole : end;
}
