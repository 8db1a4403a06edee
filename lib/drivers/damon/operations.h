/* SPDX-License-Identifier: MIT */
/* How the kernel's DAMON accesses memory: paddr for physical memory, vaddr and fvaddr for processes. */
#ifndef DRCL_DAMON_OPERATIONS_H
#define DRCL_DAMON_OPERATIONS_H

#include "drivers/damon/damon.h"

/* The operations that the program asks for, or else those that fit the targets. */
enum drcl_damon_operations drcl_damon_operations(struct drcl_view *view, const struct drcl_damon *d);
const char *drcl_damon_operations_name(enum drcl_damon_operations operations);
/* Whether the program has given the ranges of target @id. */
bool drcl_damon_has_ranges(struct drcl_view *view, uint32_t id);

#endif
