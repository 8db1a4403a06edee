/* SPDX-License-Identifier: MIT */
/* Claimed pages and the processes that own them. What the reverse map says may be old, so each page is looked for where
 * it should be before it is touched. */
#include "backends/idle_page/physical.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define GAP_PAGES 32 /* reading this many entries of pagemap for nothing costs less than another call */
#define CLOSED_NS UINT64_C(10000000000)

/* --- processes --------------------------------------------------------------------------------------------------- */

static void close_process(struct drcl_idle_page *b, struct drcl_process *process)
{
    if (!process->mm.map.pid)
        return;
    if (process->mm.map.fd >= 0) {
        int pidfd = process->mm.map.pidfd;

        drcl_pagemap_close(&process->mm.map);
        drcl_close(b->env, pidfd);
    }
    *process = (struct drcl_process){.used = 0};
}

void drcl_claims_close(struct drcl_idle_page *b)
{
    for (size_t i = 0; i < DRCL_NR_PROCESSES; i++)
        close_process(b, &b->physical->processes[i]);
}

/* The place of a process, or the one that was used longest ago. */
static struct drcl_process *place_of(struct drcl_physical *physical, pid_t pid)
{
    struct drcl_process *oldest = physical->processes;

    for (size_t i = 0; i < DRCL_NR_PROCESSES; i++) {
        struct drcl_process *process = &physical->processes[i];

        if (process->mm.map.pid == pid)
            return process;
        if (process->used < oldest->used)
            oldest = process;
    }
    return oldest;
}

/* It cannot be opened or advised: left alone for a while, which is no failure of the whole. */
static void shut(struct drcl_idle_page *b, struct drcl_process *process, pid_t pid)
{
    close_process(b, process);
    process->mm.map = (struct drcl_pagemap){.env = b->env, .pid = pid, .pidfd = -1, .fd = -1};
    process->closed_until_ns = drcl_clock(b->env, CLOCK_MONOTONIC) + CLOSED_NS;
}

static int open_process(struct drcl_idle_page *b, struct drcl_process *process, pid_t pid)
{
    int pidfd = drcl_pidfd_open(b->env, pid), r;

    if (pidfd < 0)
        return pidfd;
    r = drcl_pagemap_open(&process->mm.map, b->env, pid, pidfd);
    if (r < 0)
        drcl_close(b->env, pidfd);
    return r;
}

/* The process, held by a pidfd. *ret is NULL if it is gone or cannot be touched; an error is one that passes. */
static int get_process(struct drcl_idle_page *b, pid_t pid, struct drcl_process **ret)
{
    struct drcl_process *process = place_of(b->physical, pid);
    int r = 0;

    *ret = NULL;
    if (pid == getpid())
        return 0;
    if (process->mm.map.pid == pid && process->mm.map.fd < 0) {
        if (drcl_clock(b->env, CLOCK_MONOTONIC) < process->closed_until_ns)
            return 0;
        close_process(b, process);
    }
    if (process->mm.map.pid != pid) {
        close_process(b, process);
        r = open_process(b, process, pid);
    }
    if (r == -ENOMEM || r == -EINTR)
        return r;
    process->used = ++b->physical->nr_uses;
    if (r == 0)
        *ret = process;
    else if (r != -ESRCH)
        shut(b, process, pid);
    return 0;
}

/* --- one process's pages ----------------------------------------------------------------------------------------- */

/* Whether the frames of the claim are where they should be, and nobody else maps them. */
static bool is_there(const struct drcl_claim *claim, const uint64_t *entries)
{
    uint64_t pfn = claim->unit.addr >> DRCL_PAGE_SHIFT, wanted = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE;

    for (size_t i = 0; i < claim->unit.pages; i++)
        if ((entries[i] & wanted) != wanted || (entries[i] & DRCL_PAGEMAP_PFN) != pfn + i)
            return false;
    return true;
}

/* Looks whether the claim is right, by the entries from its first page on, and puts it into the slice. 1, 0 or an
 * error. */
static int take(struct drcl_attempt *a, const struct drcl_claim *claim, const uint64_t *entries,
                struct damon_reclaim_result *count)
{
    struct drcl_unit unit = claim->unit;

