/* SPDX-License-Identifier: MIT */
/* The filters of a scheme as files: in one directory with `matching` alone, or in two, by who decides, with `allow`. */
#ifndef DRCL_DAMON_FILTERS_H
#define DRCL_DAMON_FILTERS_H

#include "drivers/damon/damon.h"
#include "drivers/damon/put.h"

/* The filters of a scheme, behind what is excluded. */
void drcl_put_filters_of(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d,
                         const struct drcl_scheme *scheme, size_t slot);

void drcl_put_filters(struct drcl_put *put, struct drcl_view *view, const struct damon_reclaim_filter *filters,
                      size_t n, size_t slot);

#endif
