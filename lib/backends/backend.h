/* SPDX-License-Identifier: MIT */
/* What the library knows of a built-in backend. */
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
    /* Makes the backend_data for ops, which ops->destroy() frees. The environment outlives it. */
    int (*create)(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend);
    /* The operations of one that was made, where they differ; optional. */
    const struct damon_reclaim_backend_ops *(*ops_of)(void *backend);
    /* Whether nobody else has what only one can have; optional. */
    int (*is_free)(void *backend);
    /* Whether a before_reclaim callback is asked; NULL: it is. */
    bool (*asks)(void *backend);
    /* Finds out whether it works here; reads only. See damon_reclaim_probe(). */
    int (*probe)(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);
};

/* The built-in backends, in the order in which damon_reclaim_backend() lists them. A new one is a line here, and a
 * folder whose code defines drcl_backend_NAME. */
#define DRCL_BACKENDS(X)                                                                                               \
    X(damon)                                                                                                           \
    X(idle_page)                                                                                                       \
    X(sim)

#define DRCL_DECLARE_BACKEND(name) extern const struct drcl_backend drcl_backend_##name;
DRCL_BACKENDS(DRCL_DECLARE_BACKEND)

#endif
