/* SPDX-License-Identifier: MIT */
/*
 * Finds the process that maps a frame. The kernel does not tell, so this code reads the pagemaps of all processes step
 * by step. It remembers the pages that only one process maps and that are in wanted frames, in a table of bounded size.
 * An answer may be out of date: before acting on it, check that the page is still there.
 */
#ifndef DRCL_IDLE_RMAP_H
#define DRCL_IDLE_RMAP_H

#include "base/env.h"
#include "pages/owners/run.h"

struct drcl_rmap;

/* @max_bytes bounds the table; what does not fit is not found. */
int drcl_rmap_new(struct drcl_env *env, size_t max_bytes, struct drcl_rmap **ret_rmap);
void drcl_rmap_free(struct drcl_rmap *rmap);

/* Sets the processes that are skipped, besides the calling one, in ascending order. The list is copied; what is known
 * about them is dropped. */
int drcl_rmap_exclude(struct drcl_rmap *rmap, const pid_t *pids, size_t n);

/* Announces that owners of the frames [start, end) will be asked for. If memory is short, they are not found. */
void drcl_rmap_want(struct drcl_rmap *rmap, uint64_t start, uint64_t end);

/* Goes on reading pagemaps until all that is wanted is known or the clock has reached @deadline_ns (0: no deadline). 1:
 * all is known; 0: the time is over; or a negative errno. */
int drcl_rmap_step(struct drcl_rmap *rmap, uint64_t deadline_ns);

/* Whether all owners in [start, end) are known. If so, no single process maps a frame that is not found. */
bool drcl_rmap_knows(const struct drcl_rmap *rmap, uint64_t start, uint64_t end);

/* Who maps the frame: the run that begins with it. */
bool drcl_rmap_find(struct drcl_rmap *rmap, uint64_t pfn, struct drcl_run *ret_run);

/* Reports that an answer was wrong. After too many wrong answers, and after a while in any case, the table is rebuilt.
 */
void drcl_rmap_was_wrong(struct drcl_rmap *rmap);

/* Drops what is known, because it is too old for the caller. What the current pass finds stays. */
void drcl_rmap_renew(struct drcl_rmap *rmap);

/* Frees memory and descriptors. Only the list of skipped processes stays. */
void drcl_rmap_reset(struct drcl_rmap *rmap);

/* Bytes that the table takes now. */
size_t drcl_rmap_bytes(const struct drcl_rmap *rmap);

#endif
