/* SPDX-License-Identifier: MIT */
/*
 * The simulated memory: what the access model says, less what was reclaimed, on a virtual clock.
 *
 * A page is absent until its first access, then present; reclaimed, it is absent until its next access, which is a
 * refault. Only what was reclaimed is stored. Refaults are noticed late, when the page is looked at or counted: the
 * model still knows when they happened.
 */
#ifndef DRCL_SIM_MEMORY_H
#define DRCL_SIM_MEMORY_H

#include "backends/sim/delays.h"
#include "backends/sim/model.h"
#include "backends/sim/spans.h"

/* Address of the first page: regions follow each other from here without a gap, each from a page of its own. */
#define DRCL_SIM_BASE (UINT64_C(4) << 30)

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
    struct drcl_spans gone;    /* reclaimed at that time, and not known to be back */
    struct drcl_spans marked;  /* to be watched since that time */
    struct drcl_delays delays; /* of the refaults that were noticed */
    uint64_t now;              /* virtual time, ns */
    uint64_t nr_reclaimed;     /* pages, counted each time */
    uint64_t reclaim_ns;       /* what that cost, with the looking */
    uint64_t *touched;         /* pages of each region that were ever touched, when they were last counted */
    uint64_t used;             /* pages that were there then */
    uint64_t reclaimed_before; /* nr_reclaimed then */
    uint64_t next_count;       /* when they may be counted again */
};

int drcl_memory_init(struct drcl_env *env, struct drcl_memory *m, const struct drcl_workload *workload,
                     const struct drcl_memory_config *config); /* 0 or -ENOMEM */
void drcl_memory_fini(struct drcl_memory *m);

/* Notes that the reclaimed pages [start, end) are back: all were accessed since @since, when they were reclaimed. 0 or
 * -ENOMEM. */
int drcl_memory_refault(struct drcl_memory *m, uint64_t start, uint64_t end, uint64_t since);

/*
 * Notices every refault so far, and adds to *answers how many answers of the model that took: its cost grows with the
 * reclaimed memory that is accessed at random. 0 or -ENOMEM.
 */
int drcl_memory_settle(struct drcl_memory *m, uint64_t *answers);

/* Free memory of the machine in permille. What was reclaimed is known at once; what was accessed is counted when that
 * is cheap. 0 or -ENOMEM. */
int drcl_memory_free_permille(struct drcl_memory *m, uint32_t *ret);

/* The attempt to reclaim: see struct damon_reclaim_backend_ops. It acts on the memory as it is when it begins; the time
 * it takes passes at its end. */
int drcl_memory_reclaim(struct drcl_memory *m, const struct damon_reclaim_request *request,
                        struct damon_reclaim_result *result);

/* The truth. 0 or -ENOMEM. */
int drcl_memory_report(struct drcl_memory *m, uint64_t min_age_us, struct damon_reclaim_sim_report *ret);

#endif
