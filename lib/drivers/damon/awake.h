/* SPDX-License-Identifier: MIT */
/* Whether the kernel's thread answers. */
#ifndef DRCL_DAMON_AWAKE_H
#define DRCL_DAMON_AWAKE_H

#include "drivers/damon/damon.h"

/* Whether free memory is so far from the watermarks that the kernel's thread cannot be asleep now. */
bool drcl_damon_is_awake(struct drcl_view *view, const struct drcl_damon *d);
/* Whether the thread works. If it does, it answers soon. A thread that updates its files only on request has to be
 * awake for that. */
bool drcl_damon_is_working(struct drcl_view *view, const struct drcl_damon *d);

#endif
