/* SPDX-License-Identifier: MIT */
/* Parameters by name: settings, counters and the two switches, enabled and commit_inputs; one at a time or in a line.
 */
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "handle.h"
#include "params/line.h"
#include "params/parse.h"
#include "params/table.h"

/* Does what the switches say: puts the parameters into effect, then enables or disables. */
static int throw_switches(struct damon_reclaim *ctx, const struct drcl_switches *switches)
{
    int r = switches->commit ? damon_reclaim_commit(ctx) : 0;

    if (r < 0 || !switches->has_enabled)
        return r;
    return switches->enabled ? damon_reclaim_enable(ctx) : damon_reclaim_disable(ctx);
}

int damon_reclaim_set(struct damon_reclaim *ctx, const char *name, const char *text)
{
    char why[DRCL_ERROR_SIZE] = "";
    struct drcl_switches switches = {0};
    int r;

    if (!ctx)
        return -EINVAL;
    if (!name || !text)
        return drcl_refuse(&ctx->env, -EINVAL, "%s: NULL", name ? "value" : "name");
    r = drcl_params_parse(name, text, &ctx->staged, &switches, &(struct drcl_error_text){why, sizeof(why)});
    return r < 0 ? drcl_refuse(&ctx->env, r, "%s", why) : throw_switches(ctx, &switches);
}

int damon_reclaim_set_line(struct damon_reclaim *ctx, const char *line)
{
    char why[DRCL_ERROR_SIZE] = "";
    struct damon_reclaim_params before, params;
    struct drcl_switches switches = {0};
    int r;

    if (!ctx)
        return -EINVAL;
    if (!line)
        return drcl_refuse(&ctx->env, -EINVAL, "line: NULL");
    before = params = ctx->staged;
    r = drcl_params_parse_line(line, &params, &switches, &(struct drcl_error_text){why, sizeof(why)});
    if (r < 0)
        return drcl_refuse(&ctx->env, r, "%s", why);
    drcl_hold(ctx);
    ctx->staged = params;
    r = throw_switches(ctx, &switches);
    if (r < 0)
        ctx->staged = before;
    drcl_release(ctx);
    return r;
}

static int print_counter(struct damon_reclaim *ctx, const struct drcl_param *param, char *buf, size_t size)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    uint64_t value;

    damon_reclaim_get_stats(ctx, &stats);
    memcpy(&value, (const char *)&stats + param->offset, sizeof(value));
    if (param->bytes)
        value /= ctx->view.active.addr_unit;
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}

int damon_reclaim_get(struct damon_reclaim *ctx, const char *name, char *buf, size_t size)
{
    const struct drcl_param *param;
    bool enabled;

    if (!ctx)
        return -EINVAL;
    if (!name || (!buf && size))
        return drcl_refuse(&ctx->env, -EINVAL, "%s: NULL", name ? "buf" : "name");
    param = drcl_param_find(name);
    if (!param)
        return drcl_refuse(&ctx->env, -ENOENT, "%.60s: there is no such parameter", name);
    enabled = ctx->view.state != DAMON_RECLAIM_STATE_DISABLED;
    switch (param->kind) {
    case DRCL_PARAM_ENABLED:
        return snprintf(buf, size, "%s", enabled ? "Y" : "N");
    case DRCL_PARAM_COMMIT:
        return snprintf(buf, size, "N");
    case DRCL_PARAM_KDAMOND_PID:
        return snprintf(buf, size, "%d", enabled ? (int)ctx->driver->worker(&ctx->view) : -1);
    case DRCL_PARAM_COUNTER:
        return print_counter(ctx, param, buf, size);
    case DRCL_PARAM_SETTING:
        break;
    }
    return drcl_param_print(param, drcl_param_get(param, &ctx->staged), buf, size);
}
