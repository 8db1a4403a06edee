/* SPDX-License-Identifier: MIT */
/* The one table of parameters, and what is read and written through it. Nothing here knows a context. */
#ifndef DRCL_PARAMS_H
#define DRCL_PARAMS_H

#include "damon_reclaim/damon_reclaim.h"

struct drcl_env;

#define DRCL_MAX_FEEDBACK (UINT64_MAX / 10000) /* still fits when compared with its goal */

enum drcl_param_kind {
    DRCL_PARAM_SETTING, /* a member of struct damon_reclaim_params */
    DRCL_PARAM_ENABLED, /* the switches, which act at once */
    DRCL_PARAM_COMMIT,
    DRCL_PARAM_KDAMOND_PID,
    DRCL_PARAM_COUNTER, /* a member of struct damon_reclaim_stats */
};

struct drcl_param {
    struct damon_reclaim_param_info info;
    enum drcl_param_kind kind;
    size_t offset; /* of the member */
    bool bytes;    /* a counter of bytes, told in addr_unit */
};

/* Parameter number @index, or NULL past the last. */
const struct drcl_param *drcl_param_at(size_t index);
/* By name, with or without "damon_reclaim." in front; or NULL. */
const struct drcl_param *drcl_param_find(const char *name);

/* Reads @text as a value of the parameter. 0, -EINVAL or -ERANGE with a text that names the parameter. */
int drcl_param_parse(struct drcl_env *env, const struct drcl_param *param, const char *text, uint64_t *ret_value);

uint64_t drcl_param_get(const struct drcl_param *param, const struct damon_reclaim_params *params);
void drcl_param_set(const struct drcl_param *param, struct damon_reclaim_params *params, uint64_t value);

/* Whether each value is in its range and all of them go together. 0, -ERANGE or -EINVAL with a text. */
int drcl_params_check_ranges(struct drcl_env *env, const struct damon_reclaim_params *params);
int drcl_params_validate(struct drcl_env *env, const struct damon_reclaim_params *params);

#endif
