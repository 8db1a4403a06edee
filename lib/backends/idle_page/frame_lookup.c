/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/frame_lookup.h"

#include "backends/idle_page/flags.h"

#define MANY 64 /* samples of a block in a second that make it worth while to look at all of its frames */

/* What a fresh block tells of a sample. */
static void use_block(const struct drcl_idle_target *t, const struct drcl_block *block, struct drcl_sample *sample)
{
    bool lru;

    switch ((enum drcl_block_kind)block->kind) {
    case DRCL_BLOCK_HUGE:
        sample->state = DRCL_SAMPLE_HUGE;
        sample->pfn = block->head;
        break;
    case DRCL_BLOCK_MAPPED:
        lru = drcl_frame_blocks_head(&t->pages->blocks, block, sample->addr, &sample->pfn);
        sample->state = lru ? DRCL_SAMPLE_ASSUMED : DRCL_SAMPLE_NOTHING;
        break;
    case DRCL_BLOCK_ABSENT:
    case DRCL_BLOCK_NONE:
        sample->state = DRCL_SAMPLE_NOTHING;
        break;
    case DRCL_BLOCK_SMALL:
        sample->state = DRCL_SAMPLE_ASSUMED;
        break;
    case DRCL_BLOCK_UNKNOWN:
        break;
    }
}

/* What is remembered of the sample's block, which is looked at in whole when it is sampled often. */
static int recall(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t now)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr), before = *block;
    bool known = drcl_block_is(block, sample->addr);
    uint64_t words[DRCL_HUGE_PAGES];
    int r;

    sample->pfn = sample->addr >> DRCL_PAGE_SHIFT;
    sample->state = DRCL_SAMPLE_UNKNOWN;
    if (known && drcl_frame_block_is_fresh(block, now)) {
        if (++block->nr_samples != MANY || (block->kind != DRCL_BLOCK_UNKNOWN && block->kind != DRCL_BLOCK_SMALL)) {
            use_block(t, block, sample);
            return 0;
        }
    } else if (known && before.nr_samples < MANY && before.kind == DRCL_BLOCK_NONE) {
        block->nr_samples++; /* what it was is kept for reclaim(), which looks whether it still is */
        return 0;
    } else if (!known || before.nr_samples < MANY) {
        if (!known || before.kind != DRCL_BLOCK_HUGE) /* it takes less to see that it is the same */
            block = drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_UNKNOWN, 0, now);
        if (known)
            block->nr_same = before.nr_same;
        return 0;
    }
    r = drcl_frame_file_read(&b->pages->files.kpageflags, drcl_first_frame(sample->addr), DRCL_HUGE_PAGES, words);
    if (r < 0)
        return r;
    block = drcl_frame_blocks_learn(&t->pages->blocks, sample->addr, words, now);
    block->nr_samples = MANY;
    use_block(t, block, sample);
    return 0;
}

int drcl_idle_look_up_frames(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->nr_samples; i++)
        r = t->samples[i].left_out ? 0 : recall(b, t, &t->samples[i], now_ms);
    return r == 0 ? drcl_idle_look_at_flags(b, t, now_ms) : r;
}
