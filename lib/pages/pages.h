/* SPDX-License-Identifier: MIT */
/*
 * Reclaiming page by page: processes or physical memory, through process_madvise() and the kernel's files on pages.
 *
 * What it needs, and what says so when it is missing:
 *   CONFIG_PROC_PAGE_MONITOR                              pagemap and kpageflags
 *   CONFIG_IDLE_PAGE_TRACKING                             the idle-page bitmap, to mark
 *   root                                                  to open the bitmap and kpageflags
 *   CAP_SYS_ADMIN                                         frame numbers in pagemap; without it the kernel shows zeros
 *   CAP_SYS_PTRACE (or the same user), CAP_SYS_NICE       pagemap of the process, and process_madvise() on it
 *   Linux 5.10 or newer                                   process_madvise()
 *   swap                                                  for anonymous memory to go anywhere; files go without
 *   CONFIG_MEMCG                                          kpagecgroup, for cgroups in filters and exclusions alone
 *
 * A region that may become a candidate is marked: all its pages are made idle. reclaim() then leaves out the pages that
 * are not idle any more. Who samples the same memory sees here what is marked, and tells here that a mark was touched.
 */
#ifndef DRCL_PAGES_H
#define DRCL_PAGES_H

#include "pages/batch.h"
#include "pages/cgroups.h"
#include "pages/exclude.h"
#include "pages/files.h"
#include "pages/ram.h"
#include "pages/swap_cache.h"
#include "pages/target.h"

struct drcl_physical;

struct drcl_pages {
    struct drcl_env *env;
    struct drcl_page_files files;
    struct drcl_exclude exclude;
    struct drcl_cgroups cgroups;
    struct drcl_swap_cache swap_cache;
    struct drcl_ram ram;            /* physical memory, read as soon as there is such a target */
    struct drcl_physical *physical; /* as soon as there is such a target */
    struct drcl_pages_target **targets;
    size_t nr_targets, capacity;
    bool held;               /* others are kept from watching the targets */
    uint64_t page_ns;        /* what reclaiming a page costs, as measured */
    struct drcl_batch batch; /* room for the one call that runs */
};

/* @needs_bitmap: fails without the idle-page bitmap; else it does without. Errors have a text. */
int drcl_pages_new(struct drcl_env *env, bool needs_bitmap, struct drcl_pages **ret);
void drcl_pages_free(struct drcl_pages *pages);

/* Whether drcl_pages_mark() works. */
static inline bool drcl_pages_can_mark(const struct drcl_pages *pages)
{
    return pages->files.idle.fd >= 0;
}

/* Keeps others, in this program and elsewhere, from marking what the targets have, those that come later included:
 * until drcl_pages_forget(). -EBUSY, with a text, if somebody else does it already. */
int drcl_pages_hold(struct drcl_pages *pages);

/* A process, or, with pid 0, physical memory. @pidfd stays the caller's. Errors have a text. */
int drcl_pages_add(struct drcl_pages *pages, uint32_t id, pid_t pid, int pidfd);
void drcl_pages_remove(struct drcl_pages *pages, uint32_t id);
/* NULL if there is no such target. */
struct drcl_pages_target *drcl_pages_find(const struct drcl_pages *pages, uint32_t id);

/* These are as in struct damon_reclaim_backend_ops. */
int drcl_pages_mark(struct drcl_pages *pages, uint32_t id, uint64_t start, uint64_t end);
int drcl_pages_reclaim(struct drcl_pages *pages, const struct damon_reclaim_request *request,
                       struct damon_reclaim_result *result);
int drcl_pages_exclude(struct drcl_pages *pages, const struct damon_reclaim_exclusion *exclusions, size_t n);

/* Monitoring stops: forgets what was learnt, which is of no use after a pause, holds no process open, and keeps nobody
 * from watching the targets. */
void drcl_pages_forget(struct drcl_pages *pages);

#endif
