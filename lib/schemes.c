/* SPDX-License-Identifier: MIT */
#include "schemes.h"

#include <errno.h>
#include <string.h>

#include "drivers/apply.h"
#include "exclusions.h"
#include "lifecycle.h"
#include "engine/filter.h"
#include "engine/scheme.h"
#include "params/table.h"
#include "base/size.h"
#include "base/structs.h"

struct drcl_scheme *drcl_find_scheme(struct damon_reclaim *ctx, uint32_t id)
{
    struct drcl_scheme *scheme = id < ctx->engine.nr_schemes ? ctx->engine.schemes[id] : NULL;

    if (scheme && (id == DAMON_RECLAIM_SCHEME_RECLAIM || (scheme->used && !scheme->removed)))
        return scheme;
    drcl_error(&ctx->env, -ENOENT, "scheme %u: there is no such scheme", id);
    return NULL;
}

/* A cgroup that is given by its path gets its number. */
static int find_memcg(struct damon_reclaim *ctx, struct damon_reclaim_filter *filter, size_t i)
{
    if (!filter->memcg == !filter->memcg_path)
        return drcl_refuse(&ctx->env, -EINVAL, "filters[%zu].memcg: set %s memcg and memcg_path", i,
                           filter->memcg ? "only one of" : "one of");
    if (!filter->memcg_path)
        return 0;
    return drcl_find_cgroup(ctx, "filters", i, "memcg_path", filter->memcg_path, &filter->memcg);
}

/* Makes the caller's filter number @i what is kept of it, which points nowhere. */
static int take_filter(struct damon_reclaim *ctx, struct damon_reclaim_filter *filter, size_t i)
{
    const char *name = damon_reclaim_filter_name(filter->type);
    int r = 0;

    if (!DRCL_IS_ZERO(filter->reserved0) || !DRCL_IS_ZERO(filter->reserved))
        return drcl_refuse(&ctx->env, -E2BIG, "filters[%zu].reserved: " DRCL_RESERVED, i);
    if (!name)
        return drcl_refuse(&ctx->env, -EINVAL, "filters[%zu].type: there is no type %d", i, (int)filter->type);
    if (!drcl_filter_is_core(filter->type) && !(ctx->ops.filters & (1u << filter->type)))
        return drcl_refuse(&ctx->env, -EOPNOTSUPP, "filters[%zu].type: the backend %s cannot decide %s", i,
                           ctx->ops.name, name);
    if ((filter->type == DAMON_RECLAIM_FILTER_ADDR && filter->start >= filter->end) ||
        (filter->type == DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE && filter->start > filter->end))
        return drcl_refuse(&ctx->env, -EINVAL, "filters[%zu].start: 0x%llx is not below end 0x%llx", i,
                           (unsigned long long)filter->start, (unsigned long long)filter->end);
    if (filter->type == DAMON_RECLAIM_FILTER_MEMCG)
        r = find_memcg(ctx, filter, i);
    filter->memcg_path = NULL;
    return r;
}

/* Copies the caller's filters as they are kept, if they are valid and the backend decides them. */
static int take_filters(struct damon_reclaim *ctx, const struct damon_reclaim_filter *filters, size_t n,
                        struct damon_reclaim_filter taken[DRCL_MAX_FILTERS])
{
    int r = 0;

    if (n > DRCL_MAX_FILTERS - 1)
        return drcl_refuse(&ctx->env, -ENOSPC, "filters: %zu are too many; at most %d", n, DRCL_MAX_FILTERS - 1);
    if (n && !filters)
        return drcl_refuse(&ctx->env, -EINVAL, "filters: NULL with nr_filters %zu", n);
    for (size_t i = 0; i < n && r == 0; i++) {
        taken[i] = filters[i];
        r = take_filter(ctx, &taken[i], i);
    }
    return r;
}

/* A member of a scheme has the bounds of the parameter that is the same for the reclaim scheme. */
static int check_bounds(struct damon_reclaim *ctx, const char *member, uint64_t value, const char *parameter)
{
    const struct drcl_param *param = drcl_param_find(parameter);

    if (value <= param->info.max)
        return 0;
    return drcl_refuse(&ctx->env, -ERANGE, "scheme.%s: %llu is out of range; it goes up to %llu %s", member,
                       (unsigned long long)value, (unsigned long long)param->info.max, param->info.unit);
}

static int check_ranges(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme)
{
    int r = check_bounds(ctx, "quota.ms", scheme->quota.ms, "quota_ms");

    if (r == 0)
        r = check_bounds(ctx, "quota.reset_interval_ms", scheme->quota.reset_interval_ms, "quota_reset_interval_ms");
    if (r == 0)
        r = check_bounds(ctx, "watermarks.interval_us", scheme->watermarks.interval_us, "wmarks_interval");
    if (r == 0)
        r = check_bounds(ctx, "min_age_us", scheme->min_age_us, "min_age");
    return r == 0 ? check_bounds(ctx, "apply_interval_us", scheme->apply_interval_us, "aggr_interval") : r;
}

