/* SPDX-License-Identifier: MIT */
/*
 * DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel samples, and what it has seen is taken over (snapshot.c) by the engine,
 * whose schemes decide and reclaim page by page. Pages are those of the backend idle-page: with its bitmap candidates
 * are marked beforehand, without it they go by what the kernel's DAMON has seen alone.
 */
#include "drivers/damon/damon.h"

#include <errno.h>

#include "backends/idle_page/idle_page.h"

static const struct damon_reclaim_backend_ops *pages(void)
{
    return drcl_backend_idle_page.ops;
}

static int target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_damon *d = backend;
    int r;

    if (!pid)
        return drcl_error(d->env, -EOPNOTSUPP,
                          "target.pid: 0, but DAMON_RECLAIM_DAMON_MONITOR_ONLY in config.damon.flags is for processes; "
                          "set it, or leave "
                          "the flag out");
    r = drcl_damon_target_add(d, id, pid, pidfd);
    if (r < 0)
        return r;
    r = pages()->target_add(d->pages, id, pid, pidfd);
    if (r < 0)
        drcl_damon_target_remove(d, id);
    return r;
}

static void target_remove(void *backend, uint32_t id)
{
    struct drcl_damon *d = backend;

    pages()->target_remove(d->pages, id);
    drcl_damon_target_remove(d, id);
}

static int mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    return pages()->mark(((struct drcl_damon *)backend)->pages, target, start, end);
}

static int reclaim(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result)
{
    return pages()->reclaim(((struct drcl_damon *)backend)->pages, request, ret_result);
}

#define PAGE_FILTERS                                                                                                   \
    (1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_ACTIVE | 1u << DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE |  \
     1u << DAMON_RECLAIM_FILTER_UNMAPPED)
#define COMMON                                                                                                         \
    .size = sizeof(struct damon_reclaim_backend_ops), .name = "damon", .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE, \
    .min_region_size = DRCL_PAGE_SIZE, .huge_size = DRCL_BLOCK_SIZE, .destroy = drcl_damon_destroy,                    \
    .target_add = target_add, .target_remove = target_remove, .ranges = drcl_damon_ranges, .reclaim = reclaim,         \
    .exclude = drcl_damon_exclude

static const struct damon_reclaim_backend_ops with_bitmap = {
    COMMON,
    .filters = PAGE_FILTERS | 1u << DAMON_RECLAIM_FILTER_YOUNG,
    .mark = mark,
};

static const struct damon_reclaim_backend_ops without_bitmap = {
    COMMON,
    .filters = PAGE_FILTERS,
};

int drcl_damon_open_pages(struct drcl_damon *d)
{
    struct drcl_idle_page *b;
    int r = drcl_idle_create(d->env, false, &b);

    if (r < 0)
        return r;
    d->pages = b;
    d->ops = b->idle.fd < 0 ? &without_bitmap : &with_bitmap;
    if (b->idle.fd < 0)
        drcl_log(d->env, DAMON_RECLAIM_LOG_INFO,
                 "DAMON: no idle-page bitmap in this kernel: candidates are not looked at page by page beforehand");
    return 0;
}

void drcl_damon_close_pages(struct drcl_damon *d)
{
    if (d->pages)
        pages()->destroy(d->pages);
}

void drcl_damon_forget_pages(struct drcl_damon *d)
{
    if (d->pages)
        pages()->disable(d->pages);
}
