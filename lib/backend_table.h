/* SPDX-License-Identifier: MIT */
/* Finds and creates built-in backends. */
#ifndef DRCL_BACKEND_TABLE_H
#define DRCL_BACKEND_TABLE_H

#include "backends/backend.h"

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
