/* SPDX-License-Identifier: MIT */
/* Regions, back from the kernel. */
#ifndef DRCL_DAMON_REGIONS_H
#define DRCL_DAMON_REGIONS_H

#include "drivers/damon/damon.h"

/* The kernel was asked for the regions, with that result: prepares to read them. */
void drcl_damon_begin_regions(struct drcl_view *view, struct drcl_damon *d, int result);
/* Reads a few of them. When all were read it lays them out, and returns 1. */
int drcl_damon_go_on_regions(struct drcl_view *view, struct drcl_damon *d);
/* How long to wait after this reading for reading to take no more than a thousandth of a CPU. */
uint64_t drcl_damon_affordable_pause(const struct drcl_damon *d);

#endif
