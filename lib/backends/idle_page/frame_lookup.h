/* SPDX-License-Identifier: MIT */
/* Which page is behind an address of physical memory that is sampled. What is on no LRU list (free, the kernel's,
 * hugetlb) is not accessed and costs nothing, and tails answer at their head. */
#ifndef DRCL_IDLE_FRAME_LOOKUP_H
#define DRCL_IDLE_FRAME_LOOKUP_H

#include "backends/idle_page/idle_page.h"

/* Finds the page behind each sample of the target: their state and frame. */
int drcl_idle_look_up_frames(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);

#endif
