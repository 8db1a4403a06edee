/* SPDX-License-Identifier: MIT */
/* What the library knows about a backend, beside its operations. */
#ifndef DRCL_BACKEND_H
#define DRCL_BACKEND_H

#include "base/env.h"

struct drcl_driver;

struct drcl_backend {
    const char *name;
    const char *feature; /* what damon_reclaim_feature() calls it: "backend:" and the name */
    const struct damon_reclaim_backend_ops *ops;
    const struct drcl_driver *driver; /* who does the work; NULL: the engine */
    bool physical;                    /* targets without a process are physical memory */
    bool sets_errors;                 /* an operation that fails has set the text of the error */
    /* Makes the backend_data for ops, which ops->destroy() frees. The environment outlives it. */
    int (*create)(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend);
    /* The operations of the backend_data, where they are not `ops`; optional. */
    const struct damon_reclaim_backend_ops *(*ops_of)(void *backend);
    /* Whether nobody else holds what only one can have; optional. */
    int (*is_free)(void *backend);
    /* Whether the backend asks a before_reclaim callback; NULL: it does. */
    bool (*asks)(void *backend);
    /* Fills in what a simulation knows of a run. NULL: the backend is none. 0 or -ENOMEM. */
    int (*report)(void *backend, uint64_t min_age_us, struct damon_reclaim_sim_report *ret);
    /* Finds out whether it works here; reads only. See damon_reclaim_probe(). */
    int (*probe)(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);
};

#endif
