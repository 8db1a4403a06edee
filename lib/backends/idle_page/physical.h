/* SPDX-License-Identifier: MIT */
/*
 * Physical memory as a target: an address is a frame number and an offset. Sampling asks kpageflags instead of pagemap
 * what is there: what is on no LRU list (free, the kernel's, hugetlb) is not accessed and costs nothing, and tails
 * answer at their head. To reclaim a frame takes its owner: the reverse map tells who that should be (rmap.h), its
 * pagemap whether it still is (claims.c), and unmapped pages of files go through their cgroup (unmapped.c).
 */
#ifndef DRCL_IDLE_PHYSICAL_H
#define DRCL_IDLE_PHYSICAL_H

#include "pages/attempt.h"
#include "backends/idle_page/idle_page.h"
#include "pages/owners/rmap.h"

#define DRCL_NR_PROCESSES 16          /* kept open */
#define DRCL_NR_UNMAPPED  DRCL_WINDOW /* pages that are collected before their cgroups are asked */
#define DRCL_NR_CGROUPS   8           /* of which the path is remembered */

/* What the frames of a block are, once all of them were looked at. */
struct drcl_kinds {
    uint64_t heads[DRCL_BLOCK_PAGES / 64]; /* small pages and heads of large ones, on an LRU list: one bit each */
    uint64_t tails[DRCL_BLOCK_PAGES / 64];
    uint64_t nr_free;
};

/* A page that is to go: the unit at its physical address, and where its owner has it. */
struct drcl_claim {
    struct drcl_unit unit;
    struct drcl_rmap_run run; /* pid 0: dealt with */
};

/* A process that is held open, since the next window may have pages of it as well. */
struct drcl_process {
    struct drcl_mm mm;        /* pid 0: none; fd -1: it cannot be opened */
    uint64_t closed_until_ns; /* until when that is taken for granted */
    uint64_t used;            /* when, as a count */
};

/* A page of a file that nobody maps. */
struct drcl_unmapped {
    uint64_t pfn;
    uint32_t pages;
    bool done; /* its cgroup had its turn */
};

/* What is known of a cgroup whose file pages are to go. */
struct drcl_known_cgroup {
    uint64_t inode; /* 0: none */
    uint64_t until_ns;
    bool able; /* its file pages can be reclaimed, and nobody suffers who must not */
    char path[256];
};

/* What the reverse map is good for. */
struct drcl_rmap_use {
    uint64_t made_ns;             /* what it took to fill it */
    uint64_t used_ns;             /* how long it has been used since */
    uint64_t nr_found, nr_missed; /* claims since then */
};

struct drcl_physical {
    struct drcl_rmap *rmap;
    struct drcl_rmap_use use;
    struct drcl_claim claims[DRCL_WINDOW]; /* of the window at hand */
    size_t nr_claims;
    struct drcl_process processes[DRCL_NR_PROCESSES];
    uint64_t nr_uses;
    uint64_t nr_probes; /* frames that were looked at to see whether their block is as it was */
    struct drcl_unmapped unmapped[DRCL_NR_UNMAPPED]; /* ascending */
    size_t nr_unmapped;
    uint64_t unmapped_bytes;
    struct drcl_known_cgroup cgroups[DRCL_NR_CGROUPS];
    size_t next_cgroup; /* the one to be given away */
};

/* physical.c: makes the target one of physical memory, or an error with text. */
int drcl_physical_add(struct drcl_idle_page *b, struct drcl_idle_target *t);
void drcl_physical_free(struct drcl_idle_page *b);
/* Monitoring stops: nothing that was learnt of processes is kept, nor are they held open. */
void drcl_physical_forget(struct drcl_idle_page *b);
int drcl_physical_look_up(struct drcl_idle_page *b, struct drcl_idle_target *t, uint32_t now_ms);
/* Remembers what the block of @addr is made of, the flags of all of its frames being in b->kpageflags.buf. */
struct drcl_block *drcl_physical_learn(struct drcl_idle_page *b, struct drcl_idle_target *t, uint64_t addr,
                                       uint32_t now_ms);
/* Whether no frame of the block of @addr is a user's, as far as is known, and how many of them are free. */
bool drcl_physical_is_nothing(struct drcl_idle_page *b, const struct drcl_idle_target *t, uint64_t addr,
                              uint64_t *ret_nr_free);
int drcl_physical_mark(struct drcl_idle_page *b, struct drcl_idle_target *t, uint64_t start, uint64_t end);

/* physical_reclaim.c */
int drcl_physical_reclaim(struct drcl_idle_page *b, struct drcl_idle_target *t,
                          const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result);

/* claims.c: hands the claims that have an owner to the kernel, process by process. 1; 0 when the time is over before
 * all of them had their turn; or an error. Those that turn out to be somebody else's, or of a process that cannot be
 * touched, are counted into @count. */
int drcl_claims_reclaim(struct drcl_attempt *a, struct damon_reclaim_result *count);
void drcl_claims_close(struct drcl_idle_page *b);

/* unmapped.c: collects an unmapped page, of which there is room for a window of them; counts it if it cannot go. */
void drcl_unmapped_add(struct drcl_attempt *a, const struct drcl_unit *unit, struct damon_reclaim_result *count);
/* Asks the cgroups to reclaim what was collected, as far as there is time. 0 or an error. */
int drcl_unmapped_flush(struct drcl_attempt *a);
/* What is known of cgroups no longer holds. */
void drcl_unmapped_forget(struct drcl_physical *physical);

#endif
