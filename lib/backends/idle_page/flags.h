/* SPDX-License-Identifier: MIT */
/* What kind of page is in the frame of a sample, as kpageflags tells. */
#ifndef DRCL_IDLE_FLAGS_H
#define DRCL_IDLE_FLAGS_H

#include "backends/idle_page/idle_page.h"

/* Makes room for the frames of @n samples. */
int drcl_idle_reserve_asked(struct drcl_idle_page *b, size_t n);

/* Finds out what kind of page is in the frame of each sample in the state UNKNOWN, and remembers it of its block. */
int drcl_idle_look_at_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);

/* Looks again at the pages that are not idle and were only taken for small ones: they may never have been able to be
 * idle. Those become NOTHING. */
int drcl_idle_check_assumed(struct drcl_idle_page *b, struct drcl_idle_target *t);

#endif
