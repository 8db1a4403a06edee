/* SPDX-License-Identifier: MIT */
/* prepare() and check(): one address a region, hundreds of times a second, with as few system calls as it takes. */
#include "backends/idle_page/physical.h"

#include <errno.h>
#include <time.h>

#define NS_PER_MS    1000000
#define MAX_TICK     ((UINT32_C(1) << 21) - 1) /* what fits into a struct drcl_block */
#define MARKED_SHARE 64                        /* of the samples in marked ranges one in so many is looked at */

static uint32_t now_ms(struct drcl_idle_page *b)
{
    return (uint32_t)(drcl_clock(b->env, CLOCK_MONOTONIC) / NS_PER_MS);
}

/* Where the idle bit of a sample is decided: the head of a huge page answers for all of it. */
static uint64_t deciding_addr(const struct drcl_sample *sample)
{
    return sample->state == DRCL_SAMPLE_HUGE ? sample->addr & ~(DRCL_BLOCK_SIZE - 1) : sample->addr;
}

/* The block of a sample that is a huge page, or NULL if the place was taken by another one. */
static struct drcl_block *huge_block(struct drcl_idle_target *t, const struct drcl_sample *sample)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, sample->addr);

    return sample->state == DRCL_SAMPLE_HUGE && drcl_block_is(block, sample->addr) && block->kind == DRCL_BLOCK_HUGE
               ? block
               : NULL;
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

static bool is_marked(const struct drcl_idle_target *t, uint64_t addr)
{
    const struct drcl_mark *mark = drcl_marks_find(&t->marks, addr);

    return mark && !mark->touched;
}

/*
 * Whether the sample can be left out of this tick. To look at a small page the kernel walks the mappings of all idle
 * pages in its word of the bitmap, which in a marked range are all 64. But there an access is not forgotten before it
 * was looked at: a look finds what was accessed since the mark, not just since the last tick, and few are enough.
 */
static bool leave_out(const struct drcl_idle_target *t, uint64_t addr)
{
    return t->tick % MARKED_SHARE != 1 && is_marked(t, addr);
}

/* Whether the page need not be made idle: the check of this very tick has seen that it is, or it was marked, and making
 * it idle again would hide an access since. */
static bool leave_as_it_is(struct drcl_idle_target *t, struct drcl_sample *sample)
{
    const struct drcl_block *block;

    sample->marked = is_marked(t, deciding_addr(sample));
    if (sample->marked)
        return true;
    block = huge_block(t, sample);
    return block && block->idle_tick == t->tick;
}

int drcl_idle_prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    int r;

    if (!t)
        return -ESRCH;
    t->nr_samples = t->nr_frames = 0;
    r = need_samples(b, t, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        t->samples[i] = (struct drcl_sample){.addr = addrs[i], .left_out = leave_out(t, addrs[i])};
    t->nr_samples = n;
    r = drcl_idle_is_physical(t) ? drcl_physical_look_up(b, t, now_ms(b)) : drcl_idle_look_up(b, t, now_ms(b));
    if (r < 0) {
        t->nr_samples = 0;
        return r;
    }
    for (size_t i = 0; i < n; i++) {
        struct drcl_sample *sample = &t->samples[i];

        if (sample->state >= DRCL_SAMPLE_PAGE)
            t->frames[t->nr_frames++] = (struct drcl_frame){
                .pfn = sample->pfn, .index = (uint32_t)i, .flags = leave_as_it_is(t, sample) ? DRCL_FRAME_IDLE : 0};
    }
    t->tick = t->tick % MAX_TICK + 1;
    drcl_frames_sort(t->frames, t->nr_frames);
    r = drcl_page_idle_set(&b->idle, t->frames, t->nr_frames);
    if (r < 0)
        t->nr_samples = t->nr_frames = 0;
    return r;
}

/* A marked page was accessed: it must be watched again, and its mark is worth nothing any more. A huge page is few
 * samples' worth of memory and would soon be idle again by sampling, so reclaim is told to leave it alone; of small
 * pages that is unlikely. */
static void touch_mark(struct drcl_idle_page *b, struct drcl_idle_target *t, const struct drcl_sample *sample)
{
    uint64_t start = sample->addr & ~(DRCL_BLOCK_SIZE - 1);

    if (sample->state == DRCL_SAMPLE_HUGE)
        drcl_marks_put(&t->marks, b->env, start, start + DRCL_BLOCK_SIZE, true);
    else
        drcl_marks_cut(&t->marks, b->env, start, start + DRCL_BLOCK_SIZE);
}

/* The block is not what it was taken for; until it is looked at anew each page of it is looked up. */
static void disbelieve(struct drcl_idle_target *t, uint64_t addr)
{
    struct drcl_block *block = drcl_block_slot(t->blocks, addr);

    if (drcl_block_is(block, addr))
        block->kind = DRCL_BLOCK_UNKNOWN;
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
            disbelieve(t, sample->addr);
        }
    }
    return 0;
}

/* Turns what the bitmap said into the state PAGE or HUGE (accessed) or NOTHING (not accessed) of the samples. */
static void judge(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    for (size_t i = 0; i < t->nr_frames; i++) {
        struct drcl_sample *sample = &t->samples[t->frames[i].index];
        struct drcl_block *block;

        if (t->frames[i].flags & DRCL_FRAME_IDLE) {
            block = huge_block(t, sample);
            if (block)
                block->idle_tick = t->tick & MAX_TICK;
            sample->state = DRCL_SAMPLE_NOTHING;
        } else if (sample->marked && sample->state != DRCL_SAMPLE_NOTHING) {
            touch_mark(b, t, sample);
        }
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
    size_t cursor = 0;
    int r;

    if (!t)
        return -ESRCH;
    r = drcl_page_idle_get(&b->idle, t->frames, t->nr_frames);
    if (r == 0)
        r = doubt_assumed(b, t);
    if (r < 0)
        return r;
    judge(b, t);
    r = drcl_idle_look_again(b, t);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        const struct drcl_sample *sample = sample_of(t, addrs[i], &cursor);

        accessed[i] = sample && sample->state >= DRCL_SAMPLE_CAME;
    }
    return 0;
}
