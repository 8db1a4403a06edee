/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/lookup.h"

#include <string.h>

#include "backends/idle_page/flags.h"

#define GAP_PAGES 32 /* reading this many entries of pagemap for nothing costs less than another call */
#define CAME      (UINT64_C(1) << 60) /* in an entry that is kept, where pagemap has no bit: was absent at the last look */
#define MANY      16 /* samples of a block in a second that make it worth while to read all of its entries */

typedef int found_fn(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                     uint32_t now_ms);

/* Reads the pagemap entries of all samples in the state @which, neighbours in one call, and hands them to @found. */
static int each_entry(struct drcl_idle_page *b, struct drcl_idle_target *t, enum drcl_sample_state which,
                      found_fn *found, uint32_t now)
{
    uint64_t entries[DRCL_BATCH_PAGES];

    for (size_t i = 0, next; i < t->nr_samples; i = next) {
        uint64_t first = t->samples[i].addr >> DRCL_PAGE_SHIFT, last = first;
        int r;

        next = i + 1;
        if (t->samples[i].state != which)
            continue;
        for (; next < t->nr_samples; next++) {
            uint64_t page = t->samples[next].addr >> DRCL_PAGE_SHIFT;

            if (page < last || page - last > GAP_PAGES || page - first >= DRCL_BATCH_PAGES)
                break;
            if (t->samples[next].state == which)
                last = page;
        }
        r = drcl_pagemap_read(&t->pages->mm.map, first << DRCL_PAGE_SHIFT, (size_t)(last - first) + 1, entries);
        for (size_t k = i; r == 0 && k < next; k++)
            if (t->samples[k].state == which)
                r = found(b, t, &t->samples[k], entries[(t->samples[k].addr >> DRCL_PAGE_SHIFT) - first], now);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

/* Whether the frame is part of a large page: 1, 0 or an error. */
static int is_compound(struct drcl_idle_page *b, uint64_t pfn)
{
    struct drcl_frame frame = {.pfn = pfn};
    int r = drcl_kpageflags_get(&b->pages->files.kpageflags, &frame, 1);

    return r < 0 ? r : (frame.flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL)) != 0;
}

/* Notes in the block that nothing is in it, if the kernel can tell and tells so: then 1, else 0, or an error. */
static int note_hole(struct drcl_idle_target *t, struct drcl_block *block, uint64_t addr)
{
    uint64_t start = drcl_block_start(addr), end = start + DRCL_HUGE_SIZE, present, present_end;
    int r;

    if (t->pages->mm.map.no_scan)
        return 0;
    r = drcl_pagemap_next_present(&t->pages->mm.map, start, end, &present, &present_end);
    if (r < 0 || present < end)
        return r;
    block->kind = DRCL_BLOCK_ABSENT;
    return 1;
}

/* Whether there was nothing at page @i of the block when it was looked at last. */
static bool was_absent(const struct drcl_idle_page *b, const struct drcl_block *block, size_t i)
{
    return block->kind == DRCL_BLOCK_ABSENT ||
           (block->kind == DRCL_BLOCK_MAPPED && !(b->entries.of[block->entries][i] & DRCL_PAGEMAP_PRESENT));
}

/* Reads all entries of a block that is sampled a lot, and keeps them unless it is one huge page. Between two looks
 * nobody looks whether pages come, so those that came since @before (NULL: not known) are noted here. */
static int read_block(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_block *block,
                      const struct drcl_block *before, uint64_t addr)
{
    uint64_t entries[DRCL_HUGE_PAGES], first, all = DRCL_PAGEMAP_PRESENT, any = 0;
    bool consecutive = true;
    int r = drcl_pagemap_read(&t->pages->mm.map, drcl_block_start(addr), DRCL_HUGE_PAGES, entries);

    if (r < 0)
        return r;
    first = entries[0] & DRCL_PAGEMAP_PFN;
    for (size_t i = 0; i < DRCL_HUGE_PAGES; i++) {
        all &= entries[i];
        any |= entries[i] & DRCL_PAGEMAP_PRESENT;
        consecutive &= (entries[i] & DRCL_PAGEMAP_PFN) == first + i;
        entries[i] &= ~CAME;
        if (before && was_absent(b, before, i))
            entries[i] |= CAME;
    }
    if (!any)
        block->kind = DRCL_BLOCK_ABSENT;
    else if (all && consecutive)
        r = is_compound(b, first);
    if (r == 0 && any) {
        uint64_t *kept = drcl_entries_take(&b->entries, b->env, block);

        if (kept)
            memcpy(kept, entries, sizeof(entries));
    }
    return r < 0 ? r : 0;
}

static void use_entry(const struct drcl_idle_page *b, struct drcl_sample *sample, uint64_t *entry)
{
    sample->pfn = *entry & DRCL_PAGEMAP_PFN;
    if (!(*entry & DRCL_PAGEMAP_PRESENT) || sample->pfn == b->zero_pfn)
        sample->state = DRCL_SAMPLE_NOTHING;
    else
        sample->state = *entry & CAME ? DRCL_SAMPLE_CAME : DRCL_SAMPLE_ASSUMED;
    *entry &= ~CAME; /* counts once */
}

/* What a fresh block tells of a sample. */
static void use_block(struct drcl_idle_page *b, const struct drcl_block *block, struct drcl_sample *sample)
{
    switch ((enum drcl_block_kind)block->kind) {
    case DRCL_BLOCK_HUGE:
        sample->state = DRCL_SAMPLE_HUGE;
        sample->pfn = block->head;
        break;
    case DRCL_BLOCK_MAPPED:
        use_entry(b, sample, &b->entries.of[block->entries][drcl_block_page(sample->addr)]);
        break;
    case DRCL_BLOCK_ABSENT:
    case DRCL_BLOCK_NONE:
        sample->state = DRCL_SAMPLE_NOTHING;
        break;
    case DRCL_BLOCK_UNKNOWN:
    case DRCL_BLOCK_SMALL:
        sample->state = DRCL_SAMPLE_UNSEEN;
        break;
    }
}

/* What is remembered of the sample's block, which is looked at in whole when it is sampled often. */
static int recall(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t now)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr);
    struct drcl_block before;
    int r = 0;

    sample->state = DRCL_SAMPLE_UNSEEN;
    if (!drcl_block_is(block, sample->addr)) {
        drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_UNKNOWN, 0, now);
        return 0;
    }
    if (drcl_block_is_fresh(block, now)) {
        if (++block->nr_samples == MANY && (block->kind == DRCL_BLOCK_UNKNOWN || block->kind == DRCL_BLOCK_SMALL)) {
            block->born_ms = now;
            r = read_block(b, t, block, NULL, sample->addr);
        }
        use_block(b, block, sample);
        return r;
    }
    if (block->kind == DRCL_BLOCK_HUGE)
        return 0; /* it takes less to see that it is the same */
    before = *block;
    block = drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_UNKNOWN, 0, now);
    if (before.kind == DRCL_BLOCK_ABSENT) {
        r = note_hole(t, block, sample->addr);
        use_block(b, block, sample);
        if (r != 0)
            return r < 0 ? r : 0;
    }
    if (before.nr_samples < MANY)
        return 0;
    block->nr_samples = MANY;
    r = read_block(b, t, block, now - before.born_ms < 2 * DRCL_BLOCK_FRESH_MS ? &before : NULL, sample->addr);
    use_block(b, block, sample);
    return r;
}

