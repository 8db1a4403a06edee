/* SPDX-License-Identifier: MIT */
/*
 * Regions and huge pages. A huge page has one accessed bit and goes as a whole or not at all, while regions begin and
 * end at any page. One that is divided among regions would stay for ever although it is idle: between idle regions that
 * are never due at the same time, or as a few pages at the end of a region in use, which samples rarely hit.
 */
#include "engine/engine.h"

#define CUT_EVERY 8 /* aggregations; where memory is made of small pages the cuts find nothing and cost samples */

void drcl_huge_keep_whole(struct drcl_engine *engine)
{
    const struct drcl_regions *in = &engine->regions;
    struct drcl_regions *out = &engine->spare;
    uint64_t grain = drcl_monitor_grain(engine);

    if (grain == engine->unit)
        return;
    out->n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = out->n;

        for (size_t i = target->first; i < target->first + target->n; i++)
            drcl_regions_put(out, out->n++, drcl_regions_get(in, i));
        drcl_regions_keep_huge_whole(out, first, grain);
        target->first = first;
        target->n = out->n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}

/* Whether one of two neighbours is idle and the other one is in use. */
static bool differ(const struct drcl_regions *regions, size_t i)
{
    return regions->end[i] == regions->start[i + 1] &&
           (regions->nr_accesses[i] == 0) != (regions->nr_accesses[i + 1] == 0);
}

/* Puts the part of *r before @addr behind the others, if both parts are something and there may be one more. */
static void put_front(struct drcl_regions *out, struct drcl_region *r, uint64_t addr, size_t *room)
{
    struct drcl_region front = *r;

    if (addr <= r->start || addr >= r->end || !*room)
        return;
    --*room;
    front.end = r->start = addr;
    drcl_regions_put(out, out->n++, front);
}

/*
 * What belongs to the other side is then a region of its own, and is merged with that one as soon as samples show it;
 * the random cuts of all regions are too far apart for so little.
 */
void drcl_huge_cut_at_bounds(struct drcl_engine *engine)
{
    const struct drcl_regions *in = &engine->regions;
    struct drcl_regions *out = &engine->spare;
    uint64_t grain = drcl_monitor_grain(engine);
    size_t most = engine->attrs.max_nr_regions, room = most > in->n ? most - in->n : 0;

    room = room < 2 * in->n ? room : 2 * in->n;
    if (grain == engine->unit || engine->nr_aggregations % CUT_EVERY ||
        drcl_engine_reserve_regions(engine, in->n + room) < 0)
        return;
    out->n = 0;
    for (size_t t = 0; t < engine->nr_targets; t++) {
        struct drcl_target *target = &engine->targets[t];
        size_t first = out->n, begin = target->first, end = begin + target->n;

        for (size_t i = begin; i < end; i++) {
            struct drcl_region r = drcl_regions_get(in, i);

            if (i > begin && differ(in, i - 1))
                put_front(out, &r, (r.start + grain - 1) & ~(grain - 1), &room);
            if (i + 1 < end && differ(in, i))
                put_front(out, &r, r.end & ~(grain - 1), &room);
            drcl_regions_put(out, out->n++, r);
        }
        target->first = first;
        target->n = out->n - first;
    }
    drcl_regions_swap(&engine->regions, &engine->spare);
}
