/* SPDX-License-Identifier: MIT */
/*
 * Measures what reclaiming costs: bytes that refaulted, by the kernel's counters, and bytes that the kernel itself
 * evicted, of which some refault as well.
 *
 * | entity  | file                     | counters |
 * | system  | /proc/vmstat             | workingset_refault_anon, _file, pswpin; pgsteal_*, pswpout |
 * | cgroup  | memory.stat              | the same, pswpin and pswpout from 6.14 on |
 * | process | /proc/PID/stat, status | majflt; the decrease of VmSwap |
 *
 * The kernel has no refault counter for a process. Major faults miss pages that swap readahead brought in; the decrease
 * of VmSwap misses pages that were swapped out in the meantime. Both are lower bounds, so the larger one is used.
 */
#ifndef AGENT_COST_H
#define AGENT_COST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/* Counters at one moment, in bytes since boot or since the entity began. */
struct cost_counters {
    uint64_t refaulted_anon, refaulted_file;
    uint64_t swapped_in;
    uint64_t major_faults;   /* of a process, times the size of a page */
    uint64_t swapped;        /* of a process: bytes in swap now; not a counter */
    uint64_t stolen;         /* evicted by the kernel's reclaim, whoever has asked for it */
    uint64_t stolen_anon;    /* of the same, if kinds are counted */
    uint64_t stolen_file;    /* of the same, if kinds are counted */
    uint64_t stolen_unasked; /* of `stolen`, what surely nobody has asked for through memory.reclaim */
    uint64_t swapped_out;    /* by anybody */
    bool has_refaults, has_swapped_in, has_major_faults, has_swapped;
    bool has_stolen, has_stolen_kinds, has_swapped_out;
};

/* Parse the text of a file. Members of @ret that the file does not have are left alone. Return 0, or -EINVAL if the
 * text has none of them. */
int cost_parse_vmstat(const char *text, struct cost_counters *ret);
int cost_parse_memory_stat(const char *text, struct cost_counters *ret);
int cost_parse_stat(const char *text, struct cost_counters *ret);
int cost_parse_status(const char *text, struct cost_counters *ret);

/*
 * Read the counters of an entity. @root is the directory above /proc and /sys: "", except in tests. Return 0, or
 * -ENOENT or -ESRCH if the entity is gone.
 */
int cost_read_system(const char *root, struct cost_counters *ret, struct error_text *error);
int cost_read_cgroup(const char *root, const char *cgroup, struct cost_counters *ret, struct error_text *error);
int cost_read_process(const char *root, pid_t pid, struct cost_counters *ret, struct error_text *error);

/* Remembers the last counters of an entity. All members are 0 at the start. */
struct cost {
    struct cost_counters last;
    bool seen;
    uint64_t refaulted; /* bytes since the first call */
};

/* Bytes since the last call. */
struct cost_flow {
    uint64_t refaulted_anon, refaulted_file; /* whoever had evicted them */
    uint64_t evicted_anon, evicted_file;     /* by the kernel and not by us; 0 where the kernel does not tell */
};

/*
 * What has happened since the last call, while the library reclaimed @reclaimed bytes. All is 0 at the first call, and
 * if counters have decreased.
 *
 * process_madvise() and the kernel's DAMON swap pages out without counting them as stolen. What the library asks for
 * through memory.reclaim is counted, in older kernels as direct reclaim. It is among @reclaimed, so as much is taken
 * off where it may have been counted: at worst some of what the kernel evicted is overlooked.
 */
struct cost_flow cost_update(struct cost *cost, const struct cost_counters *now, uint64_t reclaimed);

#endif
