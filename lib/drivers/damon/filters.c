/* SPDX-License-Identifier: MIT */

#include "drivers/damon/filters.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "drivers/damon/operations.h"
#include "drivers/damon/sysfs.h"
#include "base/filters.h"
#include "engine/filter.h"
#include "sys/cgroup.h"

#define NO_TARGET INT_MAX /* a number that no target has */

static size_t target_slot(const struct drcl_view *view, uint32_t id)
{
    for (size_t i = 0; i < view->nr_targets; i++)
        if (view->targets[i].id == id)
            return i;
    return NO_TARGET;
}

/* How messages call a filter. */
static const char *what(enum damon_reclaim_filter_type type)
{
#define WHAT(x, type, name, ...) [DAMON_RECLAIM_FILTER_##type] = "the filter " name,
    static const char *const texts[DRCL_NR_FILTER_TYPES] = {DRCL_FILTERS(WHAT, WHAT, )};

    return type == DAMON_RECLAIM_FILTER_ANON ? "the filter anon (skip_anon)" : texts[type];
}

/* The kernel wants the path from the mount point of the cgroups on. */
static void put_memcg(struct drcl_put *put, const struct damon_reclaim_filter *filter, size_t slot, const char *dir,
                      size_t i)
{
    char found[DRCL_DAMON_VALUE];
    const char *path = filter->memcg_path;
    ssize_t r = path || put->failed ? 0 : drcl_cgroup_path(put->env, filter->memcg, found, sizeof(found));

    if (r == -ENOENT)
        put->failed = drcl_error(
            put->env, (int)r,
            "filter memcg: the cgroup with the inode number %" PRIu64 " is gone; set the filters anew", filter->memcg);
    else if (r < 0)
        put->failed = (int)r;
    drcl_put_text(put, path ? path : found, DRCL_DAMON_SCHEME "/%s/%zu/memcg_path", slot, dir, i);
}

static void put_filter(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filter,
                       bool matching, size_t slot, const char *dir, size_t i)
{
    put->what = what(filter->type);
    drcl_put_text(put, damon_reclaim_filter_name(filter->type), DRCL_DAMON_SCHEME "/%s/%zu/type", slot, dir, i);
    drcl_put_text(put, matching ? "Y" : "N", DRCL_DAMON_SCHEME "/%s/%zu/matching", slot, dir, i);
    if (matching == filter->matching) /* else `allow` was turned into its opposite */
        drcl_put_optional_text(put, filter->allow ? "Y" : "N", "N", DRCL_DAMON_SCHEME "/%s/%zu/allow", slot, dir, i);
    else
        drcl_put_optional_text(put, "N", "N", DRCL_DAMON_SCHEME "/%s/%zu/allow", slot, dir, i);
    if (filter->type == DAMON_RECLAIM_FILTER_ADDR) {
        drcl_put(put, filter->start, DRCL_DAMON_SCHEME "/%s/%zu/addr_start", slot, dir, i);
        drcl_put_most(put, filter->end, DRCL_DAMON_SCHEME "/%s/%zu/addr_end", slot, dir, i);
    } else if (filter->type == DAMON_RECLAIM_FILTER_TARGET) {
        drcl_put(put, target_slot(view, filter->target), DRCL_DAMON_SCHEME "/%s/%zu/damon_target_idx", slot, dir, i);
    } else if (filter->type == DAMON_RECLAIM_FILTER_MEMCG) {
        put_memcg(put, filter, slot, dir, i);
    } else if (filter->type == DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE) {
        drcl_put(put, filter->start, DRCL_DAMON_SCHEME "/%s/%zu/min", slot, dir, i);
        drcl_put_most(put, filter->end, DRCL_DAMON_SCHEME "/%s/%zu/max", slot, dir, i);
    }
}

/* Those of one layer, in their order, into the directory of the layer. */
static void put_layer(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filters,
                      size_t n, size_t slot, bool core)
{
    const char *dir = core ? "core_filters" : "ops_filters";
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += drcl_filter_is_core(filters[i].type) == core;
    put->what = "filters";
    drcl_put(put, count, DRCL_DAMON_SCHEME "/%s/nr_filters", slot, dir);
    for (size_t i = 0, at = 0; i < n; i++)
        if (drcl_filter_is_core(filters[i].type) == core)
            put_filter(put, view, &filters[i], filters[i].matching, slot, dir, at++);
}

/*
 * A kernel without `allow` only knows filters that reject, and lets pass what none of them matches. One that allows, as
 * the last of its layer, is the same as one that rejects all but that.
 */
static bool can_do_without_allow(const struct damon_reclaim_filter *filters, size_t n)
{
    bool core_last = false, page_last = false, core_allows = false, any_page = false;

    for (size_t i = 0; i < n; i++) {
        bool *last = drcl_filter_is_core(filters[i].type) ? &core_last : &page_last;

        if (*last) /* one that allows was not the last */
            return false;
        *last = filters[i].allow;
        core_allows |= drcl_filter_is_core(filters[i].type) && filters[i].allow;
        any_page |= !drcl_filter_is_core(filters[i].type);
    }
    return !(core_allows && any_page); /* what the core allows is not asked further */
}

static void put_old(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filters, size_t n,
                    size_t slot)
{
    bool has_allow;

    put->what = "filters";
    drcl_put_optional(put, n, 0, DRCL_DAMON_SCHEME "/filters/nr_filters", slot);
    if (!n || put->failed)
        return;
    has_allow = drcl_damon_exists(put->env, DRCL_DAMON_SCHEME "/filters/0/allow", slot);
    if (!has_allow && !can_do_without_allow(filters, n)) {
        put->failed = drcl_refuse(put->env, -EOPNOTSUPP,
                                  "filters: this kernel's DAMON cannot allow, " DRCL_DAMON_DIR "/" DRCL_DAMON_SCHEME
                                  "/filters/0/allow is missing; use filters that reject",
                                  slot);
        return;
    }
    for (size_t i = 0; i < n; i++)
        put_filter(put, view, &filters[i], filters[i].allow && !has_allow ? !filters[i].matching : filters[i].matching,
                   slot, "filters", i);
}

void drcl_put_filters(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filters,
                      size_t n, size_t slot)
{
    if (put->failed)
        return;
    if (!drcl_damon_exists(put->env, DRCL_DAMON_SCHEME "/core_filters/nr_filters", slot) ||
        !drcl_damon_exists(put->env, DRCL_DAMON_SCHEME "/ops_filters/nr_filters", slot)) {
        put_old(put, view, filters, n, slot);
        return;
    }
    put_layer(put, view, filters, n, slot, true);
    put_layer(put, view, filters, n, slot, false);
}

int drcl_damon_check_filters(struct drcl_view *view, const struct drcl_damon *d)
{
    enum drcl_damon_operations operations = drcl_damon_operations(view, d);

    if (operations == DRCL_DAMON_PADDR)
        return 0;
    for (uint32_t id = 0; id < view->engine->nr_schemes; id++) {
        const struct drcl_scheme *scheme = view->engine->schemes[id];

        for (size_t i = 0; scheme->used && !scheme->removed && i < scheme->nr_filters; i++)
            if (!drcl_filter_is_core(scheme->filters[i].type))
                return drcl_error(
                    d->env, -EOPNOTSUPP,
                    "%s: the kernel's DAMON looks at single pages only in physical memory (paddr), not with %s; "
                    "leave it out, or use the backend idle-page",
                    what(scheme->filters[i].type), drcl_damon_operations_name(operations));
    }
    return 0;
}
