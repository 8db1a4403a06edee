/* SPDX-License-Identifier: MIT */
/* Reading smaps: how much of some ranges is resident. */
#ifndef HOST_USAGE_H
#define HOST_USAGE_H

#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* The sum of "Rss:" of the mappings of /proc/PID/smaps that begin in one of the ranges, in bytes. The text is changed.
 */
uint64_t host_parse_smaps(char *text, const struct damon_reclaim_range *ranges, size_t n);
/* The total of the line "some" of memory.pressure, us. 0 or -EINVAL. */
int host_parse_pressure(const char *text, uint64_t *ret_us);

#endif
