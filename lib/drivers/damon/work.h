/* SPDX-License-Identifier: MIT */
/* What there is to do while the kernel's thread runs. */
#ifndef DRCL_DAMON_WORK_H
#define DRCL_DAMON_WORK_H

#include "drivers/damon/damon.h"

int drcl_damon_check_watermarks(struct drcl_view *view, struct drcl_damon *d, uint64_t now);
/* Of struct drcl_driver. */
uint64_t drcl_damon_due(const struct drcl_view *view);
int drcl_damon_work(struct drcl_view *view);

#endif
