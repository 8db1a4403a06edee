/* SPDX-License-Identifier: MIT */
/* What the 2 MiB blocks of a target are made of: tables of fixed size in which a newcomer takes the place of an older
 * one. */
#include "backends/idle_page/idle_page.h"

#define WAYS 4 /* places that a block may have, so that a few in the same place do not drive each other out */

struct drcl_block *drcl_block_slot(struct drcl_block *blocks, uint64_t addr)
{
    uint64_t key = (addr >> DRCL_BLOCK_SHIFT) + 1;
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
    return block->key == (addr >> DRCL_BLOCK_SHIFT) + 1;
}

bool drcl_block_fresh(const struct drcl_block *block, uint32_t now_ms)
{
    return now_ms - block->born_ms < DRCL_FRESH_MS;
}

struct drcl_block *drcl_block_set(struct drcl_block *blocks, uint64_t addr, enum drcl_block_kind kind, uint64_t head,
                                  uint32_t now_ms)
{
    struct drcl_block *block = drcl_block_slot(blocks, addr);

    *block = (struct drcl_block){
        .key = (addr >> DRCL_BLOCK_SHIFT) + 1, .head = head, .born_ms = now_ms, .nr_samples = 1, .kind = kind};
    return block;
}

void drcl_block_forget(struct drcl_block *blocks, uint64_t addr)
{
    struct drcl_block *block = drcl_block_slot(blocks, addr);

    if (drcl_block_is(block, addr))
        *block = (struct drcl_block){0};
}

/* Whether layout @i is a block's: the owner's place may hold another block by now, or what it holds be renewed. */
static bool is_in_use(const struct drcl_layouts *layouts, unsigned int i)
{
    const struct drcl_block *owner = layouts->owner[i];

    return owner && owner->kind == DRCL_BLOCK_LAYOUT && owner->layout == i;
}

/* One that is there and that nobody uses, before there is another one or somebody loses his. */
static unsigned int choose_layout(const struct drcl_layouts *layouts)
{
    for (unsigned int i = 0; i < DRCL_NR_LAYOUTS; i++)
        if (layouts->entries[i] && !is_in_use(layouts, i))
            return i;
    return layouts->next;
}

uint64_t *drcl_block_take_layout(struct drcl_layouts *layouts, struct drcl_env *env, struct drcl_block *block)
{
    unsigned int i = choose_layout(layouts);

    if (!layouts->entries[i])
        layouts->entries[i] = drcl_realloc_array(env, NULL, DRCL_BLOCK_PAGES, sizeof(*layouts->entries[i]));
    if (!layouts->entries[i])
        return NULL;
    if (is_in_use(layouts, i))
        layouts->owner[i]->kind = DRCL_BLOCK_UNKNOWN;
    if (i == layouts->next)
        layouts->next = (i + 1) % DRCL_NR_LAYOUTS;
    layouts->owner[i] = block;
    block->kind = DRCL_BLOCK_LAYOUT;
    block->layout = (uint8_t)i;
    return layouts->entries[i];
}

void drcl_layouts_release(struct drcl_layouts *layouts, const struct drcl_block *blocks)
{
    for (size_t i = 0; i < DRCL_NR_LAYOUTS; i++)
        if (layouts->owner[i] >= blocks && layouts->owner[i] < blocks + DRCL_NR_BLOCKS)
            layouts->owner[i] = NULL;
}

void drcl_layouts_free(struct drcl_layouts *layouts, struct drcl_env *env)
{
    for (size_t i = 0; i < DRCL_NR_LAYOUTS; i++)
        drcl_free(env, layouts->entries[i]);
}
