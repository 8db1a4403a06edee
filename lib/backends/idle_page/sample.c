/* SPDX-License-Identifier: MIT */
/* prepare() and check(): one address a region, hundreds of times a second, with as few system calls as it takes. */
#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <time.h>

#define NS_PER_MS 1000000
#define MAX_TICK  ((UINT32_C(1) << 30) - 1) /* what fits into a struct drcl_block */
#define GAP_PAGES 32 /* reading this many entries of pagemap for nothing costs less than another call */

typedef int found_fn(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                     uint32_t now_ms);

static uint32_t now_ms(struct drcl_idle_page *b)
{
    return (uint32_t)(drcl_clock(b->env, CLOCK_MONOTONIC) / NS_PER_MS);
}

/* Where the idle bit of a sample is decided: the head of a huge page answers for all of it. */
static uint64_t deciding_addr(const struct drcl_sample *sample)
{
    return sample->state == DRCL_SAMPLE_HUGE ? sample->addr & ~(DRCL_BLOCK_SIZE - 1) : sample->addr;
}

/* Reads the pagemap entries of all samples in the state @which, neighbours in one call, and hands them to @found. */
static int look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, enum drcl_sample_state which, found_fn *found,
                   uint32_t now)
{
    for (size_t i = 0, next; i < t->nr_samples; i = next) {
        uint64_t first = t->samples[i].addr >> DRCL_PAGE_SHIFT, last = first;
        int r;

        next = i + 1;
        if (t->samples[i].state != which)
            continue;
        for (; next < t->nr_samples; next++) {
            uint64_t page = t->samples[next].addr >> DRCL_PAGE_SHIFT;

            if (page < last || page - last > GAP_PAGES || page - first >= DRCL_WINDOW)
                break;
            if (t->samples[next].state == which)
                last = page;
        }
        r = drcl_pagemap_read(&t->map, first << DRCL_PAGE_SHIFT, (size_t)(last - first) + 1, b->entries);
        for (size_t k = i; r == 0 && k < next; k++)
            if (t->samples[k].state == which)
                r = found(b, t, &t->samples[k], b->entries[(t->samples[k].addr >> DRCL_PAGE_SHIFT) - first], now);
        if (r < 0)
            return r;
    }
    return 0;
}

static int found_entry(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                       uint32_t now)
{
    const struct drcl_block *block;

    sample->pfn = entry & DRCL_PAGEMAP_PFN;
    if (!(entry & DRCL_PAGEMAP_PRESENT)) {
        sample->state = DRCL_SAMPLE_ABSENT;
        return 0;
    }
    if (!sample->pfn)
        return drcl_idle_no_frame_numbers(b->env);
    block = drcl_block_find(t->blocks, sample->addr, now);
    if (sample->pfn == b->zero_pfn)
        sample->state = DRCL_SAMPLE_NOTHING;
    else
        sample->state = block && block->kind == DRCL_BLOCK_SMALL ? DRCL_SAMPLE_ASSUMED : DRCL_SAMPLE_UNKNOWN;
    return 0;
}

/*
 * A sample in a large page: finds the head. The frames of a folio are consecutive and aligned to its size, so the 2 MiB around
 * the frame hold all of any that is not larger than that.
 */
static int resolve_compound(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t now)
{
    uint64_t base = sample->pfn & ~(DRCL_BLOCK_PAGES - 1);
    size_t offset = (size_t)(sample->pfn - base), head = offset, end;
    const uint64_t *flags = b->kpageflags.buf;
    int r = drcl_kpageflags_read(&b->kpageflags, base, DRCL_BLOCK_PAGES);
    bool lru;

    if (r < 0)
        return r;
    while (head > 0 && !(flags[head] & DRCL_KPF_COMPOUND_HEAD))
        head--;
    for (end = head + 1; end < DRCL_BLOCK_PAGES && (flags[end] & DRCL_KPF_COMPOUND_TAIL); end++)
        ;
    lru = (flags[head] & DRCL_KPF_COMPOUND_HEAD) && (flags[head] & DRCL_KPF_LRU);
    sample->pfn = base + head;
    sample->state = lru ? DRCL_SAMPLE_PAGE : DRCL_SAMPLE_NOTHING;
    /* Only a huge page that is mapped as one says something about the other addresses of the block. */
    if (end - head == DRCL_BLOCK_PAGES && offset == (sample->addr >> DRCL_PAGE_SHIFT) % DRCL_BLOCK_PAGES) {
        drcl_block_set(t->blocks, sample->addr, lru ? DRCL_BLOCK_HUGE : DRCL_BLOCK_NONE, base, now);
        if (lru)
            sample->state = DRCL_SAMPLE_HUGE;
    }
    return 0;
}

