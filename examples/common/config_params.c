/* SPDX-License-Identifier: MIT */
/* The library's parameters: checked by the library itself, and put into effect. */
#include <string.h>

#include "common/config_internal.h"

static bool is_param(const struct config_value *value)
{
    return !strcmp(value->option->section, CONFIG_PARAMETERS) && strcmp(value->option->name, "enabled") != 0 &&
           strcmp(value->option->name, "commit_inputs") != 0;
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

/* Makes @text, which the library wrote about a parameter, an error that begins with where that was set. */
static int explain(const struct config *config, int r, const char *text, struct error_text *error)
{
    const char *origin = culprit(config, text);

    return error_set(error, r, "%s%s%s", origin ? origin : "", origin ? ": " : "", text);
}

/* Puts the values into the set that are defaults, or those that are not. */
static int put(const struct config *config, bool defaults, struct damon_reclaim_params *params,
               struct error_text *error)
{
    char text[256] = "";

    for (size_t i = 0; i < config->n; i++) {
        const struct config_value *value = &config->values[i];
        int r;

        if (!is_param(value) || (value->rank == CONFIG_DEFAULT) != defaults)
            continue;
        r = damon_reclaim_params_set(params, value->option->name, value->meaning.text, text, sizeof(text));
        if (r < 0)
            return error_set(error, r, "%s: %s", value->origin ? value->origin : "default", text);
    }
    return 0;
}

int config_check_params(struct config *config, struct error_text *error)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    char text[256] = "";
    int r = damon_reclaim_params_init(&params);

    if (r == 0)
        r = put(config, true, &params, error);
    if (r == 0 && config->program->adjust)
        config->program->adjust(config, &params);
    if (r == 0)
        r = put(config, false, &params, error);
    if (r < 0)
        return r;
    r = damon_reclaim_params_check(&params, text, sizeof(text));
    if (r < 0)
        return explain(config, r, text, error);
    config->params = params;
    return 0;
}

const struct damon_reclaim_params *config_params(const struct config *config)
{
    return &config->params;
}

bool config_enabled(const struct config *config)
{
    return config_bool(config, NULL, "enabled");
}

int config_apply(const struct config *config, struct damon_reclaim *ctx, struct error_text *error)
{
    struct damon_reclaim_params old = {.size = sizeof(old)};
    int r = damon_reclaim_get_params(ctx, &old);

    if (r == 0)
        r = damon_reclaim_set_params(ctx, &config->params);
    if (r < 0)
        return explain(config, r, damon_reclaim_last_error(ctx), error);
    r = damon_reclaim_commit(ctx);
    if (r < 0) {
        explain(config, r, damon_reclaim_last_error(ctx), error);
        if (damon_reclaim_set_params(ctx, &old) == 0)
            damon_reclaim_commit(ctx); /* was good before */
    }
    return r;
}
