/* SPDX-License-Identifier: MIT */
/* A batch: consecutive pages that are looked at in one go, with what the kernel's files say of each. */
#ifndef DRCL_PAGES_BATCH_H
#define DRCL_PAGES_BATCH_H

#include "pages/files.h"
#include "sys/pagemap.h"

#define DRCL_BATCH_PAGES DRCL_HUGE_PAGES /* at most: one huge page fits */

struct drcl_batch {
    uint64_t start; /* address of the first page */
    size_t pages;
    uint64_t entries[DRCL_BATCH_PAGES];         /* of pagemap, if a process is looked at */
    uint32_t flags[DRCL_BATCH_PAGES];           /* of kpageflags, with DRCL_FRAME_IDLE; 0 where there is no page */
    uint64_t memcgs[DRCL_BATCH_PAGES];          /* inode numbers of cgroups, where somebody needs them, else 0 */
    struct drcl_frame frames[DRCL_BATCH_PAGES]; /* those to be asked about; index: number of the page */
    size_t nr_frames;
};

/* Reads the pagemap entries of @pages pages from @start on, and lists the frames of those that are there, sorted. */
int drcl_batch_read_pagemap(struct drcl_batch *batch, struct drcl_pagemap *map, uint64_t start, size_t pages);

/* Completes the flags of the listed frames, whose flags are those of kpageflags: with the idle bits, which tails of
 * huge pages do not have, and, if @needs_memcg, the cgroups. */
int drcl_batch_ask(struct drcl_batch *batch, struct drcl_page_files *files, bool needs_memcg);

#endif
