/* SPDX-License-Identifier: MIT */
/* The engine's schemes act on what the kernel has seen. */
#ifndef DRCL_DAMON_SNAPSHOT_H
#define DRCL_DAMON_SNAPSHOT_H

#include "drivers/damon/damon.h"

/* Lays out the regions that were read, and lets the schemes act on them. */
int drcl_damon_act(struct drcl_view *view, struct drcl_damon *d);
/* Lets the schemes act once more, on what is left. */
int drcl_damon_act_again(struct drcl_view *view, struct drcl_damon *d);

#endif
