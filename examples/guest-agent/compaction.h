/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel to compact memory, so that reclaimed memory becomes free in whole blocks. The kernel answers when it
 * has finished, which can take seconds. A child process waits for the answer.
 */
#ifndef COMPACTION_H
#define COMPACTION_H

#include <stdint.h>

#include "common/error.h"

struct compaction;
struct loop;

struct compaction_limits {
    uint64_t after;       /* bytes reclaimed since the last request, and bytes free in blocks that are too small to be
                             reported to the host; 0: never ask */
    uint64_t interval_ns; /* least time between two requests */
};

/* @root is the directory above /proc: "", except in tests. It must stay valid as long as the object. */
int compaction_new(struct loop *loop, const char *root, struct compaction **ret);

/* Asks the kernel if it is time to, and tasks do not wait for memory. @reclaimed: bytes reclaimed since the start. */
void compaction_consider(struct compaction *compaction, const struct compaction_limits *limits, uint64_t now_ns,
                         uint64_t reclaimed);

uint64_t compaction_nr_requests(const struct compaction *compaction);

/* Stops a request that is running. @compaction may be NULL. */
void compaction_free(struct compaction *compaction);

#endif
