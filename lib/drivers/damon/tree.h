/* SPDX-License-Identifier: MIT */
/* A configuration as files. */
#ifndef DRCL_DAMON_TREE_H
#define DRCL_DAMON_TREE_H

#include "drivers/damon/damon.h"

/* Writes what is asked for into the directories. Nothing takes effect before "on" or "commit". */
int drcl_damon_write_tree(struct drcl_view *view, struct drcl_damon *d);
/* Writes the values of goals alone. */
int drcl_damon_write_goals(struct drcl_view *view, struct drcl_damon *d);

/* Whether schemes that wait for the kernel to begin the first window of their quota need not wait any longer: it has
 * worked for @needed_ns. The tree is to be written again then. */
bool drcl_damon_first_windows_are_over(struct drcl_damon *d, uint64_t now, bool working, uint64_t needed_ns);

#endif
