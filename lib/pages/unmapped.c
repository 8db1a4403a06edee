/* SPDX-License-Identifier: MIT */
#include "pages/unmapped.h"

#include <errno.h>
#include <string.h>

#include "sys/cgroup.h"

#define WRITE_SIZE (UINT64_C(1) << 20) /* bytes that a cgroup is asked for at once: nothing can end the call early */

/* --- collecting -------------------------------------------------------------------------------------------------- */

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
        r = drcl_cgroup_reclaim(a->env, cgroup->path, DRCL_CGROUP_FILE_PAGES, step);
        drcl_quiet_end(a->env, &quiet);
        if (r == 0 || r == -EAGAIN)
            *ret_tried += step;
        bytes -= step;
        drcl_attempt_plan(a);
    }
    if (r < 0) /* what there was is gone, or it cannot be done */
        drcl_cgroup_refused(cgroup, a->env, DRCL_CGROUP_FILES);
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
    struct drcl_known_cgroup *cgroup = memcg ? drcl_cgroups_get(unmapped->cgroups, a->env, a->exclude, memcg) : NULL;
    uint64_t tried, gone;
    int r;

    if (!cgroup || !cgroup->able[DRCL_CGROUP_FILES]) {
        a->result->not_reclaimable += bytes;
        return 0;
    }
    r = ask(a, cgroup, bytes, &tried);
    if (r < 0)
        return r;
    if (!tried && !cgroup->able[DRCL_CGROUP_FILES])
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
