/* SPDX-License-Identifier: MIT */
/*
 * What must never be reclaimed, as filters that reject, in front of those of every scheme. A filter knows one cgroup
 * and not those below it, so that these are listed, and listed again now and then, because they come and go.
 */

#include "drivers/damon/excluded.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/filters.h"
#include "drivers/damon/operations.h"
#include "base/grow.h"
#include "engine/filter.h"
#include "pages/pages.h"
#include "sys/cgroup.h"

#define INTERVAL_NS DRCL_DAMON_POLL_NS
#define FNV_START   UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME   UINT64_C(0x100000001b3)

static int check_exclusion(struct drcl_damon *d, const struct damon_reclaim_exclusion *e, bool physical, size_t i)
{
    if (d->monitor_only) /* we reclaim, page by page */
        return 0;
    if (e->type == DAMON_RECLAIM_EXCLUDE_COMMAND)
        return drcl_refuse(
            d->env, -EOPNOTSUPP,
            "exclusions[%zu].command: \"%.100s\", but the kernel's DAMON does not know which command uses memory; put "
            "its processes into a cgroup of their own, and exclude that, or use the backend idle-page",
            i, e->command);
    if (e->type == DAMON_RECLAIM_EXCLUDE_PID && physical)
        return drcl_refuse(
            d->env, -EOPNOTSUPP,
            "exclusions[%zu].pid: %d, but the kernel's DAMON does not know which process uses physical memory; put "
            "the process into a cgroup of its own, and exclude that",
            i, (int)e->pid);
    if (e->type == DAMON_RECLAIM_EXCLUDE_CGROUP && !physical)
        return drcl_refuse(d->env, -EOPNOTSUPP,
                           "exclusions[%zu].cgroup: \"%.100s\", but the kernel's DAMON knows the cgroups of physical "
                           "memory only; add only those processes as targets that may be reclaimed",
                           i, e->cgroup);
    return 0;
}

int drcl_damon_exclude(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    struct drcl_damon *d = backend;
    int r = 0;

    /* Without a target, this is checked when the context is enabled. */
    for (size_t i = 0; r == 0 && i < n && (d->nr_targets || d->wanted); i++)
        r = check_exclusion(d, &exclusions[i], d->nr_targets ? !d->targets[0].pid : d->wanted == DRCL_DAMON_PADDR, i);
    if (r == 0 && d->monitor_only)
        r = drcl_pages_exclude(d->pages, exclusions, n);
    return r;
}

/* What a filter of the core allows is not asked further by the kernel: it would let excluded pages go. */
static int check_schemes(struct drcl_view *view, struct drcl_damon *d)
{
    for (uint32_t id = 0; id < view->engine->nr_schemes; id++) {
        const struct drcl_scheme *scheme = view->engine->schemes[id];

        for (size_t i = 0; scheme->used && !scheme->removed && i < scheme->nr_filters; i++)
            if (drcl_filter_is_core(scheme->filters[i].type) && scheme->filters[i].allow)
                return drcl_refuse(
                    d->env, -EOPNOTSUPP,
                    "filters of scheme %u: number %zu allows addresses or a target, which the "
                    "kernel's DAMON applies before the excluded cgroups; use a filter that rejects the rest",
                    id, i);
    }
    return 0;
}

int drcl_damon_check_exclusions(struct drcl_view *view, struct drcl_damon *d)
{
    bool physical = drcl_damon_operations(view, d) == DRCL_DAMON_PADDR, cgroups = false;
    int r = 0;

    for (size_t i = 0; r == 0 && i < view->nr_exclusions; i++) {
        r = check_exclusion(d, &view->exclusions[i], physical, i);
        cgroups |= !d->monitor_only && view->exclusions[i].type == DAMON_RECLAIM_EXCLUDE_CGROUP;
    }
    return r == 0 && cgroups ? check_schemes(view, d) : r;
}

/* --- the list of cgroups ------------------------------------------------------------------------------------------ */

