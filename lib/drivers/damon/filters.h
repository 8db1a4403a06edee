/* SPDX-License-Identifier: MIT */
/* The filters of a scheme as files: in one directory with `matching` alone, or in two, by who decides, with `allow`. */
#ifndef DRCL_DAMON_FILTERS_H
#define DRCL_DAMON_FILTERS_H

#include "drivers/damon/damon.h"
#include "drivers/damon/put.h"

void drcl_put_filters(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filters,
                      size_t n, size_t slot);
/* Whether the kernel decides the filters of the schemes; it would ignore those that it does not know. */
int drcl_damon_check_filters(struct drcl_view *view, const struct drcl_damon *d);

#endif
