/* SPDX-License-Identifier: MIT */
/* Parameters by name: settings, counters and the two switches, enabled and commit_inputs. */
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "params/params.h"

static const struct drcl_param *find(struct damon_reclaim *ctx, const char *name)
{
    const struct drcl_param *param = drcl_param_find(name);

    if (!param)
        drcl_error(&ctx->env, -ENOENT, "%.60s: there is no such parameter", name);
    return param;
}

int damon_reclaim_set(struct damon_reclaim *ctx, const char *name, const char *text)
{
    const struct drcl_param *param;
    uint64_t value;
    int r;

    if (!ctx || !name || !text)
        return -EINVAL;
    param = find(ctx, name);
    if (!param)
        return -ENOENT;
    if (param->info.read_only)
        return drcl_error(&ctx->env, -EACCES, "%s: can only be read", param->info.name);
    r = drcl_param_parse(&ctx->env, param, text, &value);
    if (r < 0)
        return r;
    if (param->kind == DRCL_PARAM_ENABLED)
        return value ? damon_reclaim_enable(ctx) : damon_reclaim_disable(ctx);
    if (param->kind == DRCL_PARAM_COMMIT)
        return value ? damon_reclaim_commit(ctx) : 0;
    drcl_param_set(param, &ctx->staged, value);
    return 0;
}

static int print_counter(struct damon_reclaim *ctx, const struct drcl_param *param, char *buf, size_t size)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    uint64_t value;

    damon_reclaim_get_stats(ctx, &stats);
    memcpy(&value, (const char *)&stats + param->offset, sizeof(value));
    if (param->bytes)
        value /= ctx->active.addr_unit;
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}

int damon_reclaim_get(struct damon_reclaim *ctx, const char *name, char *buf, size_t size)
{
    const struct drcl_param *param;
    bool enabled;
    uint64_t value;

    if (!ctx || !name || (!buf && size))
        return -EINVAL;
    param = find(ctx, name);
    if (!param)
        return -ENOENT;
    enabled = ctx->state != DAMON_RECLAIM_STATE_DISABLED;
    switch (param->kind) {
    case DRCL_PARAM_ENABLED:
        return snprintf(buf, size, "%s", enabled ? "Y" : "N");
    case DRCL_PARAM_COMMIT:
        return snprintf(buf, size, "N");
    case DRCL_PARAM_KDAMOND_PID:
        return snprintf(buf, size, "%d", enabled ? (int)ctx->driver->worker(ctx) : -1);
    case DRCL_PARAM_COUNTER:
        return print_counter(ctx, param, buf, size);
    case DRCL_PARAM_SETTING:
        break;
    }
    value = drcl_param_get(param, &ctx->staged);
    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return snprintf(buf, size, "%s", value ? "Y" : "N");
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}
