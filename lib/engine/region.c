/* SPDX-License-Identifier: MIT */
#include "engine/region.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/env.h"

/* All arrays of a set stand in one block; the 64-bit ones come first, so that each is aligned. */
#define BYTES_PER_REGION (2 * sizeof(uint64_t) + 4 * sizeof(uint32_t))

static void lay_out(struct drcl_regions *regions, void *block, size_t cap)
{
    regions->start = block;
    regions->end = regions->start + cap;
    regions->nr_accesses = (uint32_t *)(regions->end + cap);
    regions->last_nr_accesses = regions->nr_accesses + cap;
    regions->age = regions->last_nr_accesses + cap;
    regions->marked = regions->age + cap;
    regions->cap = cap;
}

int drcl_regions_reserve(struct drcl_env *env, struct drcl_regions *regions, size_t cap)
{
    struct drcl_regions grown = {.n = regions->n};
    void *block;

    if (cap <= regions->cap)
        return 0;
    block = drcl_realloc_array(env, NULL, cap, BYTES_PER_REGION);
    if (!block)
        return -ENOMEM;
    lay_out(&grown, block, cap);
    for (size_t i = 0; i < regions->n; i++)
        drcl_regions_put(&grown, i, drcl_regions_get(regions, i));
    drcl_free(env, regions->start);
    *regions = grown;
    return 0;
}

void drcl_regions_free(struct drcl_env *env, struct drcl_regions *regions)
{
    drcl_free(env, regions->start);
    memset(regions, 0, sizeof(*regions));
}

void drcl_regions_split(struct drcl_regions *regions, size_t i, uint64_t addr)
{
    size_t rest = regions->n - i;

    assert(regions->n < regions->cap);
    assert(addr > regions->start[i] && addr < regions->end[i]);
#define SHIFT(member) memmove(&regions->member[i + 1], &regions->member[i], rest * sizeof(regions->member[i]))
    SHIFT(start);
    SHIFT(end);
    SHIFT(nr_accesses);
    SHIFT(last_nr_accesses);
    SHIFT(age);
    SHIFT(marked);
#undef SHIFT
    regions->end[i] = addr;
    regions->start[i + 1] = addr;
    regions->n++;
}

uint32_t drcl_weighted(uint32_t a, uint64_t size_a, uint32_t b, uint64_t size_b)
{
    if (a == b)
        return a;
    while ((size_a | size_b) >> 31) {
        size_a >>= 1;
        size_b >>= 1;
    }
    return size_a + size_b ? (uint32_t)((a * size_a + b * size_b) / (size_a + size_b)) : a;
}
