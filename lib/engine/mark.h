/* SPDX-License-Identifier: MIT */
/* Marking: the backend makes all pages of an idle region idle, so that any later access to one of them is seen. */
#ifndef DRCL_MARK_H
#define DRCL_MARK_H

#include "engine/state.h"

/* Marks the regions that a scheme may soon act on, as many as a part of the aggregation interval is enough for. */
void drcl_mark_regions(struct drcl_engine *engine);

#endif
