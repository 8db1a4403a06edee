/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SETTINGS_H
#define DRCL_SETTINGS_H

#include "context.h"

/* Whether the staged parameters could run. Makes room for them, changes nothing else. */
int drcl_check_staged(struct damon_reclaim *ctx);

/* Warns of values that are allowed and hardly meant, unless @old, which may be NULL, had them already. */
void drcl_warn_of_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *old);

#endif