static int add_path(void *data, const char *path, uint64_t inode)
{
    struct drcl_damon *d = data;
    struct drcl_damon_excluded *list = &d->excluded;
    size_t size = strlen(path) + 1;

    if (drcl_grow(d->env, &list->paths, &list->capacity, list->len + size, 1) < 0)
        return drcl_error(d->env, -ENOMEM, "exclusions: out of memory");
    memcpy(list->paths + list->len, path, size);
    list->len += size;
    list->n++;
    for (size_t i = 0; i < size; i++)
        list->sum = (list->sum ^ (unsigned char)path[i]) * FNV_PRIME;
    list->sum = (list->sum ^ inode) * FNV_PRIME; /* a cgroup that was created anew has another one */
    return 0;
}

int drcl_damon_list_exclusions(struct drcl_view *view, struct drcl_damon *d)
{
    int r = 0;

    d->excluded.n = d->excluded.len = 0;
    d->excluded.sum = FNV_START;
    d->excluded.next_ns = drcl_view_now(view) + INTERVAL_NS;
    for (size_t i = 0; r == 0 && i < view->nr_exclusions; i++) {
        if (d->monitor_only || view->exclusions[i].type != DAMON_RECLAIM_EXCLUDE_CGROUP)
            continue;
        r = drcl_cgroup_walk_charged(d->env, view->exclusions[i].cgroup, add_path, d);
        if (r == -ENOENT) /* it is not there (yet): no page is charged to it */
            r = 0;
    }
    return r;
}

bool drcl_damon_relist_exclusions(struct drcl_view *view, struct drcl_damon *d, bool at_once)
{
    uint64_t before = d->excluded.sum;

    return (at_once || drcl_view_now(view) >= d->excluded.next_ns) &&
           (drcl_damon_list_exclusions(view, d) < 0 || d->excluded.sum != before);
}

bool drcl_damon_relist_if_refused(struct drcl_view *view, struct drcl_damon *d, int result)
{
    if ((result != -EINVAL && result != -ENOMEM) || !d->excluded.n || !drcl_damon_relist_exclusions(view, d, true))
        return false;
    drcl_log(d->env, DAMON_RECLAIM_LOG_INFO,
             "DAMON: an excluded cgroup was removed, or lost its memory controller, before the kernel looked it up; "
             "trying again");
    d->stale_tree = true;
    return true;
}

/* --- as filters --------------------------------------------------------------------------------------------------- */

static size_t fill(const struct drcl_view *view, const struct drcl_damon *d, struct damon_reclaim_filter *filters)
{
    const char *path = d->excluded.paths;
    size_t n = 0;

    for (size_t i = 0; i < view->nr_exclusions; i++)
        if (view->exclusions[i].type == DAMON_RECLAIM_EXCLUDE_RANGE)
            filters[n++] = (struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_ADDR,
                                                         .matching = true,
                                                         .start = view->exclusions[i].range.start,
                                                         .end = view->exclusions[i].range.end};
    for (size_t i = 0; i < d->excluded.n; i++, path += strlen(path) + 1)
        filters[n++] =
            (struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg_path = path};
    return n;
}

void drcl_put_scheme_filters(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d,
                             const struct drcl_scheme *scheme, size_t slot)
{
    size_t most = view->nr_exclusions + d->excluded.n + scheme->nr_filters, n;
    struct damon_reclaim_filter *filters = NULL;

    if (put->failed)
        return;
    if (most == scheme->nr_filters) {
        drcl_put_filters(put, view, scheme->filters, scheme->nr_filters, slot);
        return;
    }
    filters = drcl_realloc_array(d->env, NULL, most, sizeof(*filters));
    if (!filters) {
        put->failed = drcl_error(d->env, -ENOMEM, "exclusions: out of memory");
        return;
    }
    n = fill(view, d, filters);
    memcpy(filters + n, scheme->filters, scheme->nr_filters * sizeof(*filters));
    drcl_put_filters(put, view, filters, n + scheme->nr_filters, slot);
    drcl_free(d->env, filters);
}
