/* SPDX-License-Identifier: MIT */
#include "pages/swap_cache.h"

#include <string.h>

#include "base/grow.h"

void drcl_swap_cache_fini(struct drcl_swap_cache *cache, struct drcl_env *env)
{
    drcl_free(env, cache->blocks);
}

static bool is_before(const struct drcl_swap_block *a, const struct drcl_swap_block *b)
{
    if (a->number != b->number)
        return a->number < b->number;
    return a->scheme != b->scheme ? a->scheme < b->scheme : a->target < b->target;
}

/* The first block that is not before the key. */
static size_t lower(const struct drcl_swap_cache *cache, const struct drcl_swap_block *key)
{
    size_t low = 0, high = cache->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (is_before(&cache->blocks[mid], key))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static uint64_t *word_of(struct drcl_swap_block *block, uint64_t pfn)
{
    return &block->frames[pfn % DRCL_HUGE_PAGES / 64];
}

static uint64_t bit_of(uint64_t pfn)
{
    return UINT64_C(1) << pfn % 64;
}

bool drcl_swap_cache_has(const struct drcl_swap_cache *cache, uint64_t pfn)
{
    const struct drcl_swap_block first = {.number = pfn / DRCL_HUGE_PAGES};

    for (size_t i = lower(cache, &first); i < cache->n && cache->blocks[i].number == first.number; i++)
        if (*word_of(&cache->blocks[i], pfn) & bit_of(pfn))
            return true;
    return false;
}

bool drcl_swap_cache_add(struct drcl_swap_cache *cache, struct drcl_env *env, uint32_t scheme, uint32_t target,
                         uint64_t pfn)
{
    const struct drcl_swap_block key = {.number = pfn / DRCL_HUGE_PAGES, .scheme = scheme, .target = target};
    struct drcl_swap_block *block;
    size_t i = lower(cache, &key);

    if (drcl_swap_cache_has(cache, pfn))
        return false;
    if (i == cache->n || is_before(&key, &cache->blocks[i])) {
        if (drcl_grow(env, &cache->blocks, &cache->capacity, cache->n + 1, sizeof(*cache->blocks)) < 0)
            return false;
        block = &cache->blocks[i];
        memmove(block + 1, block, (cache->n++ - i) * sizeof(*block));
        *block = key;
    }
    block = &cache->blocks[i];
    *word_of(block, pfn) |= bit_of(pfn);
    return true;
}

void drcl_swap_cache_remove(struct drcl_swap_cache *cache, const struct drcl_swap_block *key, uint64_t pfn)
{
    size_t i = lower(cache, key);
    struct drcl_swap_block *block = &cache->blocks[i];

    *word_of(block, pfn) &= ~bit_of(pfn);
    for (size_t k = 0; k < DRCL_HUGE_PAGES / 64; k++)
        if (block->frames[k])
            return;
    memmove(block, block + 1, (--cache->n - i) * sizeof(*block));
}

const struct drcl_swap_block *drcl_swap_cache_find(const struct drcl_swap_cache *cache,
                                                   const struct drcl_swap_block *from)
{
    for (size_t i = lower(cache, from); i < cache->n; i++)
        if (cache->blocks[i].scheme == from->scheme)
            return &cache->blocks[i];
    return NULL;
}

size_t drcl_swap_block_list(const struct drcl_swap_block *block, struct drcl_frame *frames)
{
    size_t n = 0;

    for (uint32_t i = 0; i < DRCL_HUGE_PAGES; i++)
        if (block->frames[i / 64] & bit_of(i))
            frames[n++] = (struct drcl_frame){.pfn = block->number * DRCL_HUGE_PAGES + i};
    return n;
}
