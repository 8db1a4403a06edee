/* SPDX-License-Identifier: MIT */
#include "pages/frame_blocks.h"

#include <errno.h>
#include <string.h>

#define MAX_SAME      3     /* a block that stays the same holds for 2, 4, then 8 seconds */
#define PROBES        4     /* frames of a block, to see whether it is as it was */
#define MAX_PROBED_MS 64000 /* after which all of them are looked at again */

int drcl_frame_blocks_init(struct drcl_frame_blocks *table, struct drcl_env *env)
{
    table->blocks = drcl_zalloc(env, DRCL_NR_BLOCKS * sizeof(*table->blocks));
    table->kinds = drcl_zalloc(env, DRCL_NR_BLOCKS * sizeof(*table->kinds));
    return table->blocks && table->kinds ? 0 : -ENOMEM;
}

void drcl_frame_blocks_fini(struct drcl_frame_blocks *table, struct drcl_env *env)
{
    drcl_free(env, table->blocks);
    drcl_free(env, table->kinds);
}

void drcl_frame_blocks_forget(struct drcl_frame_blocks *table)
{
    memset(table->blocks, 0, DRCL_NR_BLOCKS * sizeof(*table->blocks));
}

static bool bit(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Whether one huge page is all of the block. */
static bool is_one(const struct drcl_frame_kinds *kinds)
{
    size_t i = 1;

    while (i < DRCL_HUGE_PAGES && bit(kinds->tails, i))
        i++;
    return i == DRCL_HUGE_PAGES && bit(kinds->heads, 0);
}

bool drcl_frame_block_is_fresh(const struct drcl_block *block, uint32_t now_ms)
{
    return now_ms - block->born_ms < (uint32_t)DRCL_BLOCK_FRESH_MS << block->nr_same;
}

struct drcl_block *drcl_frame_blocks_learn(struct drcl_frame_blocks *table, uint64_t addr, const uint64_t *words,
                                           uint32_t now_ms)
{
    struct drcl_block before = *drcl_block_slot(table->blocks, addr);
    struct drcl_block *block = drcl_block_set(table->blocks, addr, DRCL_BLOCK_UNKNOWN, drcl_first_frame(addr), now_ms);
    struct drcl_frame_kinds *kinds = &table->kinds[block - table->blocks], old = *kinds;
    bool any = false;

    memset(kinds, 0, sizeof(*kinds));
    for (size_t i = 0; i < DRCL_HUGE_PAGES; i++) {
        if (words[i] & DRCL_KPF_COMPOUND_TAIL) {
            set_bit(kinds->tails, i);
        } else if (words[i] & DRCL_KPF_LRU) {
            set_bit(kinds->heads, i);
            any = true;
        }
        kinds->nr_free += (words[i] & DRCL_KPF_FREE) != 0;
    }
    block->kind = !any ? DRCL_BLOCK_NONE : is_one(kinds) ? DRCL_BLOCK_HUGE : DRCL_BLOCK_MAPPED;
    if (!drcl_block_is(&before, addr) || memcmp(&old, kinds, sizeof(old)) != 0)
        return block;
    block->idle_tick = before.idle_tick;
    block->nr_same = before.nr_same < MAX_SAME ? (before.nr_same + 1) & MAX_SAME : MAX_SAME;
    return block;
}

bool drcl_frame_blocks_head(const struct drcl_frame_blocks *table, const struct drcl_block *block, uint64_t addr,
                            uint64_t *ret_head)
{
    const struct drcl_frame_kinds *kinds = &table->kinds[block - table->blocks];
    size_t head = drcl_block_page(addr);

    while (head > 0 && bit(kinds->tails, head))
        head--;
    *ret_head = drcl_first_frame(addr) + head;
    return bit(kinds->heads, head);
}

/* Looks at a few frames of a block of which nothing was a user's, others each time: whether they are as they were. */
static bool probe(struct drcl_frame_blocks *table, struct drcl_frame_file *kpageflags,
                  const struct drcl_frame_kinds *kinds, uint64_t addr)
{
    for (int i = 0; i < PROBES; i++) {
        size_t at = (size_t)(++table->nr_probes * UINT64_C(0x9e3779b97f4a7c15) >> (64 - 9));
        uint64_t word;
        bool is_tail;

        _Static_assert(DRCL_HUGE_PAGES == 1 << 9, "a frame is the top 9 bits");
        if (drcl_frame_file_read(kpageflags, drcl_first_frame(addr) + at, 1, &word) < 0)
            return false;
        is_tail = word & DRCL_KPF_COMPOUND_TAIL;
        if (is_tail != bit(kinds->tails, at) || (!is_tail && (word & DRCL_KPF_LRU)))
            return false;
    }
    return true;
}

bool drcl_frame_blocks_check_empty(struct drcl_frame_blocks *table, struct drcl_frame_file *kpageflags, uint64_t addr,
                                   uint32_t now_ms, uint64_t *ret_nr_free)
{
    const struct drcl_block *block = drcl_block_slot(table->blocks, addr);
    const struct drcl_frame_kinds *kinds = &table->kinds[block - table->blocks];

    if (!drcl_block_is(block, addr) || block->kind != DRCL_BLOCK_NONE)
        return false;
    if (!drcl_frame_block_is_fresh(block, now_ms) &&
        (now_ms - block->born_ms >= MAX_PROBED_MS || !probe(table, kpageflags, kinds, addr)))
        return false;
    *ret_nr_free = kinds->nr_free;
    return true;
}
