/* SPDX-License-Identifier: MIT */
#ifndef DRCL_APPLY_H
#define DRCL_APPLY_H

#include "drivers/view.h"

/* Makes room in the engine for a parameter set, so that drcl_apply_params() cannot fail. -EOPNOTSUPP if the set asks
 * for a range of memory though there are targets. */
int drcl_reserve_params(struct drcl_view *view, const struct damon_reclaim_params *params);
/* Gives the active parameters to the engine: its attributes and its reclaim scheme. */
void drcl_apply_params(struct drcl_view *view);

#endif
