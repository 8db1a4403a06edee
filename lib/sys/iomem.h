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

/* The same into an array that is made longer as needed (drcl_grow()). Errors have a text. */
int drcl_iomem_list(struct drcl_env *env, struct damon_reclaim_range **ranges, size_t *capacity, size_t *ret_n);

/* -EINVAL if nothing of [start, end) is memory; the text begins with @what and tells where there is some. 0 also if
 * that is not known. */
int drcl_iomem_check(struct drcl_env *env, const char *what, uint64_t start, uint64_t end);

#endif
