/* SPDX-License-Identifier: MIT */
/* /proc/iomem: which physical addresses are memory. */
#ifndef DRCL_SYS_IOMEM_H
#define DRCL_SYS_IOMEM_H

#include "base/env.h"

/*
 * Reads the text of the file: the "System RAM" entries of the top level, ascending, joined where they touch. *ret_n may
 * be more than @capacity; then what fits is written. -EPERM when all addresses are zero, which is what the kernel shows
 * without CAP_SYS_ADMIN; -EINVAL when there is no such entry or it makes no sense.
 */
int drcl_iomem_parse(const char *text, size_t len, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n);

/* Reads the file. Errors name the file and the cure. */
int drcl_iomem_ranges(struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n);

#endif
