/* SPDX-License-Identifier: MIT */
/* A target: a process, or physical memory. */
#ifndef DRCL_PAGES_TARGET_H
#define DRCL_PAGES_TARGET_H

#include "pages/frame_blocks.h"
#include "pages/marks.h"
#include "pages/mm.h"

struct drcl_pages_target {
    uint32_t id;
    struct drcl_mm mm; /* of physical memory: no process, pid 0 */
    struct drcl_marks marks;
    struct drcl_frame_blocks blocks; /* of physical memory */
};

static inline bool drcl_pages_is_physical(const struct drcl_pages_target *t)
{
    return t->mm.map.pid == 0;
}

#endif
