/* SPDX-License-Identifier: MIT */
#include "engine/exclusion.h"

#include <string.h>

static uint64_t round_up(uint64_t addr, uint64_t align)
{
    return addr > UINT64_MAX - (align - 1) ? UINT64_MAX : (addr + align - 1) & ~(align - 1);
}

/* The number of the first range that ends above @addr. */
static size_t find(const struct drcl_exclusion *exclusion, uint64_t addr)
{
    size_t low = 0, high = exclusion->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (exclusion->ranges[mid].end <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void drcl_exclusion_add(struct drcl_exclusion *exclusion, struct damon_reclaim_range range, uint64_t align)
{
    struct damon_reclaim_range *ranges = exclusion->ranges;
    size_t first = 0, last;

    range.start &= ~(align - 1);
    range.end = round_up(range.end, align);
    while (first < exclusion->n && ranges[first].end < range.start)
        first++;
    /* The ranges that it touches become one with it. */
    for (last = first; last < exclusion->n && ranges[last].start <= range.end; last++) {
        if (ranges[last].start < range.start)
            range.start = ranges[last].start;
        if (ranges[last].end > range.end)
            range.end = ranges[last].end;
    }
    memmove(&ranges[first + 1], &ranges[last], (exclusion->n - last) * sizeof(*ranges));
    ranges[first] = range;
    exclusion->n = exclusion->n - (last - first) + 1;
}

bool drcl_exclusion_front(const struct drcl_exclusion *exclusion, uint64_t start, uint64_t *until)
{
    size_t i = find(exclusion, start);
    bool inside;
    uint64_t change;

    if (i == exclusion->n)
        return false;
    inside = exclusion->ranges[i].start <= start;
    change = inside ? exclusion->ranges[i].end : exclusion->ranges[i].start;
    if (change < *until)
        *until = change;
    return inside;
}

uint64_t drcl_exclusion_bytes(const struct drcl_exclusion *exclusion, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;

    for (size_t i = find(exclusion, start); i < exclusion->n && exclusion->ranges[i].start < end; i++) {
        uint64_t from = exclusion->ranges[i].start > start ? exclusion->ranges[i].start : start;
        uint64_t to = exclusion->ranges[i].end < end ? exclusion->ranges[i].end : end;

        bytes += to - from;
    }
    return bytes;
}
