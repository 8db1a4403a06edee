/* SPDX-License-Identifier: MIT */
#include "engine/watermark.h"

bool drcl_watermark_active(const struct damon_reclaim_watermarks *marks, bool was_active, uint32_t free_permille,
                           enum damon_reclaim_reason *ret_reason)
{
    if (free_permille > marks->high) {
        *ret_reason = DAMON_RECLAIM_REASON_WMARK_HIGH;
        return false;
    }
    if (free_permille < marks->low) {
        *ret_reason = DAMON_RECLAIM_REASON_WMARK_LOW;
        return false;
    }
    *ret_reason = DAMON_RECLAIM_REASON_WMARK_MID;
    /* Between mid and high nothing changes: an active scheme goes on, an inactive one waits for mid. */
    return was_active || free_permille <= marks->mid;
}
