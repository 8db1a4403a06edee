/* SPDX-License-Identifier: MIT */
/* The operation ranges(): what is watched. */
#ifndef DRCL_IDLE_RANGES_H
#define DRCL_IDLE_RANGES_H

#include "damon_reclaim/damon_reclaim.h"

int drcl_idle_ranges(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity,
                     size_t *ret_n);

#endif
