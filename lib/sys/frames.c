/* SPDX-License-Identifier: MIT */
#include "sys/frames.h"

/* A shell sort: frames of neighbouring pages come nearly sorted, there are at most some thousands, and qsort() may
 * allocate. */
void drcl_frames_sort(struct drcl_frame *frames, size_t n)
{
    static const size_t gaps[] = {89095, 39591, 17593, 7815, 3469, 1541, 685, 301, 132, 57, 23, 10, 4, 1};

    for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
        size_t gap = gaps[g];

        for (size_t i = gap; i < n; i++) {
            struct drcl_frame frame = frames[i];
            size_t at = i;

            for (; at >= gap && frames[at - gap].pfn > frame.pfn; at -= gap)
                frames[at] = frames[at - gap];
            frames[at] = frame;
        }
    }
}

size_t drcl_frames_run(const struct drcl_frame *frames, size_t n, unsigned int shift, uint64_t gap, uint64_t span)
{
    uint64_t first = frames[0].pfn >> shift, last = first;
    size_t i = 1;

    for (; i < n; i++) {
        uint64_t record = frames[i].pfn >> shift;

        if (record - last > gap + 1 || record - first >= span)
            break;
        last = record;
    }
    return i;
}
