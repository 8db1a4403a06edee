/* SPDX-License-Identifier: MIT */
/*
 * Pages of files that no process maps: there is no process to give advice on, so the cgroup that they are charged to is
 * asked to reclaim as many bytes of file pages as were found idle. The kernel takes the coldest of that cgroup, so none
 * is asked whose other pages are not to be touched.
 */
#include "backends/idle_page/physical.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "sys/cgroup.h"
#include "sys/scan.h"

#define KNOWN_NS   UINT64_C(10000000000) /* how long what is known of a cgroup holds */
#define WRITE_SIZE (UINT64_C(1) << 20)   /* bytes that a cgroup is asked for at once: nothing can end the call early */

/* --- which cgroups ----------------------------------------------------------------------------------------------- */

/* The cgroup of a process: 0 if it has exited. "0::/a/b", or "7:memory:/a/b" in the first version of cgroups. */
static int cgroup_of(struct drcl_env *env, pid_t pid, uint64_t *ret_inode)
{
    char text[4096];
    ssize_t n = pid ? drcl_read_small(env, text, sizeof(text), "/proc/%d/cgroup", (int)pid)
                    : drcl_read_small(env, text, sizeof(text), "/proc/self/cgroup");
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)}, line;
    uint64_t hierarchy;

    *ret_inode = 0;
    if (n == -ENOENT || n == -ESRCH)
        return 0;
    if (n < 0)
        return (int)n;
    while (drcl_scan_line(&scan, &line)) {
        size_t len;

        if (!drcl_scan_u64(&line, 10, &hierarchy) ||
            !(drcl_scan_word(&line, "::") || drcl_scan_word(&line, ":memory:")))
            continue;
        len = (size_t)(line.end - line.at);
        memmove(text, line.at, len);
        text[len] = '\0';
        return drcl_cgroup_inode(env, text, ret_inode);
    }
    return 0;
}

/* Whether the caller or an excluded process is in the cgroup: its file pages would go as well. If it cannot be told it
 * is taken for granted. */
static bool is_off_limits(struct drcl_idle_page *b, uint64_t inode)
{
    uint64_t other;

    if (cgroup_of(b->env, 0, &other) < 0 || other == inode)
        return true;
    for (size_t i = 0; i < b->exclude.nr_pids; i++)
        if (cgroup_of(b->env, b->exclude.pids[i], &other) < 0 || other == inode)
            return true;
    return false;
}

/* What is known of a cgroup, found out if need be. */
static struct drcl_known_cgroup *known(struct drcl_idle_page *b, uint64_t inode)
{
    struct drcl_hush hush;
    struct drcl_physical *physical = b->physical;
    uint64_t now = drcl_clock(b->env, CLOCK_MONOTONIC);
    struct drcl_known_cgroup *cgroup = NULL;

    for (size_t i = 0; i < DRCL_NR_CGROUPS; i++)
        if (physical->cgroups[i].inode == inode)
            cgroup = &physical->cgroups[i];
    if (cgroup && now < cgroup->until_ns)
        return cgroup;
    if (!cgroup) {
        cgroup = &physical->cgroups[physical->next_cgroup];
        physical->next_cgroup = (physical->next_cgroup + 1) % DRCL_NR_CGROUPS;
    }
    *cgroup = (struct drcl_known_cgroup){.inode = inode, .until_ns = now + KNOWN_NS};
    drcl_hush(b->env, &hush); /* that it cannot be done is no error */
    cgroup->able = drcl_cgroup_path(b->env, inode, cgroup->path, sizeof(cgroup->path)) > 0 && !is_off_limits(b, inode);
    drcl_unhush(b->env, &hush, 0);
    return cgroup;
}

void drcl_unmapped_forget(struct drcl_physical *physical)
{
    memset(physical->cgroups, 0, sizeof(physical->cgroups));
}

/* Whether what the kernel chooses among a cgroup's file pages can be told from what must stay: not by ranges, and not
 * by what a filter sees in a single page. */
static bool may_ask(const struct drcl_attempt *a)
{
    const uint32_t fine = 1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_MEMCG |
                          1u << DAMON_RECLAIM_FILTER_TARGET | 1u << DAMON_RECLAIM_FILTER_UNMAPPED;

    if (a->b->exclude.ranges || a->request->action != DAMON_RECLAIM_ACTION_PAGEOUT)
        return false;
    for (size_t i = 0; i < a->request->nr_filters; i++)
        if (!(fine >> a->request->filters[i].type & 1))
            return false;
    return true;
}

/* --- collecting -------------------------------------------------------------------------------------------------- */

void drcl_unmapped_add(struct drcl_attempt *a, const struct drcl_unit *unit, struct damon_reclaim_result *count)
{
    struct drcl_physical *physical = a->b->physical;

    if ((unit->flags & DRCL_KPF_SWAPBACKED) || !may_ask(a) || physical->nr_unmapped == DRCL_NR_UNMAPPED) {
        count->not_reclaimable += drcl_unit_size(unit);
        return;
    }
    physical->unmapped[physical->nr_unmapped++] =
        (struct drcl_unmapped){.pfn = unit->addr >> DRCL_PAGE_SHIFT, .pages = (uint32_t)unit->pages};
    physical->unmapped_bytes += drcl_unit_size(unit);
}

