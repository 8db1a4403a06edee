/* SPDX-License-Identifier: MIT */
/*
 * The engine: regions, aging, schemes, quotas. It makes no system call. It knows the memory through the operations of a
 * backend, and the rest of the world through struct drcl_host. The order of its work:
 *
 *     drcl_engine_tick()  sample.c: which addresses were accessed?
 *                         at the end of an aggregation:
 *                             merge.c age and merge, mark.c mark, apply.c apply schemes, tune.c tune the intervals,
 *                             huge.c and split.c split
 *                         else: apply.c schemes with an interval of their own
 *                         target.c: follow new ranges
 *                         sample.c: watch new addresses
 */
#ifndef DRCL_ENGINE_H
#define DRCL_ENGINE_H

#include "engine/state.h"

/* @marking: regions are marked before a scheme acts on them, if the backend can do that. 0 or -ENOMEM. */
int drcl_engine_init(struct drcl_engine *engine, struct drcl_env *env, const struct damon_reclaim_backend_ops *ops,
                     void *backend, const struct drcl_host *host, uint64_t seed, bool marking);
void drcl_engine_fini(struct drcl_engine *engine);

/* One sample tick. Take the error with drcl_engine_take_error(). */
void drcl_engine_tick(struct drcl_engine *engine);

/*
 * Applies the schemes to regions that somebody else has monitored: the caller has laid them out anew after so many
 * aggregations, or leaves those of the last call (0). Take the error with drcl_engine_take_error().
 */
void drcl_engine_observed(struct drcl_engine *engine, uint64_t aggregations);

/* Monitoring begins, or goes on after a pause: what was sampled before the pause no longer counts. */
void drcl_engine_resume(struct drcl_engine *engine);

/* Drops the regions and what was learnt about them. */
void drcl_engine_forget(struct drcl_engine *engine);

#endif
