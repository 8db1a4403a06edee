/* SPDX-License-Identifier: MIT */
/* Frees what a scheme has reclaimed and the kernel holds in the swap cache. */
#ifndef DRCL_RELEASE_H
#define DRCL_RELEASE_H

#include "engine/state.h"

/* Frees of scheme @id as much as can be freed until @deadline (0: no limit), and counts it. */
void drcl_engine_release(struct drcl_engine *engine, uint32_t id, uint64_t deadline);
/* The same for all schemes, while none is applied. */
void drcl_engine_release_all(struct drcl_engine *engine);

#endif
