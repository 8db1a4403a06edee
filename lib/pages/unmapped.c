/* SPDX-License-Identifier: MIT */
#include "pages/unmapped.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sys/cgroup.h"
#include "sys/scan.h"

#define KNOWN_NS   (10 * DRCL_NS_PER_S) /* how long what is known of a cgroup holds */
#define WRITE_SIZE (UINT64_C(1) << 20)  /* bytes that a cgroup is asked for at once: nothing can end the call early */

/* --- which cgroups ----------------------------------------------------------------------------------------------- */

/* The caller's cgroup: 0 if it is in none. "0::/a/b", or "7:memory:/a/b" in the first version of cgroups. */
static int own_cgroup(struct drcl_env *env, uint64_t *ret_inode)
{
    char text[4096];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/self/cgroup");
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)}, line;
    uint64_t hierarchy;

    *ret_inode = 0;
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

static int is_excluded(void *data, pid_t pid)
{
    const struct drcl_attempt *a = data;

    return drcl_exclude_has_process(a->exclude, a->env, pid);
}

/* Whether the caller or an excluded process is in the cgroup: its file pages would go as well. Also true if that cannot
 * be found out. */
static bool is_off_limits(struct drcl_attempt *a, const struct drcl_known_cgroup *cgroup)
{
    struct drcl_quiet quiet;
    uint64_t own;
    int r;

    drcl_quiet_begin(a->env, &quiet);
    r = own_cgroup(a->env, &own);
    r = r < 0 ? r : own == cgroup->inode;
    if (r == 0 && drcl_exclude_has_processes(a->exclude))
        r = drcl_cgroup_processes(a->env, cgroup->path, is_excluded, a);
    drcl_quiet_end(a->env, &quiet);
    return r != 0;
}

/* Finds out about a cgroup whether its file pages can go and nobody suffers who must not. */
static bool find_out(struct drcl_attempt *a, struct drcl_known_cgroup *cgroup)
{
    struct drcl_quiet quiet;
    bool able;

    drcl_quiet_begin(a->env, &quiet); /* file pages that cannot go stay */
    able = drcl_cgroup_path(a->env, cgroup->inode, cgroup->path, sizeof(cgroup->path)) > 0 && !is_off_limits(a, cgroup);
    drcl_quiet_end(a->env, &quiet);
    return able;
}

/* What is known of a cgroup. Finds it out if nothing is known or it was found out long ago. */
static struct drcl_known_cgroup *get_cgroup(struct drcl_unmapped *unmapped, struct drcl_attempt *a, uint64_t inode)
{
    uint64_t now = drcl_clock(a->env, CLOCK_MONOTONIC);
    struct drcl_known_cgroup *cgroup = NULL;

    for (size_t i = 0; i < DRCL_NR_CGROUPS; i++)
        if (unmapped->cgroups[i].inode == inode)
            cgroup = &unmapped->cgroups[i];
    if (cgroup && now < cgroup->until_ns) {
        if (cgroup->able && drcl_exclude_has_processes(a->exclude)) /* one may have come since */
            cgroup->able = !is_off_limits(a, cgroup);
        return cgroup;
    }
    if (!cgroup) {
        cgroup = &unmapped->cgroups[unmapped->next_cgroup];
        unmapped->next_cgroup = (unmapped->next_cgroup + 1) % DRCL_NR_CGROUPS;
    }
    *cgroup = (struct drcl_known_cgroup){.inode = inode, .until_ns = now + KNOWN_NS};
    cgroup->able = find_out(a, cgroup);
    return cgroup;
}

void drcl_unmapped_forget(struct drcl_unmapped *unmapped)
{
    memset(unmapped->cgroups, 0, sizeof(unmapped->cgroups));
}

/* Whether what the kernel chooses among a cgroup's file pages can be told from what must stay: not by ranges, and not
 * by what a filter sees in a single page. */
static bool may_ask(const struct drcl_attempt *a)
{
    const uint32_t fine = 1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_MEMCG |
                          1u << DAMON_RECLAIM_FILTER_TARGET | 1u << DAMON_RECLAIM_FILTER_UNMAPPED;

    if (a->exclude->ranges || a->request->action != DAMON_RECLAIM_ACTION_PAGEOUT)
        return false;
    for (size_t i = 0; i < a->request->nr_filters; i++)
        if (!(fine >> a->request->filters[i].type & 1))
            return false;
    return true;
}

/* --- collecting -------------------------------------------------------------------------------------------------- */

void drcl_unmapped_add(struct drcl_unmapped *unmapped, const struct drcl_attempt *a, const struct drcl_folio *folio,
                       struct damon_reclaim_result *count)
{
    size_t i = unmapped->n;

    if ((folio->flags & DRCL_KPF_SWAPBACKED) || !may_ask(a) || i == DRCL_NR_UNMAPPED) {
        count->not_reclaimable += drcl_folio_size(folio);
        return;
    }
    unmapped->heads[i] = (struct drcl_frame){.pfn = folio->addr >> DRCL_PAGE_SHIFT, .index = (uint32_t)i};
    unmapped->pages[i] = (uint32_t)folio->pages;
    unmapped->n++;
    unmapped->bytes += drcl_folio_size(folio);
}

