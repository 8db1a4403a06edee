/* SPDX-License-Identifier: MIT */
#include "engine/watermark.h"

bool drcl_watermark_active(const struct damon_reclaim_watermarks *wmarks, bool was_active, uint32_t free_permille,
                           enum damon_reclaim_reason *ret_reason)
{
    if (free_permille > wmarks->high) {
        *ret_reason = DAMON_RECLAIM_REASON_WMARK_HIGH;
        return false;
    }
    if (free_permille < wmarks->low) {
        *ret_reason = DAMON_RECLAIM_REASON_WMARK_LOW;
        return false;
    }
    *ret_reason = DAMON_RECLAIM_REASON_WMARK_MID;
    /* Between mid and high nothing changes: an active scheme stays active, an inactive one waits for mid. */
    return was_active || free_permille <= wmarks->mid;
}
