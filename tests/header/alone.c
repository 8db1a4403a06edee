/* SPDX-License-Identifier: MIT */
/* The header alone, without a feature macro, and once more. */
#include <damon_reclaim/damon_reclaim.h>
#include <damon_reclaim/damon_reclaim.h>

/* Each struct is complete and begins with its size where it grows. */
#define GROWS(name) typedef char name##_begins_with_size[offsetof(struct damon_reclaim_##name, size) == 0 ? 1 : -1]

GROWS(config);
GROWS(callbacks);
GROWS(allocator);
GROWS(backend_ops);
GROWS(system_ops);
GROWS(sim_config);
GROWS(params);
GROWS(param_info);
GROWS(target);
GROWS(scheme);
GROWS(request);
GROWS(result);
GROWS(metrics);
GROWS(event);
GROWS(stats);
GROWS(scheme_stats);
GROWS(sim_report);
GROWS(damon_config);
GROWS(released);
GROWS(file);

int use_everything(const char *pid);

/* Macros and constants mean the same in preprocessor and program. */
#if DAMON_RECLAIM_VERSION < 0x000100 || DAMON_RECLAIM_VERSION_MAJOR > 0xffff
#error "the version is not one"
#endif

int use_everything(const char *pid)
{
    struct damon_reclaim_config config = {0};
    struct damon_reclaim_params params = {0};
    struct damon_reclaim *ctx = 0;
    int r;

    config.size = sizeof(config);
    config.backend = "sim";
    config.flags = DAMON_RECLAIM_KEEP_ON_INVALID | DAMON_RECLAIM_ALLOW_NO_TARGET;
    params.size = sizeof(params);
    r = damon_reclaim_new(&config, &ctx);
    if (r < 0)
        return r;
    r = damon_reclaim_params_init(&params);
    if (r == 0)
        r = damon_reclaim_params_set_line(&params, "min_age=5s quota_sz=1GiB", 0, 0);
    if (r == 0)
        r = damon_reclaim_set_line(ctx, "min_age=5s");
    if (r == 0)
        r = damon_reclaim_set(ctx, "min_age", pid);
    damon_reclaim_stop(ctx);
    ctx = damon_reclaim_unref(ctx);
    return ctx == 0 && damon_reclaim_version() == DAMON_RECLAIM_VERSION ? r : 1;
}
