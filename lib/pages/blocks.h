/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of the 2 MiB blocks of a target, so that not every page is looked up each time. A table of fixed
 * size, in which a new block takes the place of an older one. For a process sampling keeps it; for physical memory
 * frame_blocks.h does.
 */
#ifndef DRCL_PAGES_BLOCKS_H
#define DRCL_PAGES_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/page.h"

#define DRCL_NR_BLOCKS      2048 /* of a table, a power of two */
#define DRCL_BLOCK_FRESH_MS 1000 /* how long what is remembered holds */
#define DRCL_MAX_TICK       ((UINT32_C(1) << 21) - 1)

enum drcl_block_kind {
    DRCL_BLOCK_UNKNOWN,
    DRCL_BLOCK_SMALL,  /* small pages on LRU lists, as far as they were looked at */
    DRCL_BLOCK_MAPPED, /* small pages and gaps, all known: for each page something is remembered elsewhere */
    DRCL_BLOCK_ABSENT, /* nothing is there */
    DRCL_BLOCK_HUGE,   /* one huge page on an LRU list */
    DRCL_BLOCK_NONE    /* nothing that takes part: hugetlb, the huge zero page; of frames: no page on an LRU list */
};

struct drcl_block {
    uint64_t key;  /* number of the block + 1; 0: empty */
    uint64_t head; /* HUGE: frame of the head */
    uint32_t born_ms;
    uint32_t nr_samples;     /* since then */
    uint32_t kind : 3;       /* enum drcl_block_kind */
    uint32_t entries : 6;    /* of a process, MAPPED: number of its remembered entries */
    uint32_t nr_same : 2;    /* of frames: how often it was found to be the same, as far as that matters */
    uint32_t idle_tick : 21; /* HUGE: the tick of sampling that found it idle, at most DRCL_MAX_TICK; 0: none */
};

/* The first address of the block that @addr is in. */
static inline uint64_t drcl_block_start(uint64_t addr)
{
    return addr & ~(DRCL_HUGE_SIZE - 1);
}

/* The number of the page at @addr in its block. */
static inline size_t drcl_block_page(uint64_t addr)
{
    return (size_t)(addr >> DRCL_PAGE_SHIFT) % DRCL_HUGE_PAGES;
}

/* The place of the block of @addr; the one to be used for it, which may hold another block, if it has none. */
struct drcl_block *drcl_block_slot(struct drcl_block *blocks, uint64_t addr);
bool drcl_block_is(const struct drcl_block *block, uint64_t addr);
/* Whether what is remembered of the block still holds. */
bool drcl_block_is_fresh(const struct drcl_block *block, uint32_t now_ms);
/* Replaces what is in the place of the block of @addr. */
struct drcl_block *drcl_block_set(struct drcl_block *blocks, uint64_t addr, enum drcl_block_kind kind, uint64_t head,
                                  uint32_t now_ms);
void drcl_block_forget(struct drcl_block *blocks, uint64_t addr);

#endif
