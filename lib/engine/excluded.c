/* SPDX-License-Identifier: MIT */
#include "engine/excluded.h"

#include <string.h>

static uint64_t round_up(uint64_t addr, uint64_t unit)
{
    return addr > UINT64_MAX - (unit - 1) ? UINT64_MAX : (addr + unit - 1) & ~(unit - 1);
}

void drcl_excluded_add(struct drcl_excluded *excluded, struct damon_reclaim_range range, uint64_t unit)
{
    struct damon_reclaim_range *ranges = excluded->ranges;
    size_t first = 0, last;

    range.start &= ~(unit - 1);
    range.end = round_up(range.end, unit);
    while (first < excluded->n && ranges[first].end < range.start)
        first++;
    /* Those that it touches become one with it. */
    for (last = first; last < excluded->n && ranges[last].start <= range.end; last++) {
        if (ranges[last].start < range.start)
            range.start = ranges[last].start;
        if (ranges[last].end > range.end)
            range.end = ranges[last].end;
    }
    memmove(&ranges[first + 1], &ranges[last], (excluded->n - last) * sizeof(*ranges));
    ranges[first] = range;
    excluded->n = excluded->n - (last - first) + 1;
}

bool drcl_excluded_front(const struct drcl_excluded *excluded, uint64_t start, uint64_t *until)
{
    for (size_t i = 0; i < excluded->n; i++) {
        const struct damon_reclaim_range *range = &excluded->ranges[i];
        bool inside = range->start <= start;
        uint64_t change = inside ? range->end : range->start;

        if (range->end <= start)
            continue;
        if (change < *until)
            *until = change;
        return inside;
    }
    return false;
}

uint64_t drcl_excluded_bytes(const struct drcl_excluded *excluded, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < excluded->n; i++) {
        uint64_t from = excluded->ranges[i].start > start ? excluded->ranges[i].start : start;
        uint64_t to = excluded->ranges[i].end < end ? excluded->ranges[i].end : end;

        bytes += from < to ? to - from : 0;
    }
    return bytes;
}
