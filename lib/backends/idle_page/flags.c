/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/flags.h"

#include <errno.h>

#include "base/grow.h"

int drcl_idle_reserve_asked(struct drcl_idle_page *b, size_t n)
{
    int r = drcl_grow(b->env, &b->asked, &b->asked_capacity, n, sizeof(*b->asked));

    return r < 0 ? drcl_error(b->env, r, "out of memory") : 0;
}

/* What a frame of a large page is part of. */
struct folio {
    uint64_t head;
    uint32_t flags; /* of the head; 0: it was taken apart meanwhile */
    bool huge;      /* all of the 2 MiB from the head on, or more */
};

static int get_flags(struct drcl_idle_page *b, uint64_t pfn, uint32_t *ret_flags)
{
    uint64_t word = 0;
    int r = drcl_frame_file_read(&b->pages->files.kpageflags, pfn, 1, &word);

    *ret_flags = r < 0 ? 0 : (uint32_t)word;
    return r;
}

/*
 * The frames of a folio are consecutive and aligned to its size, so its head is the first one of the 2, 4, 8, ...
 * frames around @pfn that is one. It is all of the 2 MiB if it begins there and reaches beyond the half. What begins
 * before the 2 MiB has no head here.
 */
static int find_folio(struct drcl_idle_page *b, uint64_t pfn, uint32_t flags, struct folio *ret)
{
    uint64_t base = pfn & ~(DRCL_HUGE_PAGES - 1), half = base + DRCL_HUGE_PAGES / 2;
    int r = 0;

    *ret = (struct folio){.head = pfn, .flags = flags};
    for (uint64_t size = 2; size <= DRCL_HUGE_PAGES && (ret->flags & DRCL_KPF_COMPOUND_TAIL); size *= 2) {
        uint64_t first = pfn & ~(size - 1);

        if (first == ret->head)
            continue;
        ret->head = first;
        r = get_flags(b, first, &ret->flags);
        if (r < 0)
            return r;
    }
    if (!(ret->flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL)))
        ret->flags = 0;
    if (ret->head != base || !ret->flags)
        return 0;
    flags = 0;
    if (pfn < half)
        r = get_flags(b, half, &flags);
    ret->huge = pfn >= half || (flags & DRCL_KPF_COMPOUND_TAIL);
    return r;
}

/* A sample in a large page, of whose head the idle bit is. */
static int resolve_compound(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample,
                            uint32_t flags, uint32_t now)
{
    uint64_t base = sample->pfn & ~(DRCL_HUGE_PAGES - 1);
    const struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr);
    bool lru, aligned = sample->pfn - base == drcl_block_page(sample->addr);
    struct folio folio;
    int r;

    if (aligned && drcl_block_is(block, sample->addr) && block->kind == DRCL_BLOCK_HUGE && block->head == base) {
        drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_HUGE, base, now);
        sample->pfn = base;
        sample->state = DRCL_SAMPLE_HUGE;
        return 0;
    }
    r = find_folio(b, sample->pfn, flags, &folio);
    if (r < 0)
        return r;
    lru = (folio.flags & DRCL_KPF_COMPOUND_HEAD) && (folio.flags & DRCL_KPF_LRU);
    sample->pfn = folio.head;
    sample->state = lru ? DRCL_SAMPLE_PAGE : DRCL_SAMPLE_NOTHING;
    /* Only a huge page that is mapped as one says something about the other addresses of the block. */
    if (folio.huge && aligned) {
        drcl_block_set(t->blocks, sample->addr, lru ? DRCL_BLOCK_HUGE : DRCL_BLOCK_NONE, base, now);
        if (lru)
            sample->state = DRCL_SAMPLE_HUGE;
    }
    return 0;
}

static int found_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t flags,
                       uint32_t now)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr);
    bool known = drcl_block_is(block, sample->addr);

    if (known && block->kind == DRCL_BLOCK_NONE && (flags & DRCL_KPF_LRU)) /* not any more */
        block->kind = DRCL_BLOCK_UNKNOWN;
    if (flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL))
        return resolve_compound(b, t, sample, flags, now);
    sample->state = flags & DRCL_KPF_LRU ? DRCL_SAMPLE_PAGE : DRCL_SAMPLE_NOTHING;
    if (flags & DRCL_KPF_ZERO_PAGE)
        b->zero_pfn = sample->pfn;
    if (!(flags & DRCL_KPF_LRU) || !known)
        return 0;
    if (block->kind == DRCL_BLOCK_HUGE) /* not any more */
        drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_SMALL, 0, now);
    else if (block->kind == DRCL_BLOCK_UNKNOWN)
        block->kind = DRCL_BLOCK_SMALL;
    return 0;
}

int drcl_idle_look_at_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms)
{
    size_t n = 0;
    int r;

    for (size_t i = 0; i < t->nr_samples; i++)
        if (t->samples[i].state == DRCL_SAMPLE_UNKNOWN)
            b->asked[n++] = (struct drcl_frame){.pfn = t->samples[i].pfn, .index = (uint32_t)i};
    drcl_frames_sort(b->asked, n);
    r = drcl_kpageflags_get(&b->pages->files.kpageflags, b->asked, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = found_flags(b, t, &t->samples[b->asked[i].index], b->asked[i].flags, now_ms);
    return r;
}

/* The block is not what it was taken for; until it is looked at anew each page of it is looked up. */
static void disbelieve(struct drcl_idle_target *t, uint64_t addr)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, addr);

    if (drcl_block_is(block, addr))
        block->kind = DRCL_BLOCK_UNKNOWN;
}

int drcl_idle_check_assumed(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    size_t n = 0;
    int r;

    for (size_t i = 0; i < t->nr_frames; i++) {
        const struct drcl_frame *frame = &t->frames[i];

        if (!(frame->flags & DRCL_FRAME_IDLE) && t->samples[frame->index].state == DRCL_SAMPLE_ASSUMED)
            b->asked[n++] = *frame;
    }
    r = drcl_kpageflags_get(&b->pages->files.kpageflags, b->asked, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        struct drcl_sample *sample = &t->samples[b->asked[i].index];

        if (!(b->asked[i].flags & DRCL_KPF_LRU) || (b->asked[i].flags & DRCL_KPF_COMPOUND_TAIL)) {
            sample->state = DRCL_SAMPLE_NOTHING;
            disbelieve(t, sample->addr);
        }
    }
    return 0;
}
