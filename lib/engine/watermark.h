/* SPDX-License-Identifier: MIT */
#ifndef DRCL_WATERMARK_H
#define DRCL_WATERMARK_H

#include "damon_reclaim/damon_reclaim.h"

/* Whether a scheme is active with so much free memory, if it @was_active before, and by which watermark. Pure. */
bool drcl_watermark_active(const struct damon_reclaim_watermarks *wmarks, bool was_active, uint32_t free_permille,
                           enum damon_reclaim_reason *ret_reason);

#endif
