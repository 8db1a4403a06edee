/* SPDX-License-Identifier: MIT */
/*
 * Sets of regions in flat arrays, one array for each member, so that a tick reads just the members that it needs.
 *
 * Why no array of structs of 32 bytes? It was tried, and the benchmark "engine" (tests/bench/engine.c) was against it.
 * By the median of alternate runs a tick costs 2.7 ns a region instead of 2.4 with 10,000 and 100,000 regions, and 6.1
 * instead of 5.4 with 1,000, because it counts eight regions at a time in an array of counters. An aggregation costs
 * the same: 12 ns with 1,000 regions and 14 ns with 10,000.
 */
#ifndef DRCL_REGION_H
#define DRCL_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drcl_env;

struct drcl_regions {
    uint64_t *start;
    uint64_t *end;
    uint32_t *nr_accesses;      /* in this aggregation */
    uint32_t *last_nr_accesses; /* in the one before */
    uint32_t *age;              /* aggregations that the pattern has lasted */
    uint32_t *marked;           /* number of the aggregation in which its pages were marked; 0: they are not */
    size_t n;
    size_t cap;
};

/* One region by value, for the passes. */
struct drcl_region {
    uint64_t start;
    uint64_t end;
    uint32_t nr_accesses;
    uint32_t last_nr_accesses;
    uint32_t age;
    uint32_t marked;
};

/* Makes room for @cap regions, keeping what is there. 0 or -ENOMEM, and then nothing changed. */
int drcl_regions_reserve(struct drcl_env *env, struct drcl_regions *regions, size_t cap);
void drcl_regions_free(struct drcl_env *env, struct drcl_regions *regions);

static inline struct drcl_region drcl_regions_get(const struct drcl_regions *regions, size_t i)
{
    return (struct drcl_region){regions->start[i],       regions->end[i],
                                regions->nr_accesses[i], regions->last_nr_accesses[i],
                                regions->age[i],         regions->marked[i]};
}

static inline void drcl_regions_put(struct drcl_regions *regions, size_t i, struct drcl_region r)
{
    regions->start[i] = r.start;
    regions->end[i] = r.end;
    regions->nr_accesses[i] = r.nr_accesses;
    regions->last_nr_accesses[i] = r.last_nr_accesses;
    regions->age[i] = r.age;
    regions->marked[i] = r.marked;
}

static inline void drcl_regions_swap(struct drcl_regions *a, struct drcl_regions *b)
{
    struct drcl_regions other = *a;

    *a = *b;
    *b = other;
}

/* Puts a region behind the others. There is room for one more. */
static inline void drcl_regions_append(struct drcl_regions *regions, struct drcl_region r)
{
    drcl_regions_put(regions, regions->n++, r);
}

/* Splits region @i at @addr, which lies inside it: the rest becomes region @i + 1. There is room for one more. */
void drcl_regions_split(struct drcl_regions *regions, size_t i, uint64_t addr);

/* The aggregation since which all pages of two regions are marked: the later one, or 0 if a region is not marked. */
static inline uint32_t drcl_later_mark(uint32_t a, uint32_t b)
{
    if (!a || !b)
        return 0;
    return (int32_t)(b - a) > 0 ? b : a;
}

/* The mean of two counters weighted by sizes, without overflow for any size. */
uint32_t drcl_weighted(uint32_t a, uint64_t size_a, uint32_t b, uint64_t size_b);

#endif
