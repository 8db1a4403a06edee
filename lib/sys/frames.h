/* SPDX-License-Identifier: MIT */
/*
 * Page frames to be asked about. The files that tell of frames are indexed by frame number and dear to call, so
 * questions are collected, sorted by number, and neighbours are asked about in one call.
 */
#ifndef DRCL_SYS_FRAMES_H
#define DRCL_SYS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "sys/page.h"

/* Beside the flags of kpageflags.h, of which it collides with none: the bitmap says that the page is still idle. */
#define DRCL_FRAME_IDLE (UINT32_C(1) << 31)

struct drcl_frame {
    uint64_t pfn;
    uint32_t flags; /* DRCL_KPF_*, DRCL_FRAME_IDLE; filled in by the files that are asked */
    uint32_t index; /* the asker's */
};

/* Sorts by frame number, in place and without allocation. Quick when the order is nearly there already. */
void drcl_frames_sort(struct drcl_frame *frames, size_t n);

/*
 * How many of the sorted frames, at least 1, one access answers: the records of 1 << @shift frames that they fall into
 * lie at most @gap apart, among @span consecutive records.
 */
size_t drcl_frames_run(const struct drcl_frame *frames, size_t n, unsigned int shift, uint64_t gap, uint64_t span);

#endif
