/* SPDX-License-Identifier: MIT */
/* The built-in monitor backends. A new one is a new file (or folder) here and a line in backends.c. */
#ifndef DRCL_BACKENDS_H
#define DRCL_BACKENDS_H

#include "env.h"

struct drcl_driver;

struct drcl_backend {
    const char *name;
    const char *doc; /* one line */
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

extern const struct drcl_backend drcl_backend_damon;
extern const struct drcl_backend drcl_backend_sim;
extern const struct drcl_backend drcl_backend_idle_page;

/*
 * Makes the backend that config->backend names; "auto" is the first of damon and idle-page that is there and free. A
 * kernel that reclaims by itself cannot ask, so with @asks (a before_reclaim callback) it is passed over then.
 */
int drcl_backend_create(struct drcl_env *env, const struct damon_reclaim_config *config, bool asks,
                        const struct drcl_backend **ret, void **ret_backend);
/* Probes those that "auto" chooses from; their findings have the name of the backend in front. 0 if one works, else
 * what drcl_backend_create() would return. */
int drcl_backend_probe_auto(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);
/* The backend with that name, or NULL. */
const struct drcl_backend *drcl_backend_find(const char *name);
/* Backend number @index, or NULL past the last. */
const struct drcl_backend *drcl_backend_at(size_t index);

#endif
