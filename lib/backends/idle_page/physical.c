/* SPDX-License-Identifier: MIT */
/* The target that is physical memory: its life, its samples, its marks. */
#include "backends/idle_page/physical.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define MANY          64    /* samples of a block in a second that make it worth while to look at all of its frames */
#define MAX_STEADY    3     /* a block that stays as it is holds for 2, 4, then 8 seconds */
#define PROBES        4     /* frames of a block, to see whether it is as it was */
#define MAX_PROBED_MS 64000 /* after which all of them are looked at again */
#define RMAP_SHARE    1024  /* of the memory there is, the table of owners may take such a part */
#define MIN_RMAP      ((size_t)32 << 20)

/* --- life -------------------------------------------------------------------------------------------------------- */

static size_t rmap_bytes(const struct drcl_ram *ram)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < ram->n; i++)
        bytes += ram->ranges[i].end - ram->ranges[i].start;
    bytes /= RMAP_SHARE;
    return bytes > MIN_RMAP && bytes < SIZE_MAX ? (size_t)bytes : MIN_RMAP;
}

static int create_shared(struct drcl_idle_page *b)
{
    struct drcl_physical *physical;
    int r;

    if (b->physical)
        return 0;
    physical = drcl_zalloc(b->env, sizeof(*physical));
    if (!physical)
        return drcl_error(b->env, -ENOMEM, "out of memory");
    r = drcl_rmap_new(b->env, rmap_bytes(&b->ram), &physical->rmap);
    if (r == 0)
        r = drcl_rmap_exclude(physical->rmap, b->exclude.pids, b->exclude.nr_pids);
    if (r < 0) {
        drcl_rmap_free(physical->rmap);
        drcl_free(b->env, physical);
        return drcl_error(b->env, r, "out of memory");
    }
    b->physical = physical;
    return 0;
}

int drcl_physical_add(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    int r = drcl_ram_refresh(&b->ram, b->env);

    if (r == 0)
        r = create_shared(b);
    if (r < 0)
        return r;
    t->kinds = drcl_zalloc(b->env, DRCL_NR_BLOCKS * sizeof(*t->kinds));
    return t->kinds ? 0 : drcl_error(b->env, -ENOMEM, "out of memory");
}

void drcl_physical_forget(struct drcl_idle_page *b)
{
    if (!b->physical)
        return;
    drcl_claims_close(b);
    drcl_rmap_reset(b->physical->rmap);
    b->physical->use = (struct drcl_rmap_use){0};
    memset(b->physical->cgroups, 0, sizeof(b->physical->cgroups));
}

void drcl_physical_free(struct drcl_idle_page *b)
{
    drcl_ram_free(&b->ram, b->env);
    if (!b->physical)
        return;
    drcl_claims_close(b);
    drcl_rmap_free(b->physical->rmap);
    drcl_free(b->env, b->physical);
    b->physical = NULL;
}

/* --- samples ----------------------------------------------------------------------------------------------------- */

