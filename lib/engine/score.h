/* SPDX-License-Identifier: MIT */
/* The priority of a region: how cold it is, by its accesses and its age. Pure. */
#ifndef DRCL_SCORE_H
#define DRCL_SCORE_H

#include "damon_reclaim/damon_reclaim.h"

#define DRCL_MAX_SCORE 99u

/* Ages count in the score by levels: level n begins at 2^(n - 1) seconds. 20 levels reach six days. */
#define DRCL_AGE_LEVELS 20u

/* Scores of regions under a quota's weights and the monitoring intervals. */
struct drcl_scorer {
    uint32_t weight_nr_accesses;
    uint32_t weight_age;
    uint32_t samples;                        /* in an aggregation */
    uint32_t level_age[DRCL_AGE_LEVELS + 1]; /* the least age of each level, in aggregations */
    uint8_t level_of_bits[33];               /* the level of the least age with so many bits */
    uint8_t idle_score[DRCL_AGE_LEVELS + 1]; /* cold score of a region without access, by level */
};

void drcl_scorer_init(struct drcl_scorer *scorer, const struct damon_reclaim_quota *limits, uint64_t aggr_us,
                      uint32_t samples);
/* 0 (hot) to DRCL_MAX_SCORE (cold). */
uint32_t drcl_cold_score(const struct drcl_scorer *scorer, uint32_t nr_accesses, uint32_t age);

#endif
