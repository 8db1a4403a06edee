/* SPDX-License-Identifier: MIT */
/* The kernel's thread: on, off, and its configuration. */
#ifndef DRCL_DAMON_KDAMOND_H
#define DRCL_DAMON_KDAMOND_H

#include "drivers/damon/damon.h"

int drcl_damon_switch_off(struct drcl_damon *d);
/* Configures the thread as the engine's structures say. It has begun a command when it returns, whose result
 * drcl_damon_end_commit() takes. On failure the thread goes on as before, if it still runs. */
int drcl_damon_reconfigure(struct drcl_view *view, struct drcl_damon *d);
int drcl_damon_end_commit(struct drcl_view *view, struct drcl_damon *d, int result);
/* Both, with the wait in between. */
int drcl_damon_apply(struct drcl_view *view, struct drcl_damon *d);
/* Whether the kernel has what the engine's structures say. */
bool drcl_damon_is_up_to_date(const struct drcl_view *view, const struct drcl_damon *d);
/* Whether the targets that the kernel has are the first of the handle's: they are, unless one was removed. */
bool drcl_damon_only_grown(const struct drcl_view *view, const struct drcl_damon *d);

#endif
