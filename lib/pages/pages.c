/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

#include <errno.h>

#include "base/grow.h"
#include "pages/advise.h"
#include "pages/frame_source.h"
#include "pages/physical.h"
#include "pages/process_source.h"

#define FIRST_PAGE_NS 10000 /* until it was measured */

int drcl_pages_new(struct drcl_env *env, bool needs_bitmap, struct drcl_pages **ret)
{
    struct drcl_pages *pages = drcl_zalloc(env, sizeof(*pages));
    int r;

    if (!pages)
        return drcl_error(env, -ENOMEM, "out of memory");
    pages->env = env;
    pages->page_ns = FIRST_PAGE_NS;
    r = drcl_page_files_open(&pages->files, env, needs_bitmap ? DRCL_BITMAP_NEEDED : DRCL_BITMAP_OPTIONAL);
    if (r < 0) {
        drcl_pages_free(pages);
        return r;
    }
    *ret = pages;
    return 0;
}

static void free_target(struct drcl_pages *pages, struct drcl_pages_target *t)
{
    drcl_pagemap_close(&t->mm.map);
    drcl_free(pages->env, t->marks.marks);
    drcl_frame_blocks_fini(&t->blocks, pages->env);
    drcl_free(pages->env, t);
}

void drcl_pages_free(struct drcl_pages *pages)
{
    struct drcl_env *env;

    if (!pages)
        return;
    env = pages->env;
    while (pages->nr_targets)
        free_target(pages, pages->targets[--pages->nr_targets]);
    drcl_free(env, pages->targets);
    drcl_physical_free(pages->physical, env);
    drcl_ram_free(&pages->ram, env);
    drcl_swap_cache_fini(&pages->swap_cache, env);
    drcl_exclude_fini(&pages->exclude, env);
    drcl_page_files_close(&pages->files);
    drcl_free(env, pages);
}

/* --- targets ------------------------------------------------------------------------------------------------------ */

struct drcl_pages_target *drcl_pages_find(const struct drcl_pages *pages, uint32_t id)
{
    for (size_t i = 0; i < pages->nr_targets; i++)
        if (pages->targets[i]->id == id)
            return pages->targets[i];
    return NULL;
}

/* --- other users of the bitmap -------------------------------------------------------------------------------------
 */

static int hold_bitmap(struct drcl_pages *pages)
{
    enum drcl_page_idle_use use = DRCL_PAGE_IDLE_UNUSED;

    for (size_t i = 0; i < pages->nr_targets && use != DRCL_PAGE_IDLE_MEMORY; i++)
        use = drcl_pages_is_physical(pages->targets[i]) ? DRCL_PAGE_IDLE_MEMORY : DRCL_PAGE_IDLE_PROCESSES;
    return drcl_page_idle_lock(&pages->files.idle, use);
}

static int hold_target(struct drcl_pages *pages, const struct drcl_pages_target *t)
{
    return drcl_pages_is_physical(t) ? 0 : drcl_page_idle_lock_process(&pages->files.idle, t->mm.map.pid);
}

static void let_go(struct drcl_pages *pages, const struct drcl_pages_target *t)
{
    if (pages->held && !drcl_pages_is_physical(t))
        drcl_page_idle_unlock_process(&pages->files.idle, t->mm.map.pid);
}

static void let_go_of_all(struct drcl_pages *pages)
{
    for (size_t i = 0; i < pages->nr_targets; i++)
        let_go(pages, pages->targets[i]);
    drcl_page_idle_lock(&pages->files.idle, DRCL_PAGE_IDLE_UNUSED);
    pages->held = false;
}

int drcl_pages_hold(struct drcl_pages *pages)
{
    int r = drcl_pages_can_mark(pages) ? hold_bitmap(pages) : 0;

    pages->held = drcl_pages_can_mark(pages);
    for (size_t i = 0; pages->held && r == 0 && i < pages->nr_targets; i++)
        r = hold_target(pages, pages->targets[i]);
    if (pages->held && r < 0)
        let_go_of_all(pages);
    return r;
}

/* --- more targets, and fewer ---------------------------------------------------------------------------------------
 */

void drcl_pages_remove(struct drcl_pages *pages, uint32_t id)
{
    for (size_t i = 0; i < pages->nr_targets; i++) {
        if (pages->targets[i]->id != id)
            continue;
        let_go(pages, pages->targets[i]);
        free_target(pages, pages->targets[i]);
        pages->targets[i] = pages->targets[--pages->nr_targets];
        if (pages->held)
            hold_bitmap(pages);
        return;
    }
}

/* Advice on no range at all does nothing but check the permission. */
static int check_advice(struct drcl_env *env, pid_t pid, int pidfd)
{
    struct damon_reclaim_range none = {0};
    ssize_t r = drcl_process_madvise(env, pidfd, &none, 0, DRCL_MADV_COLD);

    return r < 0 ? drcl_advise_error(env, pid, (int)r) : 0;
}

static int open_process(struct drcl_pages *pages, struct drcl_pages_target *t, pid_t pid, int pidfd)
{
    int r = check_advice(pages->env, pid, pidfd);

    if (r < 0)
        return r;
    r = drcl_pagemap_open(&t->mm.map, pages->env, pid, pidfd);
    return r == -ESRCH ? drcl_error(pages->env, r, "pid %d has exited", (int)pid) : r;
}

