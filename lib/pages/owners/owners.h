/* SPDX-License-Identifier: MIT */
/* A table from frames to where a process maps them, of bounded size. What it costs does not depend on how much memory
 * there is, only on how scattered is what was put in: a run of frames takes as much as a single one. */
#ifndef DRCL_IDLE_OWNERS_H
#define DRCL_IDLE_OWNERS_H

#include "base/env.h"
#include "pages/owners/run.h"

/* Consecutive frames at consecutive addresses of one process, within a block of DRCL_OWNERS_BLOCK frames. */
#define DRCL_OWNERS_BLOCK 512 /* those of a huge page */

struct drcl_owner {
    uint64_t pfn;   /* the first */
    uint64_t where; /* the address of its page, a multiple of the page size; plus the number of frames less one */
    pid_t pid;
    uint32_t next; /* in the bucket */
};

struct drcl_owners {
    struct drcl_env *env;
    size_t max_bytes;
    struct drcl_owner *runs;
    size_t n, capacity;
    uint32_t *buckets; /* by block; as many as a power of two */
    unsigned int bits;
};

void drcl_owners_init(struct drcl_owners *owners, struct drcl_env *env, size_t max_bytes);
void drcl_owners_fini(struct drcl_owners *owners);

/* 0; -ENOSPC if the table is full; or -ENOMEM. After an error, the first part of the run may be in the table. */
int drcl_owners_add(struct drcl_owners *owners, struct drcl_run run);

/* The run that was put in last for a frame, from this frame on. */
bool drcl_owners_find(const struct drcl_owners *owners, uint64_t pfn, struct drcl_run *ret);

/* Removes the runs of the processes, which are in ascending order. */
void drcl_owners_forget(struct drcl_owners *owners, const pid_t *pids, size_t n);
/* Removes all runs but the @n that were put in first. The memory is kept. */
void drcl_owners_truncate(struct drcl_owners *owners, size_t n);

size_t drcl_owners_bytes(const struct drcl_owners *owners);

#endif
