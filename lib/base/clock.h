/* SPDX-License-Identifier: MIT */
/* Units of time, and the time between two readings of a clock. */
#ifndef DRCL_CLOCK_H
#define DRCL_CLOCK_H

#include <stdint.h>

#define DRCL_NS_PER_US UINT64_C(1000)
#define DRCL_NS_PER_MS UINT64_C(1000000)
#define DRCL_NS_PER_S  UINT64_C(1000000000)

/* The time from @begin to @end. 0 if either reading failed, as a clock that fails reads 0: nobody is charged for a time
 * that makes no sense. */
static inline uint64_t drcl_elapsed(uint64_t begin, uint64_t end)
{
    return begin && end > begin ? end - begin : 0;
}

#endif
