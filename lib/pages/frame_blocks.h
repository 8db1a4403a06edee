/* SPDX-License-Identifier: MIT */
/*
 * What the 2 MiB blocks of physical memory are made of. Sampling asks here first, and reclaim passes over blocks of
 * which nothing is a user's.
 */
#ifndef DRCL_PAGES_FRAME_BLOCKS_H
#define DRCL_PAGES_FRAME_BLOCKS_H

#include "base/env.h"
#include "pages/blocks.h"
#include "sys/kpageflags.h"

/* What the frames of a block are, once all of them were looked at. */
struct drcl_frame_kinds {
    uint64_t heads[DRCL_HUGE_PAGES / 64]; /* small pages and heads of large ones, on an LRU list: one bit each */
    uint64_t tails[DRCL_HUGE_PAGES / 64];
    uint64_t nr_free;
};

struct drcl_frame_blocks {
    struct drcl_block *blocks;      /* DRCL_NR_BLOCKS; MAPPED: see kinds */
    struct drcl_frame_kinds *kinds; /* of each block */
    uint64_t nr_probes;             /* frames that were looked at to see whether their block is as it was */
};

/* 0 or -ENOMEM. Either way drcl_frame_blocks_fini() frees what there is. */
int drcl_frame_blocks_init(struct drcl_frame_blocks *table, struct drcl_env *env);
void drcl_frame_blocks_fini(struct drcl_frame_blocks *table, struct drcl_env *env);
void drcl_frame_blocks_forget(struct drcl_frame_blocks *table);

/* The frame of the first page of the block of @addr. */
static inline uint64_t drcl_first_frame(uint64_t addr)
{
    return drcl_block_start(addr) >> DRCL_PAGE_SHIFT;
}

/* Remembers what the block of @addr is made of. @words: those of kpageflags for all of its frames. */
struct drcl_block *drcl_frame_blocks_learn(struct drcl_frame_blocks *table, uint64_t addr, const uint64_t *words,
                                           uint32_t now_ms);

/* Whether what is remembered of the block still holds. It does the longer the more often the block was found to be the
 * same. */
bool drcl_frame_block_is_fresh(const struct drcl_block *block, uint32_t now_ms);

/* The head of the page that the frame of @addr, in a MAPPED block, is part of. False if that is on no LRU list. */
bool drcl_frame_blocks_head(const struct drcl_frame_blocks *table, const struct drcl_block *block, uint64_t addr,
                            uint64_t *ret_head);

/* Whether no frame of the block of @addr is a user's, as far as is remembered, and how many of them are free. If what
 * is remembered is not fresh, looks at a few frames of the block. */
bool drcl_frame_blocks_check_empty(struct drcl_frame_blocks *table, struct drcl_frame_file *kpageflags, uint64_t addr,
                                   uint32_t now_ms, uint64_t *ret_nr_free);

#endif
