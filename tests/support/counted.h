/* SPDX-License-Identifier: MIT */
/* Memory that is counted, and of which any allocation can be made to fail. */
#ifndef DRCL_TEST_COUNTED_H
#define DRCL_TEST_COUNTED_H

#include "damon_reclaim/damon_reclaim.h"

struct counted {
    size_t nr_calls;   /* allocations asked for */
    size_t fail_at;    /* the one to fail, counted from 1; 0: none */
    size_t nr_blocks;  /* not freed */
    size_t live, peak; /* bytes of them, now and at most */
};

/* Blocks never grow in place, and what is freed is overwritten, so that a pointer that went stale is found out. */
struct damon_reclaim_allocator counted_allocator(struct counted *counted);

#endif
