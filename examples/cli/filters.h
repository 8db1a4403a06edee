/* SPDX-License-Identifier: MIT */
/* The rules of --filter: which of the cold memory goes, and which stays. */
#ifndef FILTERS_H
#define FILTERS_H

#include <damon_reclaim/damon_reclaim.h>

#include "options.h"

/* How a rule is written, for the help. */
extern const char filters_help[];

/* Makes the rules filters of the reclaim scheme, in their order. Returns
 * CLI_OK, or the exit code with a message. */
int filters_set(const struct options *options, struct damon_reclaim *ctx);

#endif