static bool bit(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* One huge page from the first frame on, all of the block. */
static bool all_one(const struct drcl_kinds *kinds)
{
    size_t i = 1;

    while (i < DRCL_BLOCK_PAGES && bit(kinds->tails, i))
        i++;
    return i == DRCL_BLOCK_PAGES && bit(kinds->heads, 0);
}

/* What is remembered of a block holds the longer the more often it was found to be the same. */
static bool is_fresh(const struct drcl_block *block, uint32_t now)
{
    return now - block->born_ms < (uint32_t)DRCL_FRESH_MS << block->layout;
}

static uint64_t first_frame(uint64_t addr)
{
    return (addr >> DRCL_BLOCK_SHIFT) << (DRCL_BLOCK_SHIFT - DRCL_PAGE_SHIFT);
}

struct drcl_block *drcl_physical_learn(struct drcl_idle_page *b, struct drcl_idle_target *t, uint64_t addr,
                                       uint32_t now_ms)
{
    struct drcl_block before = *drcl_block_slot(t->blocks, addr);
    struct drcl_block *block = drcl_block_set(t->blocks, addr, DRCL_BLOCK_UNKNOWN, first_frame(addr), now_ms);
    struct drcl_kinds *kinds = &t->kinds[block - t->blocks], old = *kinds;
    bool any = false;

    memset(kinds, 0, sizeof(*kinds));
    for (size_t i = 0; i < DRCL_BLOCK_PAGES; i++) {
        uint64_t flags = b->kpageflags.buf[i];

        if (flags & DRCL_KPF_COMPOUND_TAIL) {
            set_bit(kinds->tails, i);
        } else if (flags & DRCL_KPF_LRU) {
            set_bit(kinds->heads, i);
            any = true;
        }
        kinds->nr_free += (flags & DRCL_KPF_FREE) != 0;
    }
    block->kind = !any ? DRCL_BLOCK_NONE : all_one(kinds) ? DRCL_BLOCK_HUGE : DRCL_BLOCK_LAYOUT;
    if (!drcl_block_is(&before, addr) || memcmp(&old, kinds, sizeof(old)) != 0)
        return block;
    block->idle_tick = before.idle_tick;
    block->layout = before.layout < MAX_STEADY ? before.layout + 1 : MAX_STEADY;
    return block;
}

static void use_kinds(const struct drcl_kinds *kinds, struct drcl_sample *sample)
{
    size_t at = (size_t)(sample->pfn % DRCL_BLOCK_PAGES), head = at;

    while (head > 0 && bit(kinds->tails, head))
        head--;
    sample->pfn -= at - head;
    sample->state = bit(kinds->heads, head) ? DRCL_SAMPLE_ASSUMED : DRCL_SAMPLE_NOTHING;
}

/* What a fresh block tells of a sample. */
static void use_block(const struct drcl_idle_target *t, const struct drcl_block *block, struct drcl_sample *sample)
{
    switch ((enum drcl_block_kind)block->kind) {
    case DRCL_BLOCK_HUGE:
        sample->state = DRCL_SAMPLE_HUGE;
        sample->pfn = block->head;
        break;
    case DRCL_BLOCK_LAYOUT:
        use_kinds(&t->kinds[block - t->blocks], sample);
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
    int r;

    sample->pfn = sample->addr >> DRCL_PAGE_SHIFT;
    sample->state = DRCL_SAMPLE_UNKNOWN;
    if (known && is_fresh(block, now)) {
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
            block->layout = before.layout;
        return 0;
    }
    r = drcl_kpageflags_read(&b->kpageflags, first_frame(sample->addr), DRCL_BLOCK_PAGES);
    if (r < 0)
        return r;
    block = drcl_physical_learn(b, t, sample->addr, now);
    block->nr_samples = MANY;
    use_block(t, block, sample);
    return 0;
}

int drcl_physical_look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms)
{
    int r = drcl_idle_need_frames(b, t->nr_samples);

    for (size_t i = 0; r == 0 && i < t->nr_samples; i++)
        r = t->samples[i].left_out ? 0 : recall(b, t, &t->samples[i], now_ms);
    return r == 0 ? drcl_idle_look_at_flags(b, t, now_ms) : r;
}

/* Whether a few frames of a block of which nothing was a user's, others each time, are as they were. */
static bool seems_the_same(struct drcl_idle_page *b, const struct drcl_kinds *kinds, uint64_t addr)
{
    for (int i = 0; i < PROBES; i++) {
        size_t at = (size_t)(++b->physical->nr_probes * UINT64_C(0x9e3779b97f4a7c15) >> (64 - 9));
        bool is_tail;

        _Static_assert(DRCL_BLOCK_PAGES == 1 << 9, "a frame is the top 9 bits");
        if (drcl_kpageflags_read(&b->kpageflags, first_frame(addr) + at, 1) < 0)
            return false;
        is_tail = b->kpageflags.buf[0] & DRCL_KPF_COMPOUND_TAIL;
        if (is_tail != bit(kinds->tails, at) || (!is_tail && (b->kpageflags.buf[0] & DRCL_KPF_LRU)))
            return false;
    }
    return true;
}

bool drcl_physical_is_nothing(struct drcl_idle_page *b, const struct drcl_idle_target *t, uint64_t addr,
                              uint64_t *ret_nr_free)
{
    uint32_t now = (uint32_t)(drcl_clock(b->env, CLOCK_MONOTONIC) / 1000000);
    const struct drcl_block *block = drcl_block_slot(t->blocks, addr);
    const struct drcl_kinds *kinds = &t->kinds[block - t->blocks];

    if (!drcl_block_is(block, addr) || block->kind != DRCL_BLOCK_NONE)
        return false;
    if (!is_fresh(block, now) && (now - block->born_ms >= MAX_PROBED_MS || !seems_the_same(b, kinds, addr)))
        return false;
    *ret_nr_free = kinds->nr_free;
    return true;
}

/* --- marks ------------------------------------------------------------------------------------------------------- */

/* Frames that are on no LRU list are set too: the kernel passes them over for less than it takes to find out. */
int drcl_physical_mark(struct drcl_idle_page *b, struct drcl_idle_target *t, uint64_t start, uint64_t end)
{
    int r = drcl_page_idle_set_all(&b->idle, start >> DRCL_PAGE_SHIFT, end >> DRCL_PAGE_SHIFT);

    if (r < 0)
        return r;
    drcl_rmap_want(b->physical->rmap, start >> DRCL_PAGE_SHIFT, end >> DRCL_PAGE_SHIFT);
    drcl_marks_put(&t->marks, b->env, start, end, false);
    return 0;
}
