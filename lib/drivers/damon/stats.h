/* SPDX-License-Identifier: MIT */
/* Counters and intervals, back from the kernel. */
#ifndef DRCL_DAMON_STATS_H
#define DRCL_DAMON_STATS_H

#include "drivers/damon/damon.h"

/* Begins the command that brings the counters in the files up to date, unless the kernel does so by itself. */
void drcl_damon_ask_for_stats(struct drcl_damon *d);
/* Reads the files then. */
int drcl_damon_read_stats(struct drcl_view *view, struct drcl_damon *d);
/* Does both before the thread stops, and waits a little if need be. */
void drcl_damon_read_last_stats(struct drcl_view *view, struct drcl_damon *d);
/* Whether a scheme has a limit, so that the kernel has an effective quota to tell. */
bool drcl_damon_has_quota(const struct drcl_view *view, const struct drcl_damon *d);
void drcl_damon_read_effective(struct drcl_view *view, struct drcl_damon *d);
/* Reads the intervals that the kernel has tuned. */
void drcl_damon_read_intervals(struct drcl_view *view, struct drcl_damon *d);
/* The kernel has started a new thread, whose counters are zero. */
void drcl_damon_reset_stats(struct drcl_damon *d);

#endif
