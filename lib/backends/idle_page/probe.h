/* SPDX-License-Identifier: MIT */
/* Whether the backend would work here. */
#ifndef DRCL_IDLE_PROBE_H
#define DRCL_IDLE_PROBE_H

#include "base/env.h"

/* Opens for reading and reads, nothing else. See struct drcl_backend. */
int drcl_idle_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);

#endif
