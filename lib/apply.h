/* SPDX-License-Identifier: MIT */
#ifndef DRCL_APPLY_H
#define DRCL_APPLY_H

#include "context.h"

/* The monitoring attributes of a parameter set. */
struct drcl_attrs drcl_attrs_of(const struct damon_reclaim_params *params);
/* Gives the parameters in effect to the engine: its attributes and its reclaim scheme. */
void drcl_apply_params(struct damon_reclaim *ctx);

#endif