    if (!is_there(claim, entries)) {
        drcl_rmap_was_wrong(a->b->physical->rmap);
        count->not_reclaimable += drcl_unit_size(&unit);
        return 1;
    }
    unit.addr = claim->run.addr;
    if (((unit.flags & DRCL_KPF_SWAPBACKED) && drcl_attempt_hopeless(a)) ||
        unit.addr + drcl_unit_size(&unit) - 1 > UINTPTR_MAX) { /* a 32-bit caller cannot name it */
        count->not_reclaimable += drcl_unit_size(&unit);
        return 1;
    }
    return drcl_attempt_add(a, &unit);
}

/* How many of the sorted claims lie close enough to each other to be read in one call; *ret_pages from the first on. */
static size_t neighbours(const struct drcl_idle_page *b, size_t at, size_t n, size_t *ret_pages)
{
    uint64_t first = b->frames[at].pfn, end = first + b->physical->claims[b->frames[at].index].unit.pages;
    size_t i = at + 1;

    for (; i < n; i++) {
        uint64_t page = b->frames[i].pfn, next = page + b->physical->claims[b->frames[i].index].unit.pages;

        if (page > end + GAP_PAGES || next - first > DRCL_WINDOW)
            break;
        end = next > end ? next : end;
    }
    *ret_pages = (size_t)(end - first);
    return i - at;
}

/* The first @n of b->frames are the pages of the attempt's owner: their number in its memory, and which claim it is. */
static int reclaim_pages(struct drcl_attempt *a, size_t n, struct damon_reclaim_result *count)
{
    struct drcl_idle_page *b = a->b;
    int r = 1, flushed;

    for (size_t at = 0, run; r > 0 && at < n; at += run) {
        uint64_t first = b->frames[at].pfn;
        size_t pages;

        run = neighbours(b, at, n, &pages);
        r = drcl_pagemap_read(&a->mm->map, first << DRCL_PAGE_SHIFT, pages, b->entries);
        r = r < 0 ? r : 1;
        for (size_t i = at; r > 0 && i < at + run; i++)
            r = take(a, &b->physical->claims[b->frames[i].index], &b->entries[b->frames[i].pfn - first], count);
    }
    flushed = drcl_attempt_flush(a);
    return r < 0 ? r : flushed < 0 ? flushed : r;
}

/* Takes the claims of process @pid out of the list, into b->frames in the order of their addresses. */
static size_t gather(struct drcl_idle_page *b, pid_t pid, uint64_t *ret_bytes)
{
    struct drcl_physical *physical = b->physical;
    size_t n = 0;

    *ret_bytes = 0;
    for (size_t i = 0; i < physical->nr_claims; i++) {
        struct drcl_claim *claim = &physical->claims[i];

        if (claim->run.pid != pid)
            continue;
        claim->run.pid = 0;
        *ret_bytes += drcl_unit_size(&claim->unit);
        b->frames[n++] = (struct drcl_frame){.pfn = claim->run.addr >> DRCL_PAGE_SHIFT, .index = (uint32_t)i};
    }
    drcl_frames_sort(b->frames, n);
    return n;
}

int drcl_claims_reclaim(struct drcl_attempt *a, struct damon_reclaim_result *count)
{
    struct drcl_idle_page *b = a->b;
    int r = 1;

    for (size_t i = 0; r > 0 && i < b->physical->nr_claims; i++) {
        pid_t pid = b->physical->claims[i].run.pid;
        struct drcl_process *process;
        uint64_t bytes;
        size_t n;

        if (!pid)
            continue;
        r = get_process(b, pid, &process);
        if (r < 0)
            return r;
        n = gather(b, pid, &bytes);
        r = 1;
        if (!process) {
            count->not_reclaimable += bytes;
            continue;
        }
        a->mm = &process->mm;
        r = reclaim_pages(a, n, count);
        a->mm = NULL;
        if (r == -ESRCH) {
            close_process(b, process);
            r = 1;
        } else if (r == -EPERM || r == -EACCES) {
            shut(b, process, pid);
            r = 1;
        }
    }
    return r;
}
