/* SPDX-License-Identifier: MIT */
/* mark(): makes every page of a range idle, a window at a time. */
#include "backends/idle_page/physical.h"

#include <errno.h>

/* Tails of huge pages are set too: the kernel passes them over for less than it takes to find out which they are. */
static int mark_window(struct drcl_idle_page *b, struct drcl_idle_target *t, uint64_t start, size_t pages)
{
    size_t n = 0;
    int r = drcl_pagemap_read(&t->mm.map, start, pages, b->entries);

    if (r < 0)
        return r;
    for (size_t i = 0; i < pages; i++) {
        if (!(b->entries[i] & DRCL_PAGEMAP_PRESENT))
            continue;
        b->frames[n] = (struct drcl_frame){.pfn = b->entries[i] & DRCL_PAGEMAP_PFN};
        if (!b->frames[n++].pfn)
            return drcl_idle_no_frame_numbers(b->env);
    }
    drcl_frames_sort(b->frames, n);
    return drcl_page_idle_set(&b->idle, b->frames, n);
}

int drcl_idle_mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    uint64_t at = start, present_end;
    int r;

    if (!t)
        return -ESRCH;
    if (drcl_idle_is_physical(t))
        return drcl_physical_mark(b, t, start, end);
    while (at < end) {
        r = drcl_pagemap_next_present(&t->mm.map, at, end, &at, &present_end);
        while (r == 0 && at < present_end) {
            uint64_t left = (present_end - at) >> DRCL_PAGE_SHIFT;
            size_t pages = left < DRCL_WINDOW ? (size_t)left : DRCL_WINDOW;

            r = mark_window(b, t, at, pages);
            at += (uint64_t)pages << DRCL_PAGE_SHIFT;
        }
        if (r < 0)
            return r;
    }
    drcl_marks_put(&t->marks, b->env, start, end, false);
    return 0;
}
