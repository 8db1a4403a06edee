/* SPDX-License-Identifier: MIT */
/* What DAMON_RECLAIM_DAMON_MONITOR_ONLY needs: the pages, and the operations for them. */
#ifndef DRCL_DAMON_PRECISE_H
#define DRCL_DAMON_PRECISE_H

#include "drivers/damon/damon.h"

int drcl_damon_open_pages(struct drcl_damon *d);
void drcl_damon_close_pages(struct drcl_damon *d);
/* Keeps others from marking what is watched, until drcl_damon_forget_pages(). */
int drcl_damon_hold_pages(struct drcl_damon *d);
void drcl_damon_forget_pages(struct drcl_damon *d);

#endif