static int found_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t flags,
                       uint32_t now)
{
    if (flags & (DRCL_KPF_COMPOUND_HEAD | DRCL_KPF_COMPOUND_TAIL))
        return resolve_compound(b, t, sample, now);
    sample->state = flags & DRCL_KPF_LRU ? DRCL_SAMPLE_PAGE : DRCL_SAMPLE_NOTHING;
    if (flags & DRCL_KPF_LRU)
        drcl_block_set(t->blocks, sample->addr, DRCL_BLOCK_SMALL, 0, now);
    else if (flags & DRCL_KPF_ZERO_PAGE)
        b->zero_pfn = sample->pfn;
    return 0;
}

/* Finds out what kind of page each sample in the state UNKNOWN is. */
static int look_at_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now)
{
    size_t n = 0;
    int r;

    for (size_t i = 0; i < t->nr_samples; i++)
        if (t->samples[i].state == DRCL_SAMPLE_UNKNOWN)
            b->frames[n++] = (struct drcl_frame){ .pfn = t->samples[i].pfn, .index = (uint32_t)i };
    drcl_frames_sort(b->frames, n);
    r = drcl_kpageflags_get(&b->kpageflags, b->frames, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = found_flags(b, t, &t->samples[b->frames[i].index], b->frames[i].flags, now);
    return r;
}

static int need_samples(struct drcl_idle_page *b, struct drcl_idle_target *t, size_t n)
{
    struct drcl_sample *samples;
    struct drcl_frame *frames;

    if (n <= t->capacity)
        return 0;
    n += n / 2;
    samples = drcl_realloc_array(b->env, t->samples, n, sizeof(*samples));
    if (samples)
        t->samples = samples;
    frames = drcl_realloc_array(b->env, t->frames, n, sizeof(*frames));
    if (frames)
        t->frames = frames;
    if (!samples || !frames)
        return drcl_error(b->env, -ENOMEM, "out of memory");
    t->capacity = n;
    return 0;
}

/* What is known without a system call: the blocks that were looked at within the last second. */
static void recall(struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t now)
{
    const struct drcl_block *block = drcl_block_find(t->blocks, sample->addr, now);

    sample->state = DRCL_SAMPLE_UNSEEN;
    if (block && block->kind == DRCL_BLOCK_HUGE) {
        sample->state = DRCL_SAMPLE_HUGE;
        sample->pfn = block->head;
    } else if (block && block->kind == DRCL_BLOCK_NONE) {
        sample->state = DRCL_SAMPLE_NOTHING;
    }
}

/* Whether the page need not be made idle: the check of this very tick has seen that it is, or it was marked, and making it
 * idle again would hide an access since. */
static bool leave_as_it_is(struct drcl_idle_target *t, struct drcl_sample *sample, uint32_t now)
{
    const struct drcl_mark *mark = drcl_marks_find(&t->marks, deciding_addr(sample));
    const struct drcl_block *block;

    sample->marked = mark && !mark->touched;
    if (sample->marked || sample->state != DRCL_SAMPLE_HUGE)
        return sample->marked;
    block = drcl_block_find(t->blocks, sample->addr, now);
    return block && block->idle_tick == t->tick;
}

int drcl_idle_prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    uint32_t now = now_ms(b);
    int r;

    if (!t)
        return -ESRCH;
    t->nr_samples = t->nr_frames = 0;
    r = need_samples(b, t, n);
    if (r == 0)
        r = drcl_idle_need_frames(b, t->capacity);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        t->samples[i] = (struct drcl_sample){ .addr = addrs[i] };
        recall(t, &t->samples[i], now);
    }
    t->nr_samples = n;
    r = look_up(b, t, DRCL_SAMPLE_UNSEEN, found_entry, now);
    if (r == 0)
        r = look_at_flags(b, t, now);
    if (r < 0) {
        t->nr_samples = 0;
        return r;
    }
    for (size_t i = 0; i < n; i++) {
        struct drcl_sample *sample = &t->samples[i];

        if (sample->state < DRCL_SAMPLE_PAGE)
            continue;
        t->frames[t->nr_frames++] = (struct drcl_frame){
            .pfn = sample->pfn,
            .index = (uint32_t)i,
            .flags = leave_as_it_is(t, sample, now) ? DRCL_FRAME_IDLE : 0,
        };
    }
    t->tick = t->tick % MAX_TICK + 1;
    drcl_frames_sort(t->frames, t->nr_frames);
    r = drcl_page_idle_set(&b->idle, t->frames, t->nr_frames);
    if (r < 0)
        t->nr_samples = t->nr_frames = 0;
    return r;
}

