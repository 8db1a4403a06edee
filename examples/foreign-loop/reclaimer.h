/* SPDX-License-Identifier: MIT */
/* What both programs of this directory need of the library beside their loops. */
#ifndef RECLAIMER_H
#define RECLAIMER_H

#include <damon_reclaim/damon_reclaim.h>

/* Makes a context and enables it: for the process argv[1], or for simulated memory without one. Returns NULL, and has
 * said why, if that fails. The caller owns the context and gets state_changed(). */
struct damon_reclaim *reclaimer_new(char **argv, const struct damon_reclaim_callbacks *callbacks, void *userdata);

/* One line of what was done so far. */
void reclaimer_print(struct damon_reclaim *ctx, const char *what);

#endif
