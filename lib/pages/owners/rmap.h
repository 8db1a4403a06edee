/* SPDX-License-Identifier: MIT */
/*
 * Who maps a frame. The kernel does not tell, so the processes' pagemaps are read, a step at a time, and of the pages
 * that they map alone what lies in wanted frames is kept, in a table of bounded size.
 *
 * The answers may be old: whoever acts on one first looks whether the page is still there.
 */
#ifndef DRCL_IDLE_RMAP_H
#define DRCL_IDLE_RMAP_H

#include "base/env.h"
#include "pages/owners/run.h"

struct drcl_rmap;

/* @max_bytes bounds the table; what does not fit is not found. */
int drcl_rmap_new(struct drcl_env *env, size_t max_bytes, struct drcl_rmap **ret_rmap);
void drcl_rmap_free(struct drcl_rmap *rmap);

/* Processes that are passed over, beside the calling one, in ascending order. Copied; what is known of them is dropped.
 */
int drcl_rmap_exclude(struct drcl_rmap *rmap, const pid_t *pids, size_t n);

/* Frames [start, end) will be asked for. Without memory to note it they will not be found. */
void drcl_rmap_want(struct drcl_rmap *rmap, uint64_t start, uint64_t end);

/* Goes on reading pagemaps until all that is wanted is known or the clock has reached @deadline_ns (0: no deadline). 1:
 * all is known; 0: the time is over; or a negative errno. */
int drcl_rmap_step(struct drcl_rmap *rmap, uint64_t deadline_ns);

/* Whether [start, end) is known, so that a frame that is not found is mapped by nobody alone. */
bool drcl_rmap_knows(const struct drcl_rmap *rmap, uint64_t start, uint64_t end);

/* Who maps the frame: the run that begins with it. */
bool drcl_rmap_find(struct drcl_rmap *rmap, uint64_t pfn, struct drcl_run *ret_run);

/* An answer was wrong: after too many of them, and after a while in any case, the table is made anew. */
void drcl_rmap_was_wrong(struct drcl_rmap *rmap);

/* What is known is too old for whoever asks: it has to be found out anew. Not what a pass is finding out now. */
void drcl_rmap_renew(struct drcl_rmap *rmap);

/* Back to how it was made, but for who is passed over: holds no memory and no descriptor. */
void drcl_rmap_reset(struct drcl_rmap *rmap);

/* Bytes that the table takes now. */
size_t drcl_rmap_bytes(const struct drcl_rmap *rmap);

#endif