static int check_quota(struct damon_reclaim *ctx, const struct damon_reclaim_quota *quota)
{
    if (!DRCL_IS_ZERO(quota->reserved))
        return drcl_refuse(&ctx->env, -E2BIG, "scheme.quota.reserved: " DRCL_RESERVED);
    if (quota->nr_goals > DRCL_MAX_GOALS || (quota->nr_goals && !quota->goals))
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.quota.nr_goals: %zu with goals %s; at most %d", quota->nr_goals,
                           quota->goals ? "set" : "NULL", DRCL_MAX_GOALS);
    for (size_t i = 0; i < quota->nr_goals; i++) {
        if (quota->goals[i].reserved0 || !DRCL_IS_ZERO(quota->goals[i].reserved))
            return drcl_refuse(&ctx->env, -E2BIG, "scheme.quota.goals[%zu].reserved: " DRCL_RESERVED, i);
        if (!quota->goals[i].target)
            return drcl_refuse(&ctx->env, -EINVAL, "scheme.quota.goals[%zu].target: 0 cannot be aimed at", i);
        if (!damon_reclaim_goal_metric_name(quota->goals[i].metric))
            return drcl_refuse(&ctx->env, -EINVAL, "scheme.quota.goals[%zu].metric: there is no metric %d", i,
                               (int)quota->goals[i].metric);
    }
    if (!damon_reclaim_goal_tuner_name(quota->tuner))
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.quota.tuner: there is no tuner %d", (int)quota->tuner);
    return 0;
}

static int check_scheme(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme)
{
    const struct damon_reclaim_watermarks *marks = &scheme->watermarks;
    int r;

    if (scheme->reserved0)
        return drcl_refuse(&ctx->env, -E2BIG, "scheme.reserved0: " DRCL_RESERVED);
    if (marks->reserved0 || !DRCL_IS_ZERO(marks->reserved))
        return drcl_refuse(&ctx->env, -E2BIG, "scheme.watermarks.reserved: " DRCL_RESERVED);
    if (!damon_reclaim_action_name(scheme->action))
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.action: there is no action %d", (int)scheme->action);
    if (scheme->max_sz && scheme->min_sz > scheme->max_sz)
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.min_sz: %llu is above max_sz %llu",
                           (unsigned long long)scheme->min_sz, (unsigned long long)scheme->max_sz);
    if (scheme->min_nr_accesses > scheme->max_nr_accesses)
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.min_nr_accesses: %u is above max_nr_accesses %u",
                           scheme->min_nr_accesses, scheme->max_nr_accesses);
    if (scheme->max_age_us && scheme->min_age_us > scheme->max_age_us)
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.min_age_us: %llu is above max_age_us %llu",
                           (unsigned long long)scheme->min_age_us, (unsigned long long)scheme->max_age_us);
    if (marks->low > marks->mid || marks->mid > marks->high || marks->high > 1000)
        return drcl_refuse(&ctx->env, -EINVAL, "scheme.watermarks: low %u, mid %u, high %u are not in order up to 1000",
                           marks->low, marks->mid, marks->high);
    r = check_ranges(ctx, scheme);
    return r < 0 ? r : check_quota(ctx, &scheme->quota);
}

/* Makes the caller's scheme what is kept of it, if it is valid. Its filters are in @filters then. */
static int take_scheme(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *user,
                       struct damon_reclaim_scheme *ret, struct damon_reclaim_filter filters[DRCL_MAX_FILTERS])
{
    int r = drcl_struct_take(&ctx->env, "scheme", ret, sizeof(*ret), user);

    if (r == 0)
        r = take_filters(ctx, ret->filters, ret->nr_filters, filters);
    ret->filters = filters;
    return r < 0 ? r : check_scheme(ctx, ret);
}

int damon_reclaim_add_scheme(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *user, uint32_t *ret_id)
{
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme)};
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS];
    uint32_t id = 1;
    int r;

    if (!ctx)
        return -EINVAL;
    r = take_scheme(ctx, user, &scheme, filters);
    if (r < 0)
        return r;
    while (id < ctx->engine.nr_schemes && ctx->engine.schemes[id]->used)
        id++;
    if (id == DRCL_MAX_SCHEMES)
        return drcl_refuse(&ctx->env, -ENOSPC, "scheme: there are %d already, and no more are possible",
                           DRCL_MAX_SCHEMES - 1);
    if (drcl_engine_reserve_scheme(&ctx->engine, id) < 0)
        return drcl_error(&ctx->env, -ENOMEM, "scheme: out of memory");
    drcl_engine_set_scheme(&ctx->engine, id, &scheme);
    r = drcl_tell_driver(ctx, DRCL_CHANGE_SCHEMES);
    if (r < 0) {
        drcl_engine_remove_scheme(&ctx->engine, id, true);
        return r;
    }
    if (ret_id)
        *ret_id = id;
    return 0;
}

int damon_reclaim_remove_scheme(struct damon_reclaim *ctx, uint32_t id)
{
    if (!ctx)
        return -EINVAL;
    if (id == DAMON_RECLAIM_SCHEME_RECLAIM)
        return drcl_error(&ctx->env, -EPERM, "scheme 0: is the reclaim scheme; disable the context instead");
    if (!drcl_find_scheme(ctx, id))
        return -ENOENT;
    drcl_engine_remove_scheme(&ctx->engine, id, ctx->view.phase != DRCL_PHASE_WORKING);
    drcl_tell_driver(ctx, DRCL_CHANGE_SCHEMES);
    return 0;
}

