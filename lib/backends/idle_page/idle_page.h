/* SPDX-License-Identifier: MIT */
/*
 * The backend "idle-page": processes or physical memory, watched through the idle-page bitmap.
 *
 * What it needs, and what says so when it is missing:
 *   CONFIG_IDLE_PAGE_TRACKING, CONFIG_PROC_PAGE_MONITOR   the bitmap, pagemap and kpageflags
 *   root                                                  to open the bitmap and kpageflags
 *   CAP_SYS_ADMIN                                         frame numbers in pagemap; without it the kernel shows zeros
 *   CAP_SYS_PTRACE (or the same user), CAP_SYS_NICE       pagemap of the process, and process_madvise() on it
 *   Linux 5.10 or newer                                   process_madvise()
 *   swap                                                  for anonymous memory to go anywhere; files go without
 *   CONFIG_MEMCG                                          kpagecgroup, for cgroups in filters and exclusions alone
 *
 * An access is found through the frame behind the address: prepare() makes the page idle, check() looks whether it
 * still is. A huge page answers at its head alone. Single accesses to the bitmap are dear, so what is asked is sorted
 * and joined, and what a 2 MiB block is made of is remembered for a second (blocks.c, lookup.c).
 *
 * Of physical memory (physical.h) the address is the frame: no pagemap is asked, and kpageflags tells what is in a
 * frame.
 *
 * A region that may become a candidate is marked: all its pages are made idle. From then on sampling must not make a
 * marked page idle again, or an access between the mark and the sample would be forgotten; marks.c knows what is
 * marked.
 */
#ifndef DRCL_IDLE_PAGE_H
#define DRCL_IDLE_PAGE_H

#include "backends/backend.h"
#include "pages/ram.h"
#include "base/env.h"
#include "sys/frames.h"
#include "sys/kpagecgroup.h"
#include "sys/kpageflags.h"
#include "sys/page_idle.h"
#include "sys/pagemap.h"

#define DRCL_BLOCK_SHIFT 21 /* what is remembered: the size of a huge page */
#define DRCL_BLOCK_SIZE  (UINT64_C(1) << DRCL_BLOCK_SHIFT)
#define DRCL_BLOCK_PAGES (DRCL_BLOCK_SIZE >> DRCL_PAGE_SHIFT)
#define DRCL_NR_BLOCKS   2048             /* remembered for a target, a power of two */
#define DRCL_FRESH_MS    1000             /* how long that holds */
#define DRCL_NR_LAYOUTS  64               /* of these, with every page */
#define DRCL_WINDOW      DRCL_BLOCK_PAGES /* pages that are looked at in one go: at least one huge page */

enum drcl_block_kind {
    DRCL_BLOCK_UNKNOWN,
    DRCL_BLOCK_SMALL,  /* small pages on LRU lists, as far as they were looked at */
    DRCL_BLOCK_LAYOUT, /* small pages and gaps, all known */
    DRCL_BLOCK_ABSENT, /* nothing is there */
    DRCL_BLOCK_HUGE,   /* one huge page on an LRU list */
    DRCL_BLOCK_NONE    /* one huge page that takes no part: hugetlb, the huge zero page */
};

struct drcl_block {
    uint64_t key;  /* number of the block + 1; 0: empty */
    uint64_t head; /* HUGE: frame of the head */
    uint32_t born_ms;
    uint32_t nr_samples; /* since then */
    uint32_t kind : 3;
    uint32_t layout : 8;     /* LAYOUT: its number; of physical memory: how often it was found to be the same */
    uint32_t idle_tick : 21; /* HUGE: the tick that found it idle */
};

/* The pagemap entries of the blocks that are sampled most. Huge pages need none, so memory is taken as it is needed. */
struct drcl_layouts {
    uint64_t *entries[DRCL_NR_LAYOUTS]; /* DRCL_BLOCK_PAGES each, or NULL */
    struct drcl_block *owner[DRCL_NR_LAYOUTS];
    unsigned int next; /* the one to be given away */
};

/* The place of the block of @addr; the one to be used for it, which may hold another block, if it has none. */
struct drcl_block *drcl_block_slot(struct drcl_block *blocks, uint64_t addr);
bool drcl_block_is(const struct drcl_block *block, uint64_t addr);
/* What is remembered of a block holds for a second. */
bool drcl_block_fresh(const struct drcl_block *block, uint32_t now_ms);
/* Replaces what is in the place of the block of @addr. */
struct drcl_block *drcl_block_set(struct drcl_block *blocks, uint64_t addr, enum drcl_block_kind kind, uint64_t head,
                                  uint32_t now_ms);
void drcl_block_forget(struct drcl_block *blocks, uint64_t addr);
/* Gives the block a layout to be filled in, which an older one loses. NULL without memory for it. */
uint64_t *drcl_block_take_layout(struct drcl_layouts *layouts, struct drcl_env *env, struct drcl_block *block);
/* None of @blocks is an owner any more. */
void drcl_layouts_release(struct drcl_layouts *layouts, const struct drcl_block *blocks);
void drcl_layouts_free(struct drcl_layouts *layouts, struct drcl_env *env);

/* A range whose pages mark() made idle and that sampling leaves alone. */
struct drcl_mark {
    uint64_t start;
    uint64_t end;
    bool touched; /* a huge page, found accessed since; sampling watches it again */
};

struct drcl_marks {
    struct drcl_mark *marks; /* ascending, without overlap */
    size_t n;
    size_t capacity;
};

