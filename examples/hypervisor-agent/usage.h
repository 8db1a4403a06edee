/* SPDX-License-Identifier: MIT */
/* Parses smaps and memory.pressure. */
#ifndef HOST_USAGE_H
#define HOST_USAGE_H

#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* Sizes of the mappings that begin in one of the given ranges, in bytes. */
struct host_smaps {
    uint64_t resident;
    uint64_t hugetlb; /* size of those on hugetlb pages, resident or not */
};

/* Parses the text of /proc/PID/smaps. It modifies the text. */
void host_parse_smaps(char *text, const struct damon_reclaim_range *ranges, size_t n, struct host_smaps *ret);
/* Reads the total of the line "some" of memory.pressure, in us. Returns 0 or -EINVAL. */
int host_parse_pressure(const char *text, uint64_t *ret_us);

#endif
