/* SPDX-License-Identifier: MIT */
#include "pages/blocks.h"

#define WAYS 4 /* places that a block may have, so that a few that want the same place do not push each other out */

struct drcl_block *drcl_block_slot(struct drcl_block *blocks, uint64_t addr)
{
    uint64_t key = (addr >> DRCL_HUGE_SHIFT) + 1;
    struct drcl_block *set = &blocks[((key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - 9)) * WAYS], *oldest = set;

    _Static_assert(DRCL_NR_BLOCKS == WAYS << 9, "the set is the top 9 bits");
    for (struct drcl_block *block = set; block < set + WAYS; block++) {
        if (block->key == key)
            return block;
        if ((int32_t)(block->born_ms - oldest->born_ms) < 0 || !block->key)
            oldest = block;
    }
    return oldest;
}

bool drcl_block_is(const struct drcl_block *block, uint64_t addr)
{
    return block->key == (addr >> DRCL_HUGE_SHIFT) + 1;
}

bool drcl_block_is_fresh(const struct drcl_block *block, uint32_t now_ms)
{
    return now_ms - block->born_ms < DRCL_BLOCK_FRESH_MS;
}

struct drcl_block *drcl_block_set(struct drcl_block *blocks, uint64_t addr, enum drcl_block_kind kind, uint64_t head,
                                  uint32_t now_ms)
{
    struct drcl_block *block = drcl_block_slot(blocks, addr);

    *block = (struct drcl_block){
        .key = (addr >> DRCL_HUGE_SHIFT) + 1, .head = head, .born_ms = now_ms, .nr_samples = 1, .kind = kind};
    return block;
}

void drcl_block_forget(struct drcl_block *blocks, uint64_t addr)
{
    struct drcl_block *block = drcl_block_slot(blocks, addr);

    if (drcl_block_is(block, addr))
        *block = (struct drcl_block){0};
}