/* --- pagemap and kpageflags -------------------------------------------------------------------------------------- */

/* Most absent pages lie in wide holes: the first of a block in a second tells whether all of it is one. */
static int found_nothing(struct drcl_idle_target *t, struct drcl_sample *sample, struct drcl_block *block)
{
    int r;

    sample->state = DRCL_SAMPLE_ABSENT;
    if (!drcl_block_is(block, sample->addr) || block->nr_samples > 1)
        return 0;
    r = note_hole(t, block, sample->addr);
    if (r > 0)
        sample->state = DRCL_SAMPLE_NOTHING;
    return r < 0 ? r : 0;
}

static int found_entry(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                       uint32_t now)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr);

    sample->pfn = entry & DRCL_PAGEMAP_PFN;
    if (!(entry & DRCL_PAGEMAP_PRESENT))
        return found_nothing(t, sample, block);
    if (!sample->pfn)
        return drcl_no_frame_numbers(b->env);
    else if (sample->pfn == b->zero_pfn)
        sample->state = DRCL_SAMPLE_NOTHING;
    else if (drcl_block_is(block, sample->addr) && drcl_block_is_fresh(block, now) && block->kind == DRCL_BLOCK_SMALL)
        sample->state = DRCL_SAMPLE_ASSUMED;
    else
        sample->state = DRCL_SAMPLE_UNKNOWN;
    return 0;
}

int drcl_idle_look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->nr_samples; i++)
        r = t->samples[i].left_out ? 0 : recall(b, t, &t->samples[i], now_ms);
    if (r == 0)
        r = each_entry(b, t, DRCL_SAMPLE_UNSEEN, found_entry, now_ms);
    if (r == 0)
        r = drcl_idle_look_at_flags(b, t, now_ms);
    return r;
}

static int found_again(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                       uint32_t now)
{
    (void)b;
    (void)t;
    (void)now;
    sample->state = entry & DRCL_PAGEMAP_PRESENT ? DRCL_SAMPLE_CAME : DRCL_SAMPLE_NOTHING;
    return 0;
}

int drcl_idle_look_again(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    return each_entry(b, t, DRCL_SAMPLE_ABSENT, found_again, 0);
}
