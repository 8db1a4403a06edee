/* SPDX-License-Identifier: MIT */
/*
 * The access model: when the pages of a workload are touched.
 *
 * No access is ever enumerated or stored. Each is a pure function of the seed, the pattern, the page and the time, in
 * integer arithmetic, so any question costs about the same however much memory and however many accesses there are:
 *
 * - A sequential pattern's access number i, counted in its phase, is at the time i x period and at the byte
 *   (i mod cycle) x stride of the region, where cycle is the number of strides in the region.
 * - A random pattern touches each page by a Poisson process. Time is cut into slots in which a page is touched once on
 * average; how often it is in slot k, and when, comes from a hash of seed, pattern, page and k.
 *
 * Pages are numbered through all regions, without gaps. Times are virtual, in ns; a window [t0, t1) includes t0.
 */
#ifndef DRCL_SIM_MODEL_H
#define DRCL_SIM_MODEL_H

#include "backends/sim/workload.h"

#define DRCL_SIM_PAGE     UINT64_C(4096)
#define DRCL_SIM_MAX_RATE UINT64_C(10000000000) /* accesses a second: the clock counts in ns */

/* A pattern of a phase, ready for arithmetic. */
struct drcl_stream {
    uint64_t start, end; /* of the phase */
    bool random;
    uint64_t period; /* sequential: ns between accesses, in 1/65536 */
    uint64_t stride; /* sequential: bytes */
    uint64_t cycle;  /* sequential: accesses until it begins anew */
    uint64_t slot;   /* random: ns in which a page is touched once on average */
    uint64_t key;    /* random: what sets this pattern's hashes apart */
};

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

#define DRCL_WINDOW_STREAMS 4

/* What one stream does in a window. */
struct drcl_window_stream {
    const struct drcl_stream *stream;
    uint64_t from, until; /* the window, in ns since the phase began */
    uint64_t count;       /* sequential: accesses in the window */
    uint64_t residue;     /* sequential: place in the cycle of the first of them; random: slot of `from` */
    uint64_t page_start[2], page_end[2]; /* sequential, stride up to a page: pages touched, from the region's first */
};

/* A question asked of many pages of one region: are they touched in [t0, t1)? */
struct drcl_window {
    const struct drcl_model *model;
    const struct drcl_model_region *region;
    uint64_t t0, t1;
    uint32_t first, end;                                  /* streams that run in the window, of the region's */
    struct drcl_window_stream cache[DRCL_WINDOW_STREAMS]; /* what the first of them do */
};

/* Poses the question. It costs nothing when it is the one posed already; a window begins zeroed. */
void drcl_window_set(struct drcl_window *window, const struct drcl_model *model, uint32_t region, uint64_t t0,
                     uint64_t t1);

/* Whether @page of the window's region is touched in the window. The answer holds for at least *ret_run pages from
 * there. */
bool drcl_window_touched(const struct drcl_window *window, uint64_t page, uint64_t *ret_run);

/* The time of the first access to @page in [t0, t1), or @t1 if there is none. */
uint64_t drcl_model_first_access(const struct drcl_model *model, uint64_t page, uint64_t t0, uint64_t t1);

#endif
