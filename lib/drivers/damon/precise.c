/* SPDX-License-Identifier: MIT */
/*
 * DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel samples, and what it has seen is taken over (snapshot.c) by the engine,
 * whose schemes decide, and lib/pages reclaims page by page. Where the kernel has an idle-page bitmap, candidates are
 * marked beforehand; where it has none, what the kernel's DAMON has seen decides alone.
 */

#include "drivers/damon/precise.h"

#include <errno.h>

#include "base/filters.h"
#include "drivers/damon/excluded.h"
#include "drivers/damon/targets.h"
#include "pages/pages.h"
#include "pages/release.h"

static int target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_damon *d = backend;
    int r;

    if (!pid)
        return drcl_refuse(
            d->env, -EOPNOTSUPP,
            "target.pid: 0, but DAMON_RECLAIM_DAMON_MONITOR_ONLY in config.damon.flags is for processes; "
            "set it, or leave "
            "the flag out");
    r = drcl_damon_target_add(d, id, pid, pidfd);
    if (r < 0)
        return r;
    r = drcl_pages_add(d->pages, id, pid, pidfd);
    if (r < 0)
        drcl_damon_target_remove(d, id);
    return r;
}

static void target_remove(void *backend, uint32_t id)
{
    struct drcl_damon *d = backend;

    drcl_pages_remove(d->pages, id);
    drcl_damon_target_remove(d, id);
}

static int mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    return drcl_pages_mark(((struct drcl_damon *)backend)->pages, target, start, end);
}

static int reclaim(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result)
{
    return drcl_pages_reclaim(((struct drcl_damon *)backend)->pages, request, ret_result);
}

static int release(void *backend, uint32_t scheme, uint64_t deadline_ns, damon_reclaim_released_fn *report, void *data)
{
    return drcl_pages_release(((struct drcl_damon *)backend)->pages, scheme, deadline_ns, report, data);
}

#define COMMON                                                                                                         \
    .size = sizeof(struct damon_reclaim_backend_ops), .name = "damon", .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE, \
    .min_region_size = DRCL_PAGE_SIZE, .huge_size = DRCL_HUGE_SIZE, .target_add = target_add,                          \
    .target_remove = target_remove, .ranges = drcl_damon_ranges, .reclaim = reclaim, .exclude = drcl_damon_exclude,    \
    .release = release

static const struct damon_reclaim_backend_ops with_bitmap = {
    COMMON,
    .filters = DRCL_FILTERS_OF(DRCL_BY_MONITOR_ONLY | DRCL_BY_MONITOR_WITH_BITMAP),
    .mark = mark,
};

static const struct damon_reclaim_backend_ops without_bitmap = {
    COMMON,
    .filters = DRCL_FILTERS_OF(DRCL_BY_MONITOR_ONLY),
};

int drcl_damon_open_pages(struct drcl_damon *d)
{
    int r = drcl_pages_new(d->env, false, &d->pages);

    if (r < 0)
        return r;
    d->ops = drcl_pages_can_mark(d->pages) ? with_bitmap : without_bitmap;
    if (!drcl_pages_can_mark(d->pages))
        drcl_log(d->env, DAMON_RECLAIM_LOG_INFO,
                 "DAMON: no idle-page bitmap in this kernel: candidates cannot be marked page by page");
    return 0;
}

void drcl_damon_close_pages(struct drcl_damon *d)
{
    drcl_pages_free(d->pages);
}

int drcl_damon_hold_pages(struct drcl_damon *d)
{
    return d->pages ? drcl_pages_hold(d->pages) : 0;
}

void drcl_damon_forget_pages(struct drcl_damon *d)
{
    if (d->pages)
        drcl_pages_forget(d->pages);
}
