/* SPDX-License-Identifier: MIT */
/* Addresses that no scheme acts on, whatever its filters say. Pure. */
#ifndef DRCL_EXCLUDED_H
#define DRCL_EXCLUDED_H

#include "damon_reclaim/damon_reclaim.h"

#define DRCL_MAX_EXCLUDED 32

struct drcl_excluded {
    struct damon_reclaim_range ranges[DRCL_MAX_EXCLUDED]; /* ascending, apart from each other, of whole units */
    size_t n;
};

/* Adds a range, stretched to whole units of @unit bytes, a power of two. There is room. */
void drcl_excluded_add(struct drcl_excluded *excluded, struct damon_reclaim_range range, uint64_t unit);

/* Whether @start is excluded; *until shrinks to where that changes. */
bool drcl_excluded_front(const struct drcl_excluded *excluded, uint64_t start, uint64_t *until);

/* How much of [start, end) is excluded. */
uint64_t drcl_excluded_bytes(const struct drcl_excluded *excluded, uint64_t start, uint64_t end);

#endif
