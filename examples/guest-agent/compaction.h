/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel to compact memory, so that what was reclaimed is free in whole blocks. The kernel answers when it has
 * done it, which can take seconds; a child process waits for that.
 */
#ifndef COMPACTION_H
#define COMPACTION_H

#include <stdint.h>

#include "agent/error.h"

struct compaction;
struct loop;

struct compaction_limits {
    uint64_t after;       /* bytes reclaimed since the last request; 0: never ask */
    uint64_t interval_ns; /* least time between two requests */
};

/* @root stands before /proc, "" but in tests, and must live as long. */
int compaction_new(struct loop *loop, const char *root, struct compaction **ret);

/* Asks if it is time. @reclaimed: all bytes so far. */
void compaction_consider(struct compaction *compaction, const struct compaction_limits *limits, uint64_t now_ns,
                         uint64_t reclaimed);

uint64_t compaction_nr_requests(const struct compaction *compaction);

/* Ends a request that is under way. NULL is fine. */
void compaction_free(struct compaction *compaction);

#endif
