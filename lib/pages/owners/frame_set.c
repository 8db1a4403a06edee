/* SPDX-License-Identifier: MIT */
#include "pages/owners/frame_set.h"

#include <string.h>

#include "base/grow.h"

void drcl_frame_set_fini(struct drcl_frame_set *set, struct drcl_env *env)
{
    drcl_free(env, set->at);
    *set = (struct drcl_frame_set){0};
}

int drcl_frame_set_reserve(struct drcl_frame_set *set, struct drcl_env *env, size_t n)
{
    return drcl_grow(env, &set->at, &set->capacity, n, sizeof(*set->at));
}

size_t drcl_frame_set_find(const struct drcl_frame_set *set, uint64_t frame)
{
    size_t low = 0, high = set->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (set->at[middle].end <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Puts @range in the place of the ranges [first, last). */
static void replace(struct drcl_frame_set *set, size_t first, size_t last, struct drcl_frame_range range)
{
    memmove(set->at + first + 1, set->at + last, (set->n - last) * sizeof(*set->at));
    set->at[first] = range;
    set->n = set->n - (last - first) + 1;
}

void drcl_frame_set_add(struct drcl_frame_set *set, uint64_t start, uint64_t end)
{
    struct drcl_frame_range range = {start, end};
    size_t first = start ? drcl_frame_set_find(set, start - 1) : 0, last = first;

    for (; last < set->n && set->at[last].start <= end; last++) {
        range.start = range.start < set->at[last].start ? range.start : set->at[last].start;
        range.end = range.end > set->at[last].end ? range.end : set->at[last].end;
    }
    replace(set, first, last, range);
}

void drcl_frame_set_widen(struct drcl_frame_set *set)
{
    size_t best = 1;

    for (size_t i = 2; i < set->n; i++)
        if (set->at[i].start - set->at[i - 1].end < set->at[best].start - set->at[best - 1].end)
            best = i;
    replace(set, best - 1, best + 1, (struct drcl_frame_range){set->at[best - 1].start, set->at[best].end});
}

bool drcl_frame_set_has(const struct drcl_frame_set *set, uint64_t start, uint64_t end)
{
    size_t i = drcl_frame_set_find(set, start);

    return i < set->n && set->at[i].start <= start && end <= set->at[i].end;
}

bool drcl_frame_set_gap(const struct drcl_frame_set *set, uint64_t *start, uint64_t end, struct drcl_frame_range *ret)
{
    size_t i = drcl_frame_set_find(set, *start);
    uint64_t until;

    if (i < set->n && set->at[i].start <= *start)
        *start = set->at[i++].end;
    if (*start >= end)
        return false;
    until = i < set->n && set->at[i].start < end ? set->at[i].start : end;
    *ret = (struct drcl_frame_range){*start, until};
    *start = until;
    return true;
}