static int open_physical(struct drcl_pages *pages, struct drcl_pages_target *t)
{
    int r = drcl_ram_refresh(&pages->ram, pages->env);

    if (r == 0 && !pages->physical)
        r = drcl_physical_new(pages->env, &pages->ram, &pages->exclude, &pages->cgroups, &pages->physical);
    if (r == 0 && drcl_frame_blocks_init(&t->blocks, pages->env) < 0)
        r = drcl_error(pages->env, -ENOMEM, "out of memory");
    return r;
}

int drcl_pages_add(struct drcl_pages *pages, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_env *env = pages->env;
    struct drcl_pages_target *t;
    int r = drcl_grow(env, &pages->targets, &pages->capacity, pages->nr_targets + 1, sizeof(t));

    if (r < 0 || !(t = drcl_zalloc(env, sizeof(*t))))
        return drcl_error(env, -ENOMEM, "out of memory");
    t->id = id;
    t->mm.map = (struct drcl_pagemap){.env = env, .pidfd = -1, .fd = -1};
    r = pid ? open_process(pages, t, pid, pidfd) : open_physical(pages, t);
    if (r < 0) {
        free_target(pages, t);
        return r;
    }
    pages->targets[pages->nr_targets++] = t;
    if (pages->held) {
        r = hold_bitmap(pages);
        r = r < 0 ? r : hold_target(pages, t);
    }
    if (r < 0)
        drcl_pages_remove(pages, id);
    return r;
}

/* --- what is done with them --------------------------------------------------------------------------------------- */

/* Frames that are on no LRU list are made idle too: the kernel passes them over for less than it takes to find out. */
static int mark_frames(struct drcl_pages *pages, uint64_t start, uint64_t end)
{
    uint64_t first = start >> DRCL_PAGE_SHIFT, behind = end >> DRCL_PAGE_SHIFT;
    int r = drcl_page_idle_set_all(&pages->files.idle, first, behind);

    if (r == 0)
        drcl_rmap_want(pages->physical->search.rmap, first, behind);
    return r;
}

int drcl_pages_mark(struct drcl_pages *pages, uint32_t id, uint64_t start, uint64_t end)
{
    struct drcl_pages_target *t = drcl_pages_find(pages, id);
    int r;

    if (!t)
        return -ESRCH;
    r = drcl_pages_is_physical(t) ? mark_frames(pages, start, end)
                                  : drcl_process_mark(t, &pages->files, &pages->batch, start, end);
    if (r == 0)
        drcl_marks_put(&t->marks, pages->env, start, end, false);
    return r;
}

static int walk(struct drcl_walk *walk)
{
    struct drcl_attempt *a = &walk->a;
    int r = drcl_attempt_begin(a, walk->files);

    if (r == 0 && a->mm) /* a target may have become one that runs an excluded command */
        r = drcl_exclude_has_process(a->exclude, a->env, a->mm->map.pid);
    if (r < 0)
        return r;
    if (r > 0) {
        a->result->not_reclaimable = a->request->end - a->request->start;
        walk->at = a->request->end;
        return 0;
    }
    return walk->physical ? drcl_frame_walk(walk) : drcl_walk(walk);
}

int drcl_pages_reclaim(struct drcl_pages *pages, const struct damon_reclaim_request *request,
                       struct damon_reclaim_result *result)
{
    struct drcl_pages_target *t = drcl_pages_find(pages, request->target);
    struct drcl_walk w = {
        .a = {.env = pages->env,
              .exclude = &pages->exclude,
              .kpageflags = &pages->files.kpageflags,
              .swap_cache = &pages->swap_cache,
              .page_ns = &pages->page_ns,
              .request = request,
              .result = result},
        .source = &drcl_process_source,
        .t = t,
        .files = &pages->files,
        .batch = &pages->batch,
        .at = request->start,
    };
    int r;

    if (!t)
        return -ESRCH;
    if (drcl_pages_is_physical(t))
        w.physical = pages->physical;
    else
        w.a.mm = &t->mm;
    r = walk(&w);
    if (r < 0 && !result->tried)
        return r; /* else what was done counts, and an error that lasts comes back */
    result->end = w.at < request->end ? w.at : request->end;
    if (result->end > request->start)
        drcl_marks_remove(&t->marks, pages->env, request->start, result->end);
    return 0;
}

int drcl_pages_exclude(struct drcl_pages *pages, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    struct drcl_exclude new;
    int r = drcl_exclude_init(&new, pages->env, exclusions, n);

    if (r == 0 && new.nr_paths)
        r = drcl_page_files_need_kpagecgroup(&pages->files);
    if (r == 0 && pages->physical)
        r = drcl_physical_exclude(pages->physical, &new);
    if (r < 0) {
        drcl_exclude_fini(&new, pages->env);
        return r;
    }
    drcl_exclude_fini(&pages->exclude, pages->env);
    pages->exclude = new;
    drcl_cgroups_forget(&pages->cgroups);
    return 0;
}

void drcl_pages_forget(struct drcl_pages *pages)
{
    for (size_t i = 0; i < pages->nr_targets; i++) {
        struct drcl_pages_target *t = pages->targets[i];

        if (drcl_pages_is_physical(t))
            drcl_frame_blocks_forget(&t->blocks);
        t->marks.n = 0;
        t->mm.nr_poor = 0;
        t->mm.hopeless_ns = t->mm.hopeless_until = 0;
    }
    if (pages->held)
        let_go_of_all(pages);
    drcl_cgroups_forget(&pages->cgroups);
    if (pages->physical)
        drcl_physical_forget(pages->physical, pages->env);
}
