/* SPDX-License-Identifier: MIT */
/* The library's parameters: checked by the library itself, and put into effect. */
#include <string.h>

#include "config_internal.h"

static bool is_param(const struct config_value *value)
{
    return !strcmp(value->option->section, CONFIG_PARAMETERS) && strcmp(value->option->name, "enabled") != 0;
}

/* Where the parameter was set that a text of the library is about; a set may be contradictory in several. */
static const char *culprit(const struct config *config, const char *text)
{
    for (size_t i = 0; i < config->n; i++) {
        const struct config_value *value = &config->values[i];

        if (is_param(value) && value->origin && strstr(text, value->option->name))
            return value->origin;
    }
    return NULL;
}

static int explain(const struct config *config, int r, struct damon_reclaim *ctx, struct agent_error *error)
{
    const char *text = damon_reclaim_last_error(ctx), *origin = culprit(config, text);

    return agent_fail(error, r, "%s%s%s", origin ? origin : "", origin ? ": " : "", text);
}

static int stage(const struct config *config, struct damon_reclaim *ctx, struct agent_error *error)
{
    for (size_t i = 0; i < config->n; i++) {
        const struct config_value *value = &config->values[i];
        int r = is_param(value) ? damon_reclaim_set(ctx, value->option->name, value->text) : 0;

        if (r < 0)
            return agent_fail(error, r, "%s: %s", value->origin ? value->origin : "default",
                              damon_reclaim_last_error(ctx));
    }
    return 0;
}

int config_check_params(struct config *config, struct agent_error *error)
{
    /* Any context will do, and simulated memory needs nothing of the machine. */
    static const char workload[] = "r, 4096\n\np\n1\nr, 1, 4096, 1, rw\n";
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload = workload, .workload_name = "check"};
    char text[256] = "no context";
    struct damon_reclaim_config new = {
        .size = sizeof(new), .backend = "sim", .sim = &sim, .error = text, .error_size = sizeof(text)};
    struct damon_reclaim *ctx;
    int r = damon_reclaim_new(&new, &ctx);

    if (r < 0)
        return agent_fail(error, r, "the parameters cannot be checked: %s", text);
    r = stage(config, ctx, error);
    if (r == 0) {
        r = damon_reclaim_commit(ctx);
        if (r < 0)
            explain(config, r, ctx, error);
    }
    config->params.size = sizeof(config->params);
    if (r == 0)
        r = damon_reclaim_get_params(ctx, &config->params);
    damon_reclaim_unref(ctx);
    return r;
}

const struct damon_reclaim_params *config_params(const struct config *config)
{
    return &config->params;
}

bool config_enabled(const struct config *config)
{
    return config_bool(config, NULL, "enabled");
}

int config_apply(const struct config *config, struct damon_reclaim *ctx, struct agent_error *error)
{
    struct damon_reclaim_params old = {.size = sizeof(old)};
    int r = damon_reclaim_get_params(ctx, &old);

    if (r == 0)
        r = damon_reclaim_set_params(ctx, &config->params);
    if (r < 0)
        return explain(config, r, ctx, error);
    r = damon_reclaim_commit(ctx);
    if (r < 0) {
        explain(config, r, ctx, error);
        if (damon_reclaim_set_params(ctx, &old) == 0)
            damon_reclaim_commit(ctx); /* was good before */
    }
    return r;
}
