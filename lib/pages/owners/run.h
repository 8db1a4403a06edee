/* SPDX-License-Identifier: MIT */
/* A run: consecutive frames that a process maps at consecutive addresses. */
#ifndef DRCL_OWNERS_RUN_H
#define DRCL_OWNERS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct drcl_run {
    uint64_t pfn;  /* the first frame */
    uint64_t addr; /* where the process has it */
    uint64_t pages;
    pid_t pid;
};

static inline bool drcl_pid_is_among(pid_t pid, const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

#endif
