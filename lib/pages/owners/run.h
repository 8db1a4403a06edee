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

/* @pids are in ascending order. */
static inline bool drcl_pid_is_among(pid_t pid, const pid_t *pids, size_t n)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (pids[mid] < pid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && pids[low] == pid;
}

#endif
