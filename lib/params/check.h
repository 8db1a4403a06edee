/* SPDX-License-Identifier: MIT */
/* Whether a set of parameters is one that can run. */
#ifndef DRCL_PARAMS_CHECK_H
#define DRCL_PARAMS_CHECK_H

#include "damon_reclaim/damon_reclaim.h"

#include "params/error.h"

/* Whether each value is in its range: 0, or -ERANGE with a text. */
int drcl_params_check_ranges(const struct damon_reclaim_params *params, const struct drcl_error_text *error);
/* That, and whether all of them go together: 0, or -ERANGE or -EINVAL with a text. */
int drcl_params_check(const struct damon_reclaim_params *params, const struct drcl_error_text *error);

#endif
