/* SPDX-License-Identifier: MIT */
/* Changes of state, and what runs when. */
#ifndef DRCL_LIFECYCLE_H
#define DRCL_LIFECYCLE_H

#include "context.h"

/* Sets the state. If it or the reason is new, logs that and calls state_changed(). */
void drcl_set_state(struct damon_reclaim *ctx, enum damon_reclaim_state state, enum damon_reclaim_reason reason,
                    uint32_t free_permille);
/* Disables: at once, or, while the driver works, as soon as its step has ended. */
int drcl_disable(struct damon_reclaim *ctx, enum damon_reclaim_reason reason);
/* Stops the driver and sets the state, for the reason that drcl_disable() was given. */
int drcl_finish_disable(struct damon_reclaim *ctx);
/* Tells the driver of an enabled context what has changed. On failure the caller takes the change back. */
int drcl_tell_driver(struct damon_reclaim *ctx, enum drcl_change what);

/* Sets the timer to the time at which the driver has work. */
int drcl_arm(struct damon_reclaim *ctx);
void drcl_disarm(struct damon_reclaim *ctx);

/* -EPERM in a forked child of the process that has made the context. */
int drcl_check_process(struct damon_reclaim *ctx);

#endif
