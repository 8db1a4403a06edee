/* SPDX-License-Identifier: MIT */
/* What --exclude names: memory that is never reclaimed. */
#ifndef EXCLUDE_H
#define EXCLUDE_H

#include <damon_reclaim/damon_reclaim.h>

#include "options.h"

struct exclude {
    const struct options *options;
    struct damon_reclaim_exclusion *items; /* those of the command line, then the processes of its commands */
    size_t n, nr_fixed;
    const char **commands; /* of command:NAME */
    size_t nr_commands;
};

/* How an exclusion is written, for the help. */
extern const char exclude_help[];

/* Sets the list. Returns CLI_OK, or the exit code with a message. exclude_free() in any case. */
int exclude_start(struct exclude *exclude, const struct options *options, struct damon_reclaim *ctx);

/* Looks for processes of the commands that came or went. Returns whether the list has changed, and is to be set. */
bool exclude_scan(struct exclude *exclude);
int exclude_set(const struct exclude *exclude, struct damon_reclaim *ctx); /* returns as exclude_start() */

/* Whether the process is one that is excluded. */
bool exclude_has(const struct exclude *exclude, pid_t pid);

void exclude_free(struct exclude *exclude);

#endif
