/* SPDX-License-Identifier: MIT */
/*
 * The backend "idle-page": processes or physical memory, watched through the idle-page bitmap, and reclaimed page by
 * page (pages/pages.h, which also says what it needs).
 *
 * An access is found through the frame behind the address: prepare() makes the page idle, check() looks whether it
 * still is. A huge page answers at its head alone. Single accesses to the bitmap are dear, so what is asked is sorted
 * and joined, and what a 2 MiB block is made of is remembered for a second (pages/blocks.h).
 *
 * Of physical memory the address is the frame: no pagemap is asked, and kpageflags tells what is in a frame.
 */
#ifndef DRCL_IDLE_PAGE_H
#define DRCL_IDLE_PAGE_H

#include "backends/idle_page/entries.h"
#include "base/env.h"
#include "pages/pages.h"

enum drcl_sample_state {
    DRCL_SAMPLE_NOTHING, /* nothing that could be accessed, or nothing known: counts as not accessed */
    DRCL_SAMPLE_UNSEEN,  /* to be looked up in pagemap */
    DRCL_SAMPLE_UNKNOWN, /* there, to be looked up in kpageflags */
    DRCL_SAMPLE_ABSENT,  /* accessed if it is there at the next look */
    DRCL_SAMPLE_CAME,    /* there, and was not a moment ago: accessed */
    DRCL_SAMPLE_PAGE,    /* a small page, or the head of a smaller large one */
    DRCL_SAMPLE_ASSUMED, /* a page taken for a small one because of its block */
    DRCL_SAMPLE_HUGE     /* the head of a huge page */
};

struct drcl_sample {
    uint64_t addr;
    uint64_t pfn;
    enum drcl_sample_state state;
    bool left_out; /* of this tick: NOTHING without a look */
    bool marked;
};

/* Whether the sample has a frame whose idle bit is to be asked. */
static inline bool drcl_sample_has_frame(const struct drcl_sample *sample)
{
    return sample->state == DRCL_SAMPLE_PAGE || sample->state == DRCL_SAMPLE_ASSUMED ||
           sample->state == DRCL_SAMPLE_HUGE;
}

struct drcl_idle_target {
    struct drcl_pages_target *pages; /* the same target, and its marks, where pages are reclaimed */
    struct drcl_block *blocks;       /* of a process ours, of physical memory those of pages->blocks */
    struct drcl_sample *samples;     /* of the last prepare(), in its order */
    struct drcl_frame *frames;       /* of the samples that have one, sorted; index: number of the sample */
    size_t nr_samples;
    size_t nr_frames;
    size_t capacity;    /* of both */
    uint32_t marked_ms; /* when samples in marked ranges were looked at last */
    uint32_t tick;      /* 1 ... DRCL_MAX_TICK: a block that was never found idle has 0 */
};

struct drcl_idle_page {
    struct drcl_env *env;
    struct drcl_pages *pages;
    struct drcl_idle_target **targets;
    size_t nr_targets, targets_capacity;
    uint64_t zero_pfn;           /* the shared zero page, once seen; 0: not yet */
    struct drcl_entries entries; /* of the blocks of all processes */
    struct drcl_frame *asked;    /* room for the frames that flags.c asks about: one a sample */
    size_t asked_capacity;
};

/* NULL if there is no such target. */
static inline struct drcl_idle_target *drcl_idle_target_find(const struct drcl_idle_page *b, uint32_t id)
{
    for (size_t i = 0; i < b->nr_targets; i++)
        if (b->targets[i]->pages->id == id)
            return b->targets[i];
    return NULL;
}

#endif