/* --- reclaiming -------------------------------------------------------------------------------------------------- */

/* Asks for @bytes in steps, as long as there is time. *ret_tried: what was asked for. */
static int ask(struct drcl_attempt *a, struct drcl_known_cgroup *cgroup, uint64_t bytes, uint64_t *ret_tried)
{
    struct drcl_hush hush;
    int r = 0;

    *ret_tried = 0;
    while (r == 0 && bytes && a->slice) {
        uint64_t step = bytes < WRITE_SIZE ? bytes : WRITE_SIZE;

        if (step > a->slice)
            step = a->slice;
        drcl_hush(a->b->env, &hush);
        r = drcl_cgroup_reclaim_file(a->b->env, cgroup->path, step);
        drcl_unhush(a->b->env, &hush, r == -ENOMEM ? r : 0);
        if (r == 0 || r == -EAGAIN)
            *ret_tried += step;
        bytes -= step;
        drcl_attempt_plan(a);
    }
    if (r < 0) { /* what there was is gone, or it cannot be done */
        cgroup->able = false;
        cgroup->until_ns = a->now_ns + KNOWN_NS;
    }
    return r == -ENOMEM ? r : 0;
}

/* Bytes of the pages of cgroup @memcg among the collected ones, which are marked as done. b->frames gets their frames,
 * b->memcgs has the cgroups of all. */
static uint64_t gather(struct drcl_idle_page *b, uint64_t memcg, size_t *ret_n)
{
    struct drcl_physical *physical = b->physical;
    uint64_t pages = 0;

    *ret_n = 0;
    for (size_t i = 0; i < physical->nr_unmapped; i++) {
        struct drcl_unmapped *page = &physical->unmapped[i];

        if (page->done || b->memcgs[i] != memcg)
            continue;
        page->done = true;
        pages += page->pages;
        b->frames[(*ret_n)++] = (struct drcl_frame){.pfn = page->pfn, .index = (uint32_t)i};
    }
    return pages << DRCL_PAGE_SHIFT;
}

/* Bytes of the first @n of b->frames that are no unmapped pages of files any more. */
static int measure(struct drcl_idle_page *b, size_t n, uint64_t *ret_gone)
{
    uint64_t pages = 0;
    int r = drcl_kpageflags_get(&b->kpageflags, b->frames, n);

    for (size_t i = 0; r == 0 && i < n; i++)
        if ((b->frames[i].flags & (DRCL_KPF_LRU | DRCL_KPF_MMAP | DRCL_KPF_SWAPBACKED)) != DRCL_KPF_LRU)
            pages += b->physical->unmapped[b->frames[i].index].pages;
    *ret_gone = pages << DRCL_PAGE_SHIFT;
    return r;
}

static int reclaim_of(struct drcl_attempt *a, uint64_t memcg)
{
    struct drcl_known_cgroup *cgroup = memcg ? known(a->b, memcg) : NULL;
    uint64_t tried, gone;
    size_t n;
    uint64_t bytes = gather(a->b, memcg, &n);
    int r;

    if (!cgroup || !cgroup->able) {
        a->result->not_reclaimable += bytes;
        return 0;
    }
    r = ask(a, cgroup, bytes, &tried);
    if (r < 0)
        return r;
    if (!tried && !cgroup->able)
        a->result->not_reclaimable += bytes;
    if (!tried)
        return 0;
    r = measure(a->b, n, &gone);
    if (r < 0)
        return r;
    a->result->tried += tried;
    a->result->reclaimed += gone < tried ? gone : tried;
    return 0;
}

/* The cgroups of the collected pages into b->memcgs; all 0 where the kernel does not tell. */
static int look_up_memcgs(struct drcl_idle_page *b)
{
    struct drcl_physical *physical = b->physical;
    struct drcl_hush hush;
    int r;

    for (size_t i = 0; i < physical->nr_unmapped; i++) {
        b->frames[i] = (struct drcl_frame){.pfn = physical->unmapped[i].pfn, .index = (uint32_t)i};
        b->memcgs[i] = 0;
    }
    drcl_hush(b->env, &hush);
    r = drcl_idle_need_kpagecgroup(b);
    drcl_unhush(b->env, &hush, 0);
    return r < 0 ? 0 : drcl_idle_get_memcgs(b, physical->nr_unmapped);
}

int drcl_unmapped_flush(struct drcl_attempt *a)
{
    struct drcl_physical *physical = a->b->physical;
    int r = physical->nr_unmapped ? look_up_memcgs(a->b) : 0;

    for (size_t i = 0; r == 0 && i < physical->nr_unmapped; i++)
        if (!physical->unmapped[i].done)
            r = reclaim_of(a, a->b->memcgs[i]);
    physical->nr_unmapped = 0;
    physical->unmapped_bytes = 0;
    return r;
}