static int found_again(struct drcl_idle_page *b, struct drcl_idle_target *t, struct drcl_sample *sample, uint64_t entry,
                       uint32_t now)
{
    (void)b;
    (void)now;
    if (entry & DRCL_PAGEMAP_PRESENT)
        drcl_block_forget(t->blocks, sample->addr);
    sample->state = entry & DRCL_PAGEMAP_PRESENT ? DRCL_SAMPLE_PAGE : DRCL_SAMPLE_NOTHING;
    return 0;
}

/* A marked page was accessed: it must be watched again, and its mark is worth nothing any more. A huge page is few samples' worth
 * of memory and would soon be idle again by sampling, so reclaim is told to leave it alone; of small pages that is unlikely. */
static void touch_mark(struct drcl_idle_page *b, struct drcl_idle_target *t, const struct drcl_sample *sample)
{
    uint64_t start = sample->addr & ~(DRCL_BLOCK_SIZE - 1);

    if (sample->state == DRCL_SAMPLE_HUGE)
        drcl_marks_put(&t->marks, b->env, start, start + DRCL_BLOCK_SIZE, true);
    else
        drcl_marks_cut(&t->marks, b->env, start, start + DRCL_BLOCK_SIZE);
}

/* Among the pages that are not idle: those that were taken for small ones may never have been able to be idle. */
static int doubt_assumed(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    size_t n = 0;
    int r;

    for (size_t i = 0; i < t->nr_frames; i++) {
        const struct drcl_frame *frame = &t->frames[i];

        if (!(frame->flags & DRCL_FRAME_IDLE) && t->samples[frame->index].state == DRCL_SAMPLE_ASSUMED)
            b->frames[n++] = *frame;
    }
    r = drcl_kpageflags_get(&b->kpageflags, b->frames, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        struct drcl_sample *sample = &t->samples[b->frames[i].index];

        if (!(b->frames[i].flags & DRCL_KPF_LRU) || (b->frames[i].flags & DRCL_KPF_COMPOUND_TAIL)) {
            sample->state = DRCL_SAMPLE_NOTHING;
            drcl_block_forget(t->blocks, sample->addr);
        }
    }
    return 0;
}

/* Turns what the bitmap said into the state PAGE or HUGE (accessed) or NOTHING (not accessed) of the samples. */
static void judge(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now)
{
    for (size_t i = 0; i < t->nr_frames; i++) {
        struct drcl_sample *sample = &t->samples[t->frames[i].index];
        bool idle = t->frames[i].flags & DRCL_FRAME_IDLE;
        struct drcl_block *block;

        if (sample->state == DRCL_SAMPLE_HUGE && idle) {
            block = drcl_block_find(t->blocks, sample->addr, now);
            if (block)
                block->idle_tick = t->tick & MAX_TICK;
        }
        if (idle)
            sample->state = DRCL_SAMPLE_NOTHING;
        else if (sample->marked && sample->state != DRCL_SAMPLE_NOTHING)
            touch_mark(b, t, sample);
    }
}

/* The sample of @addr: the next one, as a rule; regions that went away since leave their samples out. */
static const struct drcl_sample *sample_of(const struct drcl_idle_target *t, uint64_t addr, size_t *cursor)
{
    for (size_t tries = 0; tries < t->nr_samples; tries++) {
        const struct drcl_sample *sample = &t->samples[*cursor];

        *cursor = *cursor + 1 < t->nr_samples ? *cursor + 1 : 0;
        if (sample->addr == addr)
            return sample;
    }
    return NULL;
}

int drcl_idle_check(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    uint32_t now = now_ms(b);
    size_t cursor = 0;
    int r;

    if (!t)
        return -ESRCH;
    r = drcl_page_idle_get(&b->idle, t->frames, t->nr_frames);
    if (r == 0)
        r = doubt_assumed(b, t);
    if (r < 0)
        return r;
    judge(b, t, now);
    r = look_up(b, t, DRCL_SAMPLE_ABSENT, found_again, now);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        const struct drcl_sample *sample = sample_of(t, addrs[i], &cursor);

        accessed[i] = sample && sample->state >= DRCL_SAMPLE_PAGE;
    }
    return 0;
}
