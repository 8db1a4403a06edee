/* SPDX-License-Identifier: MIT */
/*
 * A pass over the regions. Whatever changes their number reads engine->regions, writes engine->spare, one target after
 * the other, and then the two sets change places. Nothing moves within a set, and a steady state allocates nothing.
 */
#ifndef DRCL_PASS_H
#define DRCL_PASS_H

#include "engine/state.h"

/* Makes room for @n regions, in both sets and wherever there is something for each region. 0 or -ENOMEM. */
int drcl_engine_reserve_regions(struct drcl_engine *engine, size_t n);

/* Appends the new regions of @target to @out. Its old ones are those of engine->regions from target->first on. */
typedef void drcl_pass_fn(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                          void *data);

/* Has @each write the regions of every target. The caller has made room for them. */
void drcl_pass(struct drcl_engine *engine, drcl_pass_fn *each, void *data);

/* The pass that keeps the regions of a target as they are. */
void drcl_pass_copy(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out, void *data);

/* Adds up engine->total, after a pass that changed which memory the regions cover. */
void drcl_engine_count_total(struct drcl_engine *engine);

/* The size of a region if min_nr_regions of one size covered all memory: none becomes larger than this. */
uint64_t drcl_engine_even_size(const struct drcl_engine *engine);

/*
 * How many regions there may be: max_nr_regions, but at least half of that beside the one that each range needs. Those
 * must exist, and many small processes have many ranges; without this they would leave none for a large process beside
 * them, which would then never be looked into.
 */
size_t drcl_engine_max_regions(const struct drcl_engine *engine);

/* Splits region @i, one of target number @target, at @addr, which lies inside it. 0 or -ENOMEM. */
int drcl_engine_split_region(struct drcl_engine *engine, size_t target, size_t i, uint64_t addr);

#endif
