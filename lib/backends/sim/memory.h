/* SPDX-License-Identifier: MIT */
/*
 * The simulated memory: the pages that the access model touches, without those that were reclaimed, on a virtual clock.
 *
 * A page is absent until its first access, and present from then on. A reclaimed page is absent until its next access,
 * which is a refault. Only the reclaimed pages are stored. Refaults are found late, when somebody looks at the page or
 * counts: the model knows when they happened.
 */
#ifndef DRCL_SIM_MEMORY_H
#define DRCL_SIM_MEMORY_H

#include "backends/sim/delays.h"
#include "backends/sim/model.h"
#include "backends/sim/spans.h"

/* Address of the first page: regions follow each other from here without a gap, each from a page of its own. */
#define DRCL_SIM_BASE (UINT64_C(4) << 30)

/* Pages that are accessed at random are looked at one by one. Where there are more of them than can be looked at, a
 * sample of so many stands for the rest. */
#define DRCL_SIM_SAMPLE UINT64_C(65536)

struct drcl_memory_config {
    uint64_t rate; /* accesses a second */
    uint64_t seed;
    uint64_t bytes;                            /* of the machine; 0: 5/4 of the workload's */
    uint64_t reclaim_ns, refault_ns, check_ns; /* costs, a page */
};

struct drcl_memory {
    struct drcl_env *env;
    struct drcl_memory_config config;
    struct drcl_model model;
    struct drcl_spans gone;    /* pages reclaimed at that time, of which no refault is known */
    struct drcl_spans marked;  /* pages marked at that time */
    struct drcl_delays delays; /* from reclaim to refault, of the known refaults */
    uint64_t now;              /* virtual time, ns */
    uint64_t nr_reclaimed;     /* pages; one that is reclaimed twice counts twice */
    uint64_t reclaim_ns;       /* time spent on that, and on looking at pages */
    uint64_t *touched;         /* pages of each region that were ever touched, at the last count */
    uint64_t used;             /* pages that were present at the last count */
    uint64_t reclaimed_before; /* nr_reclaimed at the last count */
    uint64_t next_count;       /* when they may be counted again */
    uint64_t settled;          /* page up to which counting has taken refaults; it goes on there, and around */
    uint64_t looks;            /* how often attempts may look at memory until the time moves on */
};

int drcl_memory_init(struct drcl_env *env, struct drcl_memory *m, const struct drcl_workload *workload,
                     const struct drcl_memory_config *config); /* 0 or -ENOMEM */
void drcl_memory_fini(struct drcl_memory *m);

/* Takes the refaults of the pages [start, end): they were reclaimed at @since, and all accessed after that. 0 or
 * -ENOMEM. */
int drcl_memory_refault(struct drcl_memory *m, uint64_t start, uint64_t end, uint64_t since);

/* Takes the refaults so far. That costs the more, the more reclaimed memory is accessed at random: after @most answers
 * of the model the rest is left for the next time. Adds to *answers how many it needed. 0 or -ENOMEM. */
int drcl_memory_settle(struct drcl_memory *m, uint64_t most, uint64_t *answers);

/* Of the pages [start, end), spread a sample over them: page number @i of DRCL_SIM_SAMPLE. What is true of n pages of
 * the sample is true of about drcl_memory_scale() pages. */
uint64_t drcl_memory_sample(uint64_t start, uint64_t end, uint64_t i);
uint64_t drcl_memory_scale(uint64_t start, uint64_t end, uint64_t n);

/* Free memory of the machine in permille. What was reclaimed counts at once; what was accessed is counted now and then.
 * 0 or -ENOMEM. */
int drcl_memory_free_permille(struct drcl_memory *m, uint32_t *ret);

#endif
