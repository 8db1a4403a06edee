/* SPDX-License-Identifier: MIT */
/* How both programs in this directory use the library, apart from their event loops. */
#ifndef RECLAIMER_H
#define RECLAIMER_H

#include <damon_reclaim/damon_reclaim.h>

/* Makes a context and enables it: for the process argv[1], or without it for simulated memory. If that fails, it prints
 * the reason and returns NULL. The caller owns the context. */
struct damon_reclaim *reclaimer_new(char **argv, const struct damon_reclaim_callbacks *callbacks, void *userdata);

/* Prints in one line what was done so far. */
void reclaimer_print(struct damon_reclaim *ctx, const char *what);

#endif
