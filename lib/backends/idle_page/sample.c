/* SPDX-License-Identifier: MIT */
#include "backends/idle_page/sample.h"

#include <errno.h>
#include <time.h>

#include "backends/idle_page/flags.h"
#include "backends/idle_page/frame_lookup.h"
#include "backends/idle_page/idle_page.h"
#include "backends/idle_page/lookup.h"
#include "base/clock.h"
#include "base/grow.h"

#define MARKED_MS 320 /* how often samples in marked ranges are looked at */

static uint32_t now_ms(struct drcl_idle_page *b)
{
    return (uint32_t)(drcl_clock(b->env, CLOCK_MONOTONIC) / DRCL_NS_PER_MS);
}

/* Where the idle bit of a sample is decided: the head of a huge page answers for all of it. */
static uint64_t deciding_addr(const struct drcl_sample *sample)
{
    return sample->state == DRCL_SAMPLE_HUGE ? drcl_block_start(sample->addr) : sample->addr;
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
    size_t had = t->capacity, capacity = had;
    int r = drcl_grow(b->env, &t->samples, &capacity, n, sizeof(*t->samples));

    if (r == 0)
        r = drcl_grow_exactly(b->env, &t->frames, &had, capacity, sizeof(*t->frames));
    if (r < 0)
        return drcl_error(b->env, r, "out of memory");
    t->capacity = capacity;
    return drcl_idle_reserve_asked(b, n);
}

/*
 * Whether the sample can be left out of this tick. To look at a small page the kernel walks the mappings of all idle
 * pages in its word of the bitmap, which in a marked range are all 64. But there an access is not forgotten before it
 * was looked at: a look finds what was accessed since the mark, not just since the last tick, and few are enough.
 */
static bool leave_out(const struct drcl_idle_target *t, uint64_t addr, uint32_t now)
{
    return now - t->marked_ms < MARKED_MS && drcl_marks_hold(&t->pages->marks, addr);
}

/* Whether the page need not be made idle: the check of this very tick has seen that it is, or it was marked, and making
 * it idle again would hide an access since. */
static bool leave_as_it_is(struct drcl_idle_target *t, struct drcl_sample *sample)
{
    const struct drcl_block *block;

    sample->marked = drcl_marks_hold(&t->pages->marks, deciding_addr(sample));
    if (sample->marked)
        return true;
    block = huge_block(t, sample);
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
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        t->samples[i] = (struct drcl_sample){.addr = addrs[i], .left_out = leave_out(t, addrs[i], now)};
    if (now - t->marked_ms >= MARKED_MS)
        t->marked_ms = now;
    t->nr_samples = n;
    r = drcl_pages_is_physical(t->pages) ? drcl_idle_look_up_frames(b, t, now) : drcl_idle_look_up(b, t, now);
    if (r < 0) {
        t->nr_samples = 0;
        return r;
    }
    for (size_t i = 0; i < n; i++) {
        struct drcl_sample *sample = &t->samples[i];

        if (drcl_sample_has_frame(sample))
            t->frames[t->nr_frames++] = (struct drcl_frame){
                .pfn = sample->pfn, .index = (uint32_t)i, .flags = leave_as_it_is(t, sample) ? DRCL_FRAME_IDLE : 0};
    }
    t->tick = t->tick % DRCL_MAX_TICK + 1;
    drcl_frames_sort(t->frames, t->nr_frames);
    r = drcl_page_idle_set(&b->pages->files.idle, t->frames, t->nr_frames);
    if (r < 0)
        t->nr_samples = t->nr_frames = 0;
    return r;
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
                block->idle_tick = t->tick & DRCL_MAX_TICK;
            sample->state = DRCL_SAMPLE_NOTHING;
        } else if (sample->marked && sample->state != DRCL_SAMPLE_NOTHING) {
            drcl_marks_touch(&t->pages->marks, b->env, sample->addr, sample->state == DRCL_SAMPLE_HUGE);
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
    r = drcl_page_idle_get(&b->pages->files.idle, t->frames, t->nr_frames);
    if (r == 0)
        r = drcl_idle_check_assumed(b, t);
    if (r < 0)
        return r;
    judge(b, t);
    r = drcl_idle_look_again(b, t);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        const struct drcl_sample *sample = sample_of(t, addrs[i], &cursor);

        accessed[i] = sample && (sample->state == DRCL_SAMPLE_CAME || drcl_sample_has_frame(sample));
    }
    return 0;
}
