/* SPDX-License-Identifier: MIT */
#ifndef DRCL_DAMON_PROBE_H
#define DRCL_DAMON_PROBE_H

#include "base/env.h"

/* Whether the backend would work here. See damon_reclaim_probe(). */
int drcl_damon_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);

#endif
