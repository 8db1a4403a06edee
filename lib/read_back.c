/* SPDX-License-Identifier: MIT */
/* What the program has set, read back. */
#include "context.h"

#include <errno.h>

#include "drivers/apply.h"
#include "engine/target.h"
#include "schemes.h"
#include "base/structs.h"

/* Whether a list can be given to the caller; the error names what is NULL. */
static int check_list(struct damon_reclaim *ctx, const uint32_t *ids, size_t capacity, const size_t *ret_n)
{
    if ((!ids && capacity) || !ret_n)
        return drcl_refuse(&ctx->env, -EINVAL, "%s: NULL", ret_n ? "ids" : "ret_n");
    return 0;
}

int damon_reclaim_list_targets(struct damon_reclaim *ctx, uint32_t *ids, size_t capacity, size_t *ret_n)
{
    int r = ctx ? check_list(ctx, ids, capacity, ret_n) : -EINVAL;

    if (r < 0)
        return r;
    for (size_t i = 0; i < ctx->view.nr_targets && i < capacity; i++)
        ids[i] = ctx->view.targets[i].id;
    *ret_n = ctx->view.nr_targets;
    return 0;
}

int damon_reclaim_get_target(struct damon_reclaim *ctx, uint32_t id, struct damon_reclaim_target *ret_target)
{
    struct damon_reclaim_target target = {.size = sizeof(target)};
    const struct drcl_target *kept;
    size_t i = 0;

    if (!ctx)
        return -EINVAL;
    while (i < ctx->view.nr_targets && ctx->view.targets[i].id != id)
        i++;
    if (i == ctx->view.nr_targets)
        return drcl_error(&ctx->env, -ENOENT, "target %u: there is no such target", id);
    target.pid = ctx->view.targets[i].pid;
    kept = drcl_engine_find_target(&ctx->engine, id);
    if (kept && kept->fixed) {
        target.ranges = kept->ranges;
        target.nr_ranges = kept->nr_ranges;
    }
    return drcl_struct_give(&ctx->env, "target", ret_target, &target, sizeof(target));
}

int damon_reclaim_list_schemes(struct damon_reclaim *ctx, uint32_t *ids, size_t capacity, size_t *ret_n)
{
    int r = ctx ? check_list(ctx, ids, capacity, ret_n) : -EINVAL;
    size_t n = 0;

    if (r < 0)
        return r;
    for (uint32_t id = 0; id < ctx->engine.nr_schemes; id++) {
        if (id != DAMON_RECLAIM_SCHEME_RECLAIM && (!ctx->engine.schemes[id]->used || ctx->engine.schemes[id]->removed))
            continue;
        if (n < capacity)
            ids[n] = id;
        n++;
    }
    *ret_n = n;
    return 0;
}

int damon_reclaim_get_scheme(struct damon_reclaim *ctx, uint32_t id, struct damon_reclaim_scheme *ret_scheme)
{
    struct damon_reclaim_scheme scheme;
    const struct drcl_scheme *kept;
    bool is_reclaim = id == DAMON_RECLAIM_SCHEME_RECLAIM;

    if (!ctx)
        return -EINVAL;
    kept = drcl_find_scheme(ctx, id);
    if (!kept)
        return -ENOENT;
    if (is_reclaim && ctx->view.state == DAMON_RECLAIM_STATE_DISABLED)
        drcl_apply_params(&ctx->view); /* else that waits until the context is enabled */
    scheme = kept->config;
    scheme.nr_filters = is_reclaim ? ctx->view.nr_filters : kept->nr_filters;
    scheme.filters = !scheme.nr_filters ? NULL : is_reclaim ? ctx->view.filters : kept->filters;
    scheme.quota.goals = scheme.quota.nr_goals ? kept->quota.goals : NULL;
    return drcl_struct_give(&ctx->env, "scheme", ret_scheme, &scheme, sizeof(scheme));
}

int damon_reclaim_get_exclusions(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion **ret_exclusions,
                                 size_t *ret_n)
{
    if (!ctx)
        return -EINVAL;
    if (!ret_exclusions || !ret_n)
        return drcl_refuse(&ctx->env, -EINVAL, "%s: NULL", ret_n ? "ret_exclusions" : "ret_n");
    *ret_exclusions = ctx->view.nr_exclusions ? ctx->view.exclusions : NULL;
    *ret_n = ctx->view.nr_exclusions;
    return 0;
}
