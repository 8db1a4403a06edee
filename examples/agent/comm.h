/* SPDX-License-Identifier: MIT */
/* The name that the kernel has for a program. */
#ifndef AGENT_COMM_H
#define AGENT_COMM_H

#include <stdbool.h>

/* Whether @pattern (for fnmatch(3)) matches @comm, the name of a program that the kernel has truncated to 15
 * characters. A pattern without wildcards is truncated in the same way. */
bool comm_matches(const char *pattern, const char *comm);

#endif
