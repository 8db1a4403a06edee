/* SPDX-License-Identifier: MIT */
/* Ways to reclaim the memory of a program, each as somebody would use it: for benchmarks that compare them. */
#ifndef RECLAIMER_H
#define RECLAIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is reclaimed. */
struct reclaimer_aim {
    pid_t pid;           /* the process, or 0: physical memory */
    const char *cgroup;  /* the program's cgroup, below the root */
    const char *min_age; /* us */
};

/* What a way has done so far. */
struct reclaimer_figures {
    uint64_t cpu_ns;           /* of its process, and of the kernel's thread that it drives */
    uint64_t monitor_ns;       /* of it; 0 if nobody tells */
    uint64_t reclaim_ns;       /* of it; 0 if nobody tells */
    uint64_t tried, reclaimed; /* bytes, as it tells; 0 if it does not */
};

/* Starts the way of that name, or exits with a message:
 *
 *   nothing             nobody reclaims
 *   module              the kernel's module DAMON_RECLAIM, which works on physical memory
 *   BACKEND[,NAME=VALUE...]
 *                       the library with that backend, and parameters that are not the default ones
 *   psi                 asks the cgroup's memory.reclaim for a part of its memory each second, as long as its tasks
 *                       hardly wait for memory
 *   SCHED_IDLE:WAY      one of the last two in the scheduling policy SCHED_IDLE: all others go first
 */
void reclaimer_start(const char *way, const struct reclaimer_aim *aim);
/* Ends it. */
void reclaimer_stop(void);
struct reclaimer_figures reclaimer_figures(void);

#endif
