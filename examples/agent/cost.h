/* SPDX-License-Identifier: MIT */
/*
 * What reclaiming costs: bytes that came back because they were used again, by the kernel's own counters.
 *
 * | entity  | file                     | counters |
 * | system  | /proc/vmstat             | workingset_refault_anon, _file, pswpin |
 * | cgroup  | memory.stat              | workingset_refault_anon, _file, pswpin (from 6.14 on) |
 * | process | /proc/PID/stat, smaps_rollup | majflt; the decrease of Swap |
 *
 * The kernel has no refault counter for a process: major faults miss what swap readahead brought in, and a smaller Swap
 * misses what went out meanwhile. Both are lower bounds, and the larger one is taken.
 */
#ifndef AGENT_COST_H
#define AGENT_COST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Counters at one moment, in bytes since boot or since the entity began. */
struct cost_counters {
    uint64_t refaulted_anon, refaulted_file;
    uint64_t swapped_in;
    uint64_t major_faults; /* of a process, times the size of a page */
    uint64_t swapped;      /* of a process: out now; no counter */
    bool has_refaults, has_swapped_in, has_major_faults, has_swapped;
};

/* Parse the text of a file; what it does not have stays as it is in @ret. A text that is no such file: -EINVAL. */
int cost_parse_vmstat(const char *text, struct cost_counters *ret); /* also memory.stat */
int cost_parse_stat(const char *text, struct cost_counters *ret);
int cost_parse_smaps_rollup(const char *text, struct cost_counters *ret);

/*
 * Read the counters of an entity. @root stands before /proc and /sys, "" but in tests. -ENOENT, -ESRCH: it is gone.
 * @swap of a process: also read smaps_rollup, which walks the page tables of all of it.
 */
int cost_read_system(const char *root, struct cost_counters *ret, struct agent_error *error);
int cost_read_cgroup(const char *root, const char *cgroup, struct cost_counters *ret, struct agent_error *error);
int cost_read_process(const char *root, pid_t pid, bool swap, struct cost_counters *ret, struct agent_error *error);

/* Remembers the last look at an entity. Zero it to begin. */
struct cost {
    struct cost_counters last;
    bool seen;
    uint64_t refaulted; /* bytes since the first look */
};

/* The bytes refaulted since the last look; 0 at the first, and when counters have gone back. */
uint64_t cost_update(struct cost *cost, const struct cost_counters *now);

#endif
