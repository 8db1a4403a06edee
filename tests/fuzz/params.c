/* SPDX-License-Identifier: MIT */
/* Parameters as text: lines of NAME=VALUE, as in a file of settings. */
#include <errno.h>

#include "fuzz.h"
#include "params/params.h"

/* What was read is in range, and reads the same when it is printed and read again. */
static void check_value(struct drcl_env *env, const struct drcl_param *param, uint64_t value)
{
    char text[32];
    uint64_t again;

    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        must(value <= 1);
    else
        must(value >= param->info.min && value <= param->info.max);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    must(drcl_param_parse(env, param, text, &again) == 0 && again == value);
}

static void check_line(struct drcl_env *env, struct damon_reclaim_params *params, char *line)
{
    char *equals = strchr(line, '=');
    const struct drcl_param *param;
    uint64_t value = 12345;
    int r;

    if (!equals)
        return;
    *equals = '\0';
    param = drcl_param_find(line);
    if (!param || param->info.read_only)
        return;
    r = drcl_param_parse(env, param, equals + 1, &value);
    if (r < 0) {
        must((r == -EINVAL || r == -ERANGE) && value == 12345);
        must(strstr(env->error, param->info.name));
        must_explain(env);
        return;
    }
    check_value(env, param, value);
    if (param->kind != DRCL_PARAM_SETTING)
        return;
    drcl_param_set(param, params, value);
    must(drcl_param_get(param, params) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    struct drcl_env env = fuzz_env(NULL, NULL);
    char *text = malloc(size + 1), *line, *rest;

    must(text && damon_reclaim_params_init(&params) == 0);
    memcpy(text, data, size);
    text[size] = '\0';
    for (line = strtok_r(text, ";", &rest); line; line = strtok_r(NULL, ";", &rest))
        check_line(&env, &params, line);
    must(drcl_params_check_ranges(&env, &params) == 0);
    if (drcl_params_validate(&env, &params) < 0)
        must_explain(&env);
    else
        must(params.min_nr_regions <= params.max_nr_regions && params.sample_interval <= params.aggr_interval &&
             params.wmarks_low <= params.wmarks_mid && params.wmarks_mid <= params.wmarks_high);
    free(text);
    drcl_env_fini(&env);
    return 0;
}
