/* SPDX-License-Identifier: MIT */
/* What the 2 MiB blocks of a target are made of: a table of fixed size in which a newcomer takes the place of an older one. */
#include "backends/idle_page/idle_page.h"

#define FRESH_MS 1000

static struct drcl_block *slot(struct drcl_block *blocks, uint64_t key)
{
    return &blocks[(key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - 11)];
}

struct drcl_block *drcl_block_find(struct drcl_block *blocks, uint64_t addr, uint32_t now_ms)
{
    uint64_t key = (addr >> DRCL_BLOCK_SHIFT) + 1;
    struct drcl_block *block = slot(blocks, key);

    return block->key == key && now_ms - block->born_ms < FRESH_MS ? block : NULL;
}

void drcl_block_set(struct drcl_block *blocks, uint64_t addr, enum drcl_block_kind kind, uint64_t head, uint32_t now_ms)
{
    uint64_t key = (addr >> DRCL_BLOCK_SHIFT) + 1;

    _Static_assert(DRCL_NR_BLOCKS == 1 << 11, "the slot is the top 11 bits");
    *slot(blocks, key) = (struct drcl_block){ .key = key, .head = head, .born_ms = now_ms, .kind = kind };
}

void drcl_block_forget(struct drcl_block *blocks, uint64_t addr)
{
    uint64_t key = (addr >> DRCL_BLOCK_SHIFT) + 1;
    struct drcl_block *block = slot(blocks, key);

    if (block->key == key)
        *block = (struct drcl_block){ 0 };
}
