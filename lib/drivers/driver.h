/* SPDX-License-Identifier: MIT */
/*
 * Who does the work of a context while it is enabled: the engine, on the thread that dispatches (engine_driver.c), or
 * the kernel (backends/damon/). The engine's structures hold the configuration, the statistics and the regions in both
 * cases, so that parameters, targets, schemes and results do not care.
 */
#ifndef DRCL_DRIVER_H
#define DRCL_DRIVER_H

#include "damon_reclaim/damon_reclaim.h"

/* What is another now. */
enum drcl_change { DRCL_CHANGE_TARGETS, DRCL_CHANGE_SCHEMES, DRCL_CHANGE_GOALS, DRCL_CHANGE_EXCLUSIONS };

struct drcl_driver {
    /* Whether a parameter set could run. Makes room for it, changes nothing else. The text names the parameter. */
    int (*check)(struct damon_reclaim *ctx, const struct damon_reclaim_params *params);
    /* Whether a scheme could run; optional. */
    int (*check_scheme)(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme);
    /* Begins with the parameters in ctx->active, and sets the state. stop() comes after a failure, too. */
    int (*start)(struct damon_reclaim *ctx);
    /* Stops in any case; the error is of what could not be put back. */
    int (*stop)(struct damon_reclaim *ctx);
    /* While enabled: ctx->active was replaced. On failure the set before it goes on. */
    int (*commit)(struct damon_reclaim *ctx);
    /* While enabled: something else was changed; optional. On failure the caller takes the change back. */
    int (*changed)(struct damon_reclaim *ctx, enum drcl_change what);
    /* When there is work, on the context's clock. */
    uint64_t (*due)(const struct damon_reclaim *ctx);
    /* Does what is due. An error disables the context. */
    int (*work)(struct damon_reclaim *ctx);
    /* The thread that does the work. */
    pid_t (*worker)(const struct damon_reclaim *ctx);
};

extern const struct drcl_driver drcl_engine_driver;

#endif
