/* SPDX-License-Identifier: MIT */
#include "comm.h"

#include <fnmatch.h>
#include <string.h>

#define COMM_LEN 15

bool comm_matches(const char *pattern, const char *comm)
{
    if (!fnmatch(pattern, comm, 0))
        return true;
    return strlen(comm) == COMM_LEN && !strpbrk(pattern, "*?[") && !strncmp(pattern, comm, COMM_LEN);
}
