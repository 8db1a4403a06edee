/* SPDX-License-Identifier: MIT */
/* struct damon_reclaim_damon_config. */
#ifndef DRCL_DAMON_CONFIG_H
#define DRCL_DAMON_CONFIG_H

#include "drivers/damon/damon.h"

/* Copies what the program has given, or NULL. An error has a text. */
int drcl_damon_take_config(struct drcl_env *env, const struct damon_reclaim_damon_config *user,
                           struct damon_reclaim_damon_config *ret);
/* Sets in @d what the program has given. */
int drcl_damon_use_config(struct drcl_damon *d, const struct damon_reclaim_damon_config *user);

#endif
