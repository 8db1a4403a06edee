/* SPDX-License-Identifier: MIT */
/* Sets of parameters without a context: what the public header has for them. */
#include <errno.h>
#include <stdio.h>

#include "damon_reclaim/damon_reclaim.h"

#include "base/size.h"
#include "params/check.h"
#include "params/error.h"
#include "params/line.h"
#include "params/parse.h"
#include "params/table.h"

int damon_reclaim_params_init(struct damon_reclaim_params *params)
{
    struct damon_reclaim_params defaults;

    if (!params)
        return -EINVAL;
    drcl_params_defaults(&defaults);
    return drcl_size_give(params, params->size, &defaults, sizeof(defaults));
}

/* Copies the caller's set, with defaults for what an older caller does not have. */
static int copy_set(const struct damon_reclaim_params *user, const struct drcl_error_text *error,
                    struct damon_reclaim_params *ret)
{
    int r;

    if (!user)
        return drcl_params_error(error, -EINVAL, "params: NULL");
    drcl_params_defaults(ret);
    r = drcl_size_copy(ret, sizeof(*ret), user, user->size);
    return r < 0 ? drcl_params_error(error, r, "params: size %zu is not one that this library knows", user->size) : 0;
}

/* Gives the set back to the caller, unless the struct of an older one has no room for what was set. */
static int give_set(const struct damon_reclaim_params *set, const struct drcl_error_text *error,
                    struct damon_reclaim_params *user)
{
    const struct drcl_param *param;

    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++)
        if (param->kind == DRCL_PARAM_SETTING && param->offset >= user->size &&
            drcl_param_get(param, set) != (uint64_t)param->info.default_value)
            return drcl_params_error(error, -E2BIG, "%s: is not in the program's struct, whose size is %zu",
                                     param->info.name, user->size);
    return drcl_size_give(user, user->size, set, sizeof(*set));
}

int damon_reclaim_params_set_line(struct damon_reclaim_params *params, const char *line, char *error, size_t error_size)
{
    const struct drcl_error_text text = {error, error_size};
    struct damon_reclaim_params set;
    int r;

    if (!error && error_size)
        return -EINVAL;
    if (!line)
        return drcl_params_error(&text, -EINVAL, "line: NULL");
    r = copy_set(params, &text, &set);
    if (r == 0)
        r = drcl_params_parse_line(line, &set, NULL, &text);
    return r < 0 ? r : give_set(&set, &text, params);
}

int damon_reclaim_params_set(struct damon_reclaim_params *params, const char *name, const char *value, char *error,
                             size_t error_size)
{
    const struct drcl_error_text text = {error, error_size};
    struct damon_reclaim_params set;
    int r;

    if (!error && error_size)
        return -EINVAL;
    if (!name || !value)
        return drcl_params_error(&text, -EINVAL, "%s: NULL", name ? "value" : "name");
    r = copy_set(params, &text, &set);
    if (r == 0)
        r = drcl_params_parse(name, value, &set, NULL, &text);
    return r < 0 ? r : give_set(&set, &text, params);
}

int damon_reclaim_params_get(const struct damon_reclaim_params *params, const char *name, char *buf, size_t size)
{
    const struct drcl_error_text nowhere = {NULL, 0};
    const struct drcl_param *param;
    struct damon_reclaim_params set;
    int r;

    if (!params || !name || (!buf && size))
        return -EINVAL;
    param = drcl_param_find(name);
    if (!param)
        return -ENOENT;
    if (param->kind != DRCL_PARAM_SETTING)
        return -EOPNOTSUPP;
    r = copy_set(params, &nowhere, &set);
    return r < 0 ? r : drcl_param_print(param, drcl_param_get(param, &set), buf, size);
}

int damon_reclaim_params_get_line(const struct damon_reclaim_params *params, char *buf, size_t size)
{
    const struct drcl_error_text nowhere = {NULL, 0};
    const struct drcl_param *param;
    struct damon_reclaim_params set;
    size_t len = 0;
    int r;

    if (!params || (!buf && size))
        return -EINVAL;
    r = copy_set(params, &nowhere, &set);
    if (r < 0)
        return r;
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++) {
        char value[24];

        if (param->kind != DRCL_PARAM_SETTING)
            continue;
        drcl_param_print(param, drcl_param_get(param, &set), value, sizeof(value));
        len += (size_t)snprintf(len < size ? buf + len : NULL, len < size ? size - len : 0, "%s%s=%s", len ? " " : "",
                                param->info.name, value);
    }
    return (int)len;
}

int damon_reclaim_params_check(const struct damon_reclaim_params *params, char *error, size_t error_size)
{
    const struct drcl_error_text text = {error, error_size};
    struct damon_reclaim_params set;
    int r;

    if (!error && error_size)
        return -EINVAL;
    r = copy_set(params, &text, &set);
    return r < 0 ? r : drcl_params_check(&set, &text);
}
