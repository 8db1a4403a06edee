/* SPDX-License-Identifier: MIT */
/* Sampling: `Documentation/mm/damon/design.rst` of the kernel, "Region Based Sampling". */
#ifndef DRCL_SAMPLE_H
#define DRCL_SAMPLE_H

#include "engine/state.h"

/* Draws an address in each region, and has the backend watch it from now on. */
void drcl_sample_prepare(struct drcl_engine *engine);

/* Asks the backend which of these addresses were accessed since, and counts. */
void drcl_sample_check(struct drcl_engine *engine);

#endif
