/* SPDX-License-Identifier: MIT */
/* A configuration as files. */
#ifndef DRCL_DAMON_TREE_H
#define DRCL_DAMON_TREE_H

#include "drivers/damon/damon.h"

/* Writes what is asked for into the directories. Nothing takes effect before "on" or "commit". */
int drcl_damon_write_tree(struct drcl_view *view, struct drcl_damon *d);
/* Writes the values of goals alone. */
int drcl_damon_write_goals(struct drcl_view *view, struct drcl_damon *d);

#endif
