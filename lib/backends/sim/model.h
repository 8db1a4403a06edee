/* SPDX-License-Identifier: MIT */
/*
 * The access model: when the pages of a workload are touched.
 *
 * No access is enumerated or stored. Each follows from the seed, the pattern, the page and the time, in integer
 * arithmetic. So a question costs about the same whatever the amount of memory and the number of accesses:
 *
 * - A sequential pattern makes access number i of its phase at the time i * period. It hits byte (i mod cycle) * stride
 *   of the region, where cycle is the number of strides in the region.
 * - A random pattern touches each page by a Poisson process. Time is divided into slots in which a page is touched once
 *   on average. How often that is in slot k, and when, comes from a hash of seed, pattern, page and k.
 *
 * Pages are numbered through all regions, without gaps. Times are virtual, in ns; an interval [t0, t1) includes t0.
 */
#ifndef DRCL_SIM_MODEL_H
#define DRCL_SIM_MODEL_H

#include "backends/sim/stream.h"

struct drcl_model_region {
    uint64_t first_page, nr_pages;
    uint32_t first_stream, nr_streams; /* in the order of time */
    bool file;
};

struct drcl_model {
    struct drcl_model_region *regions;
    struct drcl_stream *streams;
    uint32_t nr_regions, nr_streams;
    uint64_t nr_pages;
    uint64_t end; /* of the last phase */
};

/* Makes a model of a workload in which @rate accesses happen a second (1 to DRCL_SIM_MAX_RATE). Returns 0 or -ENOMEM.
 */
int drcl_model_init(struct drcl_env *env, struct drcl_model *model, const struct drcl_workload *workload, uint64_t rate,
                    uint64_t seed);
void drcl_model_fini(struct drcl_env *env, struct drcl_model *model);

/* The number of the region that has @page, which must be one of the model's. */
uint32_t drcl_model_region(const struct drcl_model *model, uint64_t page);

#define DRCL_QUERY_STREAMS 4 /* few workloads have more patterns for a region in a phase */

/* A question asked of many pages of one region: are they touched in [t0, t1)? */
struct drcl_query {
    const struct drcl_model *model;
    const struct drcl_model_region *region;
    uint64_t t0, t1;
    uint32_t first, end;                                /* streams of the region that run in the interval */
    struct drcl_stream_query cache[DRCL_QUERY_STREAMS]; /* what the first of them do */
};

/* Sets the question. That costs nothing if it is the same as before. A query begins zeroed. */
void drcl_query_set(struct drcl_query *query, const struct drcl_model *model, uint32_t region, uint64_t t0,
                    uint64_t t1);

/* Whether @page, one of the query's region, is touched. The answer holds for at least *ret_run pages from there on. */
bool drcl_query_touched(const struct drcl_query *query, uint64_t page, uint64_t *ret_run);

/* The time of the first access to @page in [t0, t1), or @t1 if there is none. */
uint64_t drcl_model_first_access(const struct drcl_model *model, uint64_t page, uint64_t t0, uint64_t t1);

#endif
