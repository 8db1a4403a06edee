/* SPDX-License-Identifier: MIT */
/* Whether the kernel's thread answers. */
#ifndef DRCL_DAMON_AWAKE_H
#define DRCL_DAMON_AWAKE_H

#include "drivers/damon/damon.h"

/* Whether free memory is far from the watermarks, so that the thread is not asleep by now. */
bool drcl_damon_is_awake(struct drcl_view *view, const struct drcl_damon *d);
/* Whether the thread works, so that it answers soon. A thread that does not bring its files up to date by itself must
 * be awake for that. */
bool drcl_damon_is_working(struct drcl_view *view, const struct drcl_damon *d);

#endif
