/* SPDX-License-Identifier: MIT */
/* What is never reclaimed, as text. */
#ifndef COMMON_EXCLUSION_H
#define COMMON_EXCLUSION_H

#include <damon_reclaim/damon_reclaim.h>

/* Reads a process (N), a cgroup (PATH) or a range (START-END, as in 0x1000-1GiB) or a command (NAME). A path and a name
 * stay those of @text. False if it is none. */
bool exclusion_parse(enum damon_reclaim_exclusion_type type, const char *text, struct damon_reclaim_exclusion *ret);

#endif
