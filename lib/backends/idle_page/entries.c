/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/entries.h"

/* Whether entries @i are a block's: the place in the table may hold another block by now, or the block may have become
 * something else. */
static bool is_in_use(const struct drcl_entries *entries, unsigned int i)
{
    const struct drcl_block *block = entries->block[i];

    return block && block->kind == DRCL_BLOCK_MAPPED && block->entries == i;
}

/* Memory that is there and that no block uses; else more memory, or that of another block. */
static unsigned int choose(const struct drcl_entries *entries)
{
    for (unsigned int i = 0; i < DRCL_NR_ENTRIES; i++)
        if (entries->of[i] && !is_in_use(entries, i))
            return i;
    return entries->next;
}

uint64_t *drcl_entries_take(struct drcl_entries *entries, struct drcl_env *env, struct drcl_block *block)
{
    unsigned int i = choose(entries);

    if (!entries->of[i])
        entries->of[i] = drcl_realloc_array(env, NULL, DRCL_HUGE_PAGES, sizeof(*entries->of[i]));
    if (!entries->of[i])
        return NULL;
    if (is_in_use(entries, i))
        entries->block[i]->kind = DRCL_BLOCK_UNKNOWN;
    if (i == entries->next)
        entries->next = (i + 1) % DRCL_NR_ENTRIES;
    entries->block[i] = block;
    block->kind = DRCL_BLOCK_MAPPED;
    block->entries = i % DRCL_NR_ENTRIES;
    return entries->of[i];
}

void drcl_entries_release(struct drcl_entries *entries, const struct drcl_block *blocks)
{
    for (size_t i = 0; i < DRCL_NR_ENTRIES; i++)
        if (entries->block[i] >= blocks && entries->block[i] < blocks + DRCL_NR_BLOCKS)
            entries->block[i] = NULL;
}

void drcl_entries_free(struct drcl_entries *entries, struct drcl_env *env)
{
    for (size_t i = 0; i < DRCL_NR_ENTRIES; i++)
        drcl_free(env, entries->of[i]);
}