int damon_reclaim_set_scheme(struct damon_reclaim *ctx, uint32_t id, const struct damon_reclaim_scheme *user)
{
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS], old_filters[DRCL_MAX_FILTERS];
    struct damon_reclaim_goal old_goals[DRCL_MAX_GOALS];
    struct damon_reclaim_scheme scheme, old;
    const struct drcl_scheme *kept;
    int r;

    if (!ctx)
        return -EINVAL;
    if (id == DAMON_RECLAIM_SCHEME_RECLAIM)
        return drcl_error(&ctx->env, -EPERM,
                          "scheme 0: is made from the parameters; set quota_ms, quota_sz and so on, and commit; and "
                          "damon_reclaim_set_filters()");
    kept = drcl_find_scheme(ctx, id);
    if (!kept)
        return -ENOENT;
    old = kept->config; /* also what an older program does not have stays as it is */
    memcpy(old_filters, kept->filters, sizeof(old_filters));
    memcpy(old_goals, kept->quota.goals, sizeof(old_goals));
    old.filters = old_filters;
    old.quota.goals = old_goals;
    scheme = old;
    r = take_scheme(ctx, user, &scheme, filters);
    if (r < 0)
        return r;
    drcl_engine_set_scheme(&ctx->engine, id, &scheme);
    r = drcl_tell_driver(ctx, DRCL_CHANGE_SCHEMES);
    if (r < 0)
        drcl_engine_set_scheme(&ctx->engine, id, &old);
    return r;
}

/* The filters in use; those of the reclaim scheme without skip_anon's. */
static void put_filters(struct damon_reclaim *ctx, uint32_t id, const struct damon_reclaim_filter *filters, size_t n)
{
    struct drcl_scheme *scheme = ctx->engine.schemes[id];

    if (id == DAMON_RECLAIM_SCHEME_RECLAIM) {
        if (n)
            memcpy(ctx->view.filters, filters, n * sizeof(*filters));
        ctx->view.nr_filters = n;
        drcl_apply_params(&ctx->view);
        return;
    }
    if (n)
        memcpy(scheme->filters, filters, n * sizeof(*filters));
    scheme->nr_filters = n;
}

int damon_reclaim_set_filters(struct damon_reclaim *ctx, uint32_t id, const struct damon_reclaim_filter *filters,
                              size_t n)
{
    struct damon_reclaim_filter old[DRCL_MAX_FILTERS], new[DRCL_MAX_FILTERS];
    const struct drcl_scheme *scheme;
    size_t nr_old;
    int r;

    if (!ctx)
        return -EINVAL;
    scheme = drcl_find_scheme(ctx, id);
    if (!scheme)
        return -ENOENT;
    r = take_filters(ctx, filters, n, new);
    if (r < 0)
        return r;
    nr_old = id == DAMON_RECLAIM_SCHEME_RECLAIM ? ctx->view.nr_filters : scheme->nr_filters;
    memcpy(old, id == DAMON_RECLAIM_SCHEME_RECLAIM ? ctx->view.filters : scheme->filters, nr_old * sizeof(*old));
    put_filters(ctx, id, new, n);
    r = drcl_tell_driver(ctx, DRCL_CHANGE_SCHEMES);
    if (r < 0)
        put_filters(ctx, id, old, nr_old);
    return r;
}

/* The score of the reclaim scheme is a parameter, too, of which 0 means that there is no such goal. */
static void note_feedback(struct damon_reclaim *ctx, uint64_t score)
{
    uint64_t feedback = score ? score : 1;

    if (feedback > DRCL_MAX_FEEDBACK)
        feedback = DRCL_MAX_FEEDBACK;
    if (ctx->staged.quota_autotune_feedback == ctx->view.active.quota_autotune_feedback)
        ctx->staged.quota_autotune_feedback = feedback;
    ctx->view.active.quota_autotune_feedback = feedback;
}

int damon_reclaim_report_goal(struct damon_reclaim *ctx, uint32_t id, size_t index, uint64_t current)
{
    struct drcl_scheme *scheme;
    struct drcl_quota *quota;

    if (!ctx)
        return -EINVAL;
    scheme = drcl_find_scheme(ctx, id);
    if (!scheme)
        return -ENOENT;
    quota = &scheme->quota;
    if (index >= quota->limits.nr_goals)
        return drcl_error(&ctx->env, -ENOENT, "scheme %u: has no goal number %zu", id, index);
    if (quota->goals[index].metric != DAMON_RECLAIM_GOAL_USER_INPUT)
        return drcl_error(&ctx->env, -EINVAL, "scheme %u: goal %zu is measured, not reported", id, index);
    quota->goals[index].current = current;
    if (id == DAMON_RECLAIM_SCHEME_RECLAIM)
        note_feedback(ctx, current);
    return drcl_tell_driver(ctx, DRCL_CHANGE_GOALS);
}
