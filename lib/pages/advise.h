/* SPDX-License-Identifier: MIT */
/* process_madvise() with all that can come of it. */
#ifndef DRCL_IDLE_PAGE_ADVISE_H
#define DRCL_IDLE_PAGE_ADVISE_H

#include "base/env.h"

#define DRCL_MADV_COLD    20
#define DRCL_MADV_PAGEOUT 21

#define DRCL_ADVISE_RANGES 64 /* in one call */

/* Gives advice on ranges, at most DRCL_ADVISE_RANGES. A range that the kernel refuses (it is locked, of a device, ...)
 * is passed over. *ret_tried and *ret_refused: bytes. -ESRCH when the process has exited, or an error with text. */
int drcl_advise(struct drcl_env *env, pid_t pid, int pidfd, int advice, const struct damon_reclaim_range *ranges,
                size_t n, uint64_t *ret_tried, uint64_t *ret_refused);

/* The text for an error of process_madvise() as a whole; returns @err. */
int drcl_advise_error(struct drcl_env *env, pid_t pid, int err);

#endif
