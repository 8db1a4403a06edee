/* SPDX-License-Identifier: MIT */
/* Parameters by name, one or many in a line of words, as on the kernel's boot line: "min_age=5s quota_sz=1GiB". */
#ifndef DRCL_PARAMS_LINE_H
#define DRCL_PARAMS_LINE_H

#include "params/error.h"
#include "params/table.h"

/* What was asked for that is no setting. */
struct drcl_switches {
    bool commit;      /* commit_inputs=Y */
    bool has_enabled; /* `enabled` is among the words */
    bool enabled;
};

/*
 * Puts the parameter @name, whose value is @text, into @params. A switch, which is no part of a set of parameters, goes
 * into @switches, or is refused if that is NULL. 0, or -ENOENT, -EACCES, -EINVAL, -ERANGE or -EOPNOTSUPP with a text
 * that names the parameter; nothing has changed then.
 */
int drcl_params_parse(const char *name, const char *text, struct damon_reclaim_params *params,
                      struct drcl_switches *switches, const struct drcl_error_text *error);

/* The same with each word of @line; of several with one name the last one counts. After an error @params and @switches
 * may have changed in part. */
int drcl_params_parse_line(const char *line, struct damon_reclaim_params *params, struct drcl_switches *switches,
                           const struct drcl_error_text *error);

#endif
