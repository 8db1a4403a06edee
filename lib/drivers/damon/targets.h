/* SPDX-License-Identifier: MIT */
/* Operations of the backend: targets. */
#ifndef DRCL_DAMON_TARGETS_H
#define DRCL_DAMON_TARGETS_H

#include "drivers/damon/damon.h"

int drcl_damon_target_add(void *backend, uint32_t id, pid_t pid, int pidfd);
void drcl_damon_target_remove(void *backend, uint32_t id);
int drcl_damon_ranges(void *backend, uint32_t id, struct damon_reclaim_range *found, size_t capacity, size_t *ret_n);

#endif
