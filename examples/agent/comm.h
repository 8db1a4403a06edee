/* SPDX-License-Identifier: MIT */
/* What the kernel calls a program. */
#ifndef AGENT_COMM_H
#define AGENT_COMM_H

#include <stdbool.h>

/* Whether @pattern, as for fnmatch(3), names the program that the kernel calls @comm, which it cuts to 15 characters: a
 * pattern without wildcards is cut the same way. */
bool comm_matches(const char *pattern, const char *comm);

#endif
