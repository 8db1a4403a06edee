/* SPDX-License-Identifier: MIT */
#include "pages/ram.h"

#include <string.h>

#include "base/clock.h"
#include "sys/iomem.h"

#define INTERVAL_NS (30 * DRCL_NS_PER_S)

static void keep_largest(struct drcl_ram *ram)
{
    size_t best = 0;

    for (size_t i = 1; i < ram->n; i++)
        if (ram->ranges[i].end - ram->ranges[i].start > ram->ranges[best].end - ram->ranges[best].start)
            best = i;
    ram->ranges[0] = ram->ranges[best];
    ram->n = 1;
}

int drcl_ram_refresh(struct drcl_ram *ram, struct drcl_env *env)
{
    uint64_t now = drcl_clock(env, CLOCK_MONOTONIC);
    int r;

    if (ram->n && now - ram->read_ns < INTERVAL_NS)
        return 0;
    r = drcl_iomem_list(env, &ram->ranges, &ram->capacity, &ram->n);
    if (r < 0)
        return r;
    if (ram->largest)
        keep_largest(ram);
    ram->read_ns = now;
    return 0;
}

void drcl_ram_free(struct drcl_ram *ram, struct drcl_env *env)
{
    drcl_free(env, ram->ranges);
    ram->ranges = NULL;
    ram->n = ram->capacity = 0;
}

bool drcl_ram_clip(const struct drcl_ram *ram, uint64_t start, uint64_t end, struct damon_reclaim_range *ret)
{
    for (size_t i = 0; i < ram->n; i++) {
        const struct damon_reclaim_range *range = &ram->ranges[i];

        if (range->end <= start || range->start >= end)
            continue;
        ret->start = range->start > start ? range->start : start;
        ret->end = range->end < end ? range->end : end;
        return true;
    }
    return false;
}

int drcl_ram_ranges(struct drcl_ram *ram, struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity,
                    size_t *ret_n)
{
    int r = drcl_ram_refresh(ram, env);

    if (r < 0)
        return r;
    if (ram->n <= capacity)
        memcpy(ranges, ram->ranges, ram->n * sizeof(*ranges));
    *ret_n = ram->n;
    return 0;
}
