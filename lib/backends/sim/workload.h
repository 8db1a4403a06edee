/* SPDX-License-Identifier: MIT */
/*
 * Workloads: what a file in masim's format says, as it says it.
 *
 * Paragraphs are separated by blank lines; lines that begin with '#' are comments. The first paragraph lists regions,
 * "name, size[, file]" (the file "none", or none at all: anonymous memory). Each other paragraph is a phase: a name, a
 * duration in ms, and patterns, "region, randomness, stride, probability[, ro|wo|rw]". A phase without patterns is
 * idle.
 */
#ifndef DRCL_SIM_WORKLOAD_H
#define DRCL_SIM_WORKLOAD_H

#include "base/env.h"

#define DRCL_WORKLOAD_MAX_TEXT     (UINT64_C(16) << 20) /* bytes */
#define DRCL_WORKLOAD_MAX_REGIONS  4096u
#define DRCL_WORKLOAD_MAX_PHASES   16384u
#define DRCL_WORKLOAD_MAX_PATTERNS 262144u
#define DRCL_WORKLOAD_MAX_SIZE     (UINT64_C(1) << 46) /* bytes, of all regions */
#define DRCL_WORKLOAD_MAX_PHASE_MS UINT64_C(86400000)  /* a day */
#define DRCL_WORKLOAD_MAX_WEIGHT   UINT64_C(1000000000)

struct drcl_workload_region {
    const char *name; /* not NUL-terminated, in drcl_workload::text */
    size_t name_len;
    uint64_t size; /* bytes, not 0, not rounded */
    bool file;     /* of a file; else anonymous */
};

struct drcl_workload_pattern {
    uint32_t region;
    bool random;
    uint64_t stride; /* bytes; not 0 unless random */
    uint64_t weight; /* share of the phase's accesses */
};

struct drcl_workload_phase {
    uint64_t ms;
    uint32_t first_pattern, nr_patterns;
    uint64_t weight; /* of all its patterns; 0 only without patterns */
};

struct drcl_workload {
    char *text;
    struct drcl_workload_region *regions;
    struct drcl_workload_phase *phases;
    struct drcl_workload_pattern *patterns;
    uint32_t nr_regions, nr_phases, nr_patterns;
};

/*
 * Parses @len bytes of @text, which @name names in messages. Returns 0, -EINVAL with an error "name:line: what is
 * wrong", or -ENOMEM. The result is the caller's, for drcl_workload_free(), and does not refer to @text.
 */
int drcl_workload_parse(struct drcl_env *env, const char *text, size_t len, const char *name,
                        struct drcl_workload **ret);
void drcl_workload_free(struct drcl_env *env, struct drcl_workload *workload); /* NULL is fine */

#endif
