/* SPDX-License-Identifier: MIT */
/* Parses smaps and memory.pressure. */
#ifndef HOST_USAGE_H
#define HOST_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* Of the mappings that begin in one of the given ranges. */
struct host_smaps {
    uint64_t resident;     /* bytes */
    uint64_t proportional; /* the same, divided by the number of processes that have a page mapped */
};

/* Parses the text of /proc/PID/smaps, which it modifies. Sets hugetlb[i] if range number i has mappings on hugetlb
 * pages, and clears it if not. */
void host_parse_smaps(char *text, const struct damon_reclaim_range *ranges, size_t n, bool *hugetlb,
                      struct host_smaps *ret);
/* Reads the total of the line "some" of memory.pressure, in us. Returns 0 or -EINVAL. */
int host_parse_pressure(const char *text, uint64_t *ret_us);

#endif
