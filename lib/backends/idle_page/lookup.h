/* SPDX-License-Identifier: MIT */
/* Which page is behind an address of a process that is sampled: from what is remembered of its block, or else from
 * pagemap and kpageflags. */
#ifndef DRCL_IDLE_LOOKUP_H
#define DRCL_IDLE_LOOKUP_H

#include "backends/idle_page/idle_page.h"

/* Finds the page behind each sample of the target: their state and frame. */
int drcl_idle_look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);
/* Looks again for the samples whose page was absent: those that have come are in the state CAME. */
int drcl_idle_look_again(struct drcl_idle_page *b, struct drcl_idle_target *t);

#endif
