/* SPDX-License-Identifier: MIT */
/* The one table of parameters. */
#ifndef DRCL_PARAMS_TABLE_H
#define DRCL_PARAMS_TABLE_H

#include "damon_reclaim/damon_reclaim.h"

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

/* The member of a setting. */
uint64_t drcl_param_get(const struct drcl_param *param, const struct damon_reclaim_params *params);
void drcl_param_set(const struct drcl_param *param, struct damon_reclaim_params *params, uint64_t value);

/* Fills in the defaults and the library's own size. */
void drcl_params_defaults(struct damon_reclaim_params *params);

#endif
