/* SPDX-License-Identifier: MIT */
/*
 * Frames that were reclaimed and are not free yet. A write to a disk takes its time: the kernel unmaps a page, puts it
 * into the swap cache and starts to write. When the write has ended, the page stays where it is until somebody reclaims
 * it once more, and no process has it any more whom advice could be given on. So the frames are remembered here, one
 * bit each, until they are free (release.h).
 */
#ifndef DRCL_PAGES_SWAP_CACHE_H
#define DRCL_PAGES_SWAP_CACHE_H

#include "base/env.h"
#include "sys/frames.h"

/* The frames of 2 MiB that one scheme has reclaimed of one target. */
struct drcl_swap_block {
    uint64_t number; /* of the first frame, divided by DRCL_HUGE_PAGES */
    uint32_t scheme, target;
    uint64_t frames[DRCL_HUGE_PAGES / 64]; /* one bit each, never all 0 */
};

/*
 * A pass over all blocks. Whoever is asked to free memory chooses what goes. So a pass that asks is followed by one
 * that looks whether it was this memory: if so, the next one may ask for more, else nobody is asked for a while.
 */
struct drcl_swap_pass {
    bool looks;     /* it asks nobody */
    uint64_t asked; /* bytes, since the last pass that only looked */
    uint64_t freed; /* in the same time */
    uint64_t stuck; /* bytes that are written, and nobody can be asked to free them */
};

struct drcl_swap_cache {
    struct drcl_swap_block *blocks; /* by number, then scheme, then target */
    size_t n, capacity;
    struct drcl_swap_block next; /* the key of the block to be looked at next, or of one before it */
    uint64_t next_look_ns;       /* when, CLOCK_MONOTONIC */
    uint64_t pause_ns;           /* between looks: the longer the less there was to see */
    struct drcl_swap_pass pass;  /* that is under way */
    uint64_t window;             /* bytes that a pass may ask for */
    uint64_t ask_again_ns;       /* nobody is asked until then */
    uint64_t ask_pause_ns;       /* how long it was before that; 0: nothing went wrong the last time */
    bool told;                   /* that nothing can free what is here */
};

void drcl_swap_cache_fini(struct drcl_swap_cache *cache, struct drcl_env *env);
/* Remembers a frame. False if it is remembered already, or without memory for it. */
bool drcl_swap_cache_add(struct drcl_swap_cache *cache, struct drcl_env *env, uint32_t scheme, uint32_t target,
                         uint64_t pfn);
/* Forgets a frame that is in a block with the key of @block. */
void drcl_swap_cache_remove(struct drcl_swap_cache *cache, const struct drcl_swap_block *block, uint64_t pfn);
bool drcl_swap_cache_has(const struct drcl_swap_cache *cache, uint64_t pfn);
/* The first block of the scheme from the key of @from on; NULL if there is none. */
const struct drcl_swap_block *drcl_swap_cache_find(const struct drcl_swap_cache *cache,
                                                   const struct drcl_swap_block *from);
/* Lists the frames of a block, sorted: how many, at most DRCL_HUGE_PAGES. */
size_t drcl_swap_block_list(const struct drcl_swap_block *block, struct drcl_frame *frames);

#endif
