/* SPDX-License-Identifier: MIT */
#include "engine/merge.h"

#include "base/arith.h"
#include "engine/huge.h"
#include "engine/pass.h"
#include "engine/split.h"

/* Neighbours are merged, and a region keeps its age, while nr_accesses differs by at most this part of the greatest. */
#define THRESHOLD_SHARE 10u

static uint32_t max_nr_accesses(const struct drcl_regions *regions)
{
    uint32_t most = 0;

    for (size_t i = 0; i < regions->n; i++)
        most = regions->nr_accesses[i] > most ? regions->nr_accesses[i] : most;
    return most;
}

/* Once an aggregation, before anything is merged. An access also ends the mark. */
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
    bool by_mark;       /* never merge a marked region with one that is not */
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

/* Never makes more regions, so that there is room. */
static void merge(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out, void *data)
{
    const struct drcl_regions *in = &engine->regions;
    const struct merge how = *(const struct merge *)data; /* a copy, which stays in registers */
    size_t end = target->first + target->n;
    struct drcl_region last;

    if (!target->n)
        return;
    last = drcl_regions_get(in, target->first);
    for (size_t i = target->first + 1; i < end; i++) {
        struct drcl_region next = drcl_regions_get(in, i);

        if (mergeable(&how, &last, &next)) {
            merge_into(&last, &next);
        } else {
            drcl_regions_append(out, last);
            last = next;
        }
    }
    drcl_regions_append(out, last);
}

void drcl_age_and_merge(struct drcl_engine *engine)
{
    size_t most = drcl_engine_max_regions(engine);
    struct merge how = {
        .threshold = max_nr_accesses(&engine->regions) / THRESHOLD_SHARE,
        .limit = drcl_split_size_limit(engine),
        .by_mark = engine->marking,
    };

    update_ages(&engine->regions, how.threshold);
    for (;;) {
        drcl_pass(engine, merge, &how);
        if (engine->regions.n <= most || how.limit >= engine->total)
            break;
        /* If all neighbours are similar enough, min_nr_regions is so near to max_nr_regions that sizes stop them. */
        if (how.threshold >= engine->samples)
            how.limit += drcl_min(how.limit, engine->total - how.limit);
        else
            how.threshold = how.threshold ? 2 * how.threshold : 1;
        how.by_mark = false;
    }
    drcl_split_large(engine);
    drcl_huge_keep_whole(engine);
}
