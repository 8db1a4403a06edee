/* SPDX-License-Identifier: MIT */
/* Targets, and the regions that their ranges become. */
#ifndef DRCL_TARGET_H
#define DRCL_TARGET_H

#include "engine/state.h"

/* Adds a target with the given ranges; without any the backend gives them. 0 or -ENOMEM. */
int drcl_engine_add_target(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n);
/* Replaces the given ranges. Regions that intersect the new ones stay. 0, -ENOENT or -ENOMEM. */
int drcl_engine_set_ranges(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_range *ranges, size_t n);
/* Removes a target before the next step. Whether there was one. */
bool drcl_engine_remove_target(struct drcl_engine *engine, uint32_t id);
/* The target, or NULL if there is none or it is removed. */
struct drcl_target *drcl_engine_find_target(struct drcl_engine *engine, uint32_t id);

/* Drops removed targets, and lays regions out anew where ranges have changed. */
void drcl_engine_update_targets(struct drcl_engine *engine);

#endif
