/* SPDX-License-Identifier: MIT */
/* Exclusions by address: no scheme acts on these addresses, whatever its filters say. Pure. */
#ifndef DRCL_EXCLUSION_H
#define DRCL_EXCLUSION_H

#include "damon_reclaim/damon_reclaim.h"

struct drcl_exclusion {
    struct damon_reclaim_range *ranges; /* ascending, with gaps between them; not ours */
    size_t n;
};

/* Adds a range, stretched to multiples of @align bytes, a power of two. There is room for one more. */
void drcl_exclusion_add(struct drcl_exclusion *exclusion, struct damon_reclaim_range range, uint64_t align);

/* Whether @start is excluded. Lowers *until to where that changes. */
bool drcl_exclusion_front(const struct drcl_exclusion *exclusion, uint64_t start, uint64_t *until);

/* How much of [start, end) is excluded. */
uint64_t drcl_exclusion_bytes(const struct drcl_exclusion *exclusion, uint64_t start, uint64_t end);

#endif
