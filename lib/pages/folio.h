/* SPDX-License-Identifier: MIT */
/*
 * A folio: what the kernel treats as one, a small page or a huge page with all its tails. Pages are judged and
 * reclaimed a folio at a time, as advice on a part of a huge page splits it and reclaims next to nothing.
 */
#ifndef DRCL_PAGES_FOLIO_H
#define DRCL_PAGES_FOLIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/kpageflags.h"
#include "sys/page.h"

enum drcl_folio_kind {
    DRCL_FOLIO_ABSENT, /* no page is there */
    DRCL_FOLIO_KERNEL, /* a page that can never be reclaimed, whatever the filters say */
    DRCL_FOLIO_USER    /* a page to be judged */
};

struct drcl_folio {
    enum drcl_folio_kind kind;
    uint64_t addr; /* in the memory that is walked: of a process, or physical */
    uint64_t pfn;  /* the frame of its first page; the others follow one another */
    size_t pages;
    uint32_t flags; /* of the head, with DRCL_FRAME_IDLE */
    bool anon;
    bool young;
    bool unmapped;
    bool exclusive; /* as far as is known nobody else maps it */
    uint64_t memcg; /* inode number of the cgroup that it is charged to; 0: not known */
};

static inline uint64_t drcl_folio_size(const struct drcl_folio *folio)
{
    return (uint64_t)folio->pages << DRCL_PAGE_SHIFT;
}

static inline uint64_t drcl_folio_end(const struct drcl_folio *folio)
{
    return folio->addr + drcl_folio_size(folio);
}

/* Whether it is in the swap cache, and no process has it. */
static inline bool drcl_folio_is_swapped_out(const struct drcl_folio *folio)
{
    return folio->unmapped && (folio->flags & DRCL_KPF_SWAPCACHE);
}

#endif
