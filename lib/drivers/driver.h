/* SPDX-License-Identifier: MIT */
/*
 * Who does the work of a context while it is enabled: the engine on the thread that dispatches (engine.c), or the
 * kernel's DAMON (damon/). In both cases the engine's structures hold the configuration, the statistics and the
 * regions, so that the handle need not know which of them works.
 */
#ifndef DRCL_DRIVER_H
#define DRCL_DRIVER_H

#include "damon_reclaim/damon_reclaim.h"

struct drcl_view;

/* What has changed. */
enum drcl_change { DRCL_CHANGE_TARGETS, DRCL_CHANGE_SCHEMES, DRCL_CHANGE_GOALS, DRCL_CHANGE_EXCLUSIONS };

struct drcl_driver {
    /* Whether a parameter set could run. Makes room for it, changes nothing else. The text names the parameter. */
    int (*check)(struct drcl_view *view, const struct damon_reclaim_params *params);
    /* Starts with the active parameters, and sets the state. The handle calls stop() after a failure, too. */
    int (*start)(struct drcl_view *view);
    /* Stops in any case. An error says what could not be restored. */
    int (*stop)(struct drcl_view *view);
    /* While enabled: the active parameters were replaced. On failure the handle puts the former ones back. */
    int (*commit)(struct drcl_view *view);
    /* While enabled: something else has changed. On failure the caller takes the change back. */
    int (*changed)(struct drcl_view *view, enum drcl_change what);
    /* When there is work, on the context's clock. */
    uint64_t (*due)(const struct drcl_view *view);
    /* Does the work that is due. An error disables the context. */
    int (*work)(struct drcl_view *view);
    /* The thread that does the work, or -1. */
    pid_t (*worker)(const struct drcl_view *view);
};

#endif
