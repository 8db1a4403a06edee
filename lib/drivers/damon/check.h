/* SPDX-License-Identifier: MIT */
#ifndef DRCL_DAMON_CHECK_H
#define DRCL_DAMON_CHECK_H

#include "drivers/damon/damon.h"

/* Whether the operations can do what is asked for: watch these targets, decide the filters of the schemes, leave out
 * what is excluded. */
int drcl_damon_check(struct drcl_view *view, struct drcl_damon *d);

#endif
