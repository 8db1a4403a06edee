/* SPDX-License-Identifier: MIT */
/*
 * The frames of physical memory: found through kpageflags, reclaimed by advice on their owners' addresses. A batch is
 * the rest of a 2 MiB block: its folios are judged in the order of the frames, and those that are to go are claimed
 * from their owners. A batch that could not be completed for want of time is looked at again next time.
 */
#ifndef DRCL_PAGES_FRAME_SOURCE_H
#define DRCL_PAGES_FRAME_SOURCE_H

#include "pages/walk.h"

/* Walks over frames; walk->physical is set. Instead of drcl_walk(), as some of what it does is completed at the end. */
int drcl_frame_walk(struct drcl_walk *walk);

#endif
