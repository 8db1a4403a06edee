/* SPDX-License-Identifier: MIT */
/* A rule that allows or rejects pages, as text: "reject anon", "allow not memcg /batch". */
#ifndef COMMON_FILTER_H
#define COMMON_FILTER_H

#include <damon_reclaim/damon_reclaim.h>

#include "common/error.h"

/* How a rule is written, for --help. */
extern const char filter_help[];

/* Reads a rule. @words gets the text that a path of the filter is part of; the caller frees it. 0, or -EINVAL, -ENOMEM
 * with a text that tells what is wrong with the rule. */
int filter_parse(const char *text, struct damon_reclaim_filter *ret, char **ret_words, struct error_text *error);

#endif
