/* SPDX-License-Identifier: MIT */
/* One pattern of one phase: its accesses in closed form. Pages count from the region's first, times from the phase's
 * start. */
#ifndef DRCL_SIM_STREAM_H
#define DRCL_SIM_STREAM_H

#include "backends/sim/workload.h"

#define DRCL_SIM_PAGE     UINT64_C(4096)
#define DRCL_SIM_MAX_RATE UINT64_C(10000000000) /* accesses a second: the clock counts in ns */

/* A pattern of a phase, ready for arithmetic. */
struct drcl_stream {
    uint64_t start, end; /* of the phase */
    bool random;
    uint64_t period; /* sequential: ns between accesses, in 1/65536 */
    uint64_t stride; /* sequential: bytes */
    uint64_t cycle;  /* sequential: accesses from one end of the region to the other */
    uint64_t slot;   /* random: ns in which a page is touched once on average */
    uint64_t key;    /* random: makes the hashes differ from those of other patterns */
};

/* What one stream does in the interval of a query. */
struct drcl_stream_query {
    const struct drcl_stream *stream;
    uint64_t from, until; /* the interval, in ns since the phase began */
    uint64_t count;       /* sequential: accesses in the interval */
    uint64_t residue;     /* sequential: place in the cycle of the first of them; random: slot of `from` */
    uint64_t page_start[2], page_end[2]; /* sequential, stride up to a page: pages touched, from the region's first */
};

/* Sets up @stream, whose start and end are set: its weight out of @total_weight of @rate accesses a second, on a region
 * of
 * @size bytes. @key is different for each stream. */
void drcl_stream_init(struct drcl_stream *stream, const struct drcl_workload_pattern *pattern, uint64_t size,
                      uint64_t total_weight, uint64_t rate, uint64_t key);

/* What the stream does in [t0, t1), which overlaps its phase. */
void drcl_stream_query_set(const struct drcl_stream *stream, uint64_t t0, uint64_t t1, struct drcl_stream_query *ret);

/* Whether the page is touched. The answer holds for at least *ret_run pages (UINT64_MAX: for all that follow). */
bool drcl_stream_touched(const struct drcl_stream_query *query, uint64_t page, uint64_t *ret_run);

/* The time since the phase's start of the first access to the page in the interval, or UINT64_MAX. */
uint64_t drcl_stream_first(const struct drcl_stream_query *query, uint64_t page);

#endif