/* --- reclaiming -------------------------------------------------------------------------------------------------- */

/* Asks for @bytes in steps, as long as there is time. *ret_tried: what was asked for. */
static int ask(struct drcl_attempt *a, struct drcl_known_cgroup *cgroup, uint64_t bytes, uint64_t *ret_tried)
{
    struct drcl_quiet quiet;
    int r = 0;

    *ret_tried = 0;
    while (r == 0 && bytes && a->slice) {
        uint64_t step = bytes < WRITE_SIZE ? bytes : WRITE_SIZE;

        if (step > a->slice)
            step = a->slice;
        drcl_quiet_begin(a->env, &quiet);
        r = drcl_cgroup_reclaim_file(a->env, cgroup->path, step);
        drcl_quiet_end(a->env, &quiet);
        if (r == 0 || r == -EAGAIN)
            *ret_tried += step;
        bytes -= step;
        drcl_attempt_plan(a);
    }
    if (r < 0) { /* what there was is gone, or it cannot be done */
        cgroup->able = false;
        cgroup->until_ns = a->now_ns + KNOWN_NS;
    }
    return r == -ENOMEM ? drcl_error(a->env, r, "%s", quiet.error) : 0;
}

/* Puts the collected folios of cgroup @memcg into unmapped->asked. Returns how many bytes they have. */
static uint64_t gather(struct drcl_unmapped *unmapped, uint64_t memcg)
{
    uint64_t pages = 0;

    unmapped->nr_asked = 0;
    for (size_t i = 0; i < unmapped->n; i++) {
        if (!unmapped->pages[i] || unmapped->memcgs[i] != memcg)
            continue;
        unmapped->asked[unmapped->nr_asked++] = unmapped->heads[i];
        pages += unmapped->pages[i];
    }
    return pages << DRCL_PAGE_SHIFT;
}

/* Finds out how many bytes of unmapped->asked are no unmapped pages of files any more. */
static int measure(struct drcl_unmapped *unmapped, struct drcl_page_files *files, uint64_t *ret_gone)
{
    const struct drcl_frame *asked = unmapped->asked;
    uint64_t pages = 0;
    int r = drcl_kpageflags_get(&files->kpageflags, unmapped->asked, unmapped->nr_asked);

    for (size_t i = 0; r == 0 && i < unmapped->nr_asked; i++)
        if ((asked[i].flags & (DRCL_KPF_LRU | DRCL_KPF_MMAP | DRCL_KPF_SWAPBACKED)) != DRCL_KPF_LRU)
            pages += unmapped->pages[asked[i].index];
    *ret_gone = pages << DRCL_PAGE_SHIFT;
    return r;
}

/* Reclaims the folios in unmapped->asked, @bytes of cgroup @memcg. */
static int reclaim_asked(struct drcl_unmapped *unmapped, struct drcl_attempt *a, struct drcl_page_files *files,
                         uint64_t memcg, uint64_t bytes)
{
    struct drcl_known_cgroup *cgroup = memcg ? get_cgroup(unmapped, a, memcg) : NULL;
    uint64_t tried, gone;
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
    r = measure(unmapped, files, &gone);
    if (r < 0)
        return r;
    a->result->tried += tried;
    a->result->reclaimed += gone < tried ? gone : tried;
    return 0;
}

/* Finds out the cgroups of the collected folios; all 0 where the kernel does not tell. */
static int look_up_memcgs(struct drcl_unmapped *unmapped, struct drcl_env *env, struct drcl_page_files *files)
{
    struct drcl_quiet quiet;
    int r;

    memset(unmapped->memcgs, 0, sizeof(unmapped->memcgs));
    drcl_quiet_begin(env, &quiet);
    r = drcl_page_files_need_kpagecgroup(files);
    drcl_quiet_end(env, &quiet);
    return r < 0 ? 0 : drcl_kpagecgroup_get(&files->kpagecgroup, unmapped->heads, unmapped->n, unmapped->memcgs);
}

int drcl_unmapped_flush(struct drcl_unmapped *unmapped, struct drcl_attempt *a, struct drcl_page_files *files)
{
    int r = unmapped->n ? look_up_memcgs(unmapped, a->env, files) : 0;

    for (size_t i = 0; r == 0 && i < unmapped->n; i++) {
        uint64_t bytes;

        if (!unmapped->pages[i])
            continue;
        bytes = gather(unmapped, unmapped->memcgs[i]);
        r = reclaim_asked(unmapped, a, files, unmapped->memcgs[i], bytes);
        for (size_t k = 0; k < unmapped->nr_asked; k++)
            unmapped->pages[unmapped->asked[k].index] = 0;
    }
    unmapped->n = 0;
    unmapped->bytes = 0;
    return r;
}