/* The mark that @addr lies in, or NULL. */
const struct drcl_mark *drcl_marks_find(const struct drcl_marks *marks, uint64_t addr);
/* Takes [start, end) out of whatever is marked. False if there is no memory for it: then a little more is taken out. */
bool drcl_marks_cut(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end);
/* Replaces what is marked in [start, end). Without memory it is left unmarked. */
void drcl_marks_put(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end, bool touched);

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

/* A process whose pages are reclaimed. */
struct drcl_mm {
    struct drcl_pagemap map;
    unsigned int nr_poor;    /* slices in a row of which hardly anything went */
    uint64_t hopeless_ns;    /* how long swap-backed memory is left alone after too many of them */
    uint64_t hopeless_until; /* CLOCK_MONOTONIC */
};

struct drcl_idle_target {
    uint32_t id;
    struct drcl_mm mm;         /* of physical memory: no process, pid 0 */
    struct drcl_block *blocks; /* DRCL_NR_BLOCKS */
    struct drcl_kinds *kinds;  /* of physical memory: DRCL_NR_BLOCKS, those of each block of the kind LAYOUT */
    struct drcl_marks marks;
    struct drcl_sample *samples; /* of the last prepare(), in its order */
    struct drcl_frame *frames;   /* of the samples that have one, sorted; index: number of the sample */
    size_t nr_samples;
    size_t nr_frames;
    size_t capacity; /* of both */
    uint32_t tick;   /* 1 ... : a block that was never found idle has 0 */
};

/* A sorted set of cgroups. */
struct drcl_inodes {
    uint64_t *inodes;
    size_t n;
    size_t capacity;
};

/* What is excluded (exclude.h). */
struct drcl_exclude {
    pid_t *pids;
    size_t nr_pids;
    char *paths; /* of cgroups, each with its NUL */
    size_t nr_paths;
    struct drcl_inodes memcgs; /* those and all below them */
    uint64_t next_ns;          /* when to look for them again */
    bool ranges;               /* there are ranges, too */
};

struct drcl_physical;

struct drcl_idle_page {
    struct drcl_env *env;
    struct drcl_page_idle idle; /* not open where another monitors */
    struct drcl_kpageflags kpageflags;
    struct drcl_kpagecgroup kpagecgroup; /* opened when it is needed */
    struct drcl_ram ram;
    struct drcl_exclude exclude;
    struct drcl_physical *physical; /* as soon as there is such a target */
    struct drcl_idle_target **targets;
    size_t nr_targets, targets_capacity;
    uint64_t zero_pfn; /* the shared zero page, once seen; 0: not yet */
    uint64_t page_ns;  /* what reclaiming a page costs, as measured */
    struct drcl_layouts layouts;
    /* Room to work in. */
    struct drcl_frame *frames; /* at least DRCL_WINDOW */
    size_t nr_frames;
    uint64_t entries[DRCL_WINDOW];
    uint64_t after[DRCL_WINDOW];
    uint32_t flags[DRCL_WINDOW];
    uint64_t memcgs[DRCL_WINDOW];
    char text[8192]; /* of /proc/PID/maps */
};

static inline bool drcl_idle_is_physical(const struct drcl_idle_target *t)
{
    return t->mm.map.pid == 0;
}

struct drcl_idle_target *drcl_idle_target_find(struct drcl_idle_page *b, uint32_t id);
/* Finds the page behind each sample of the target: their state and frame. */
int drcl_idle_look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);
/* Looks again for the samples whose page was absent: those that have come are in the state CAME. */
int drcl_idle_look_again(struct drcl_idle_page *b, struct drcl_idle_target *t);
/* Finds out what kind of page is in the frame of each sample in the state UNKNOWN. */
int drcl_idle_look_at_flags(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);
/* Makes room for @n frames to work with. */
int drcl_idle_need_frames(struct drcl_idle_page *b, size_t n);
/* Opens what all processes share, the bitmap with @idle_flags (O_RDONLY, O_RDWR; -1: not at all). What was opened stays
 * so on failure.
 */
int drcl_idle_open(struct drcl_idle_page *b, struct drcl_env *env, int idle_flags);
/* Opens kpagecgroup unless it is open. */
int drcl_idle_need_kpagecgroup(struct drcl_idle_page *b);
/* Puts the cgroups of the first @n of b->frames, sorted, into b->memcgs by their index. */
int drcl_idle_get_memcgs(struct drcl_idle_page *b, size_t n);
/* Puts the idle bits of the first @n of b->frames into them; none is idle where there is no bitmap. */
int drcl_idle_get_idle(struct drcl_idle_page *b, size_t n);
/* A backend, for drcl_backend_idle_page.ops; if it need not have the bitmap, idle.fd is -1 where there is none. */
int drcl_idle_create(struct drcl_env *env, bool need_bitmap, struct drcl_idle_page **ret);
/* The error for a frame number that the kernel does not show. */
int drcl_idle_no_frame_numbers(struct drcl_env *env);

/* The operations, one or two a file. */
int drcl_idle_ranges(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity,
                     size_t *ret_n);
int drcl_idle_prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n);
int drcl_idle_check(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed);
int drcl_idle_mark(void *backend, uint32_t target, uint64_t start, uint64_t end);
int drcl_idle_reclaim(void *backend, const struct damon_reclaim_request *request,
                      struct damon_reclaim_result *ret_result);
int drcl_idle_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);

#endif
