/* SPDX-License-Identifier: MIT */
/* The names of the public enums: one table for each, which features, messages and files of the kernel are made from. */
#ifndef DRCL_NAMES_H
#define DRCL_NAMES_H

#include "damon_reclaim/damon_reclaim.h"

/* How many values an enum has. Tables that are indexed by it assert that they are as long. */
enum {
    DRCL_NR_ACTIONS = DAMON_RECLAIM_ACTION_STAT + 1,
    DRCL_NR_GOAL_METRICS = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US + 1,
    DRCL_NR_GOAL_TUNERS = DAMON_RECLAIM_TUNER_TEMPORAL + 1,
    DRCL_NR_EXCLUSION_TYPES = DAMON_RECLAIM_EXCLUDE_COMMAND + 1,
    DRCL_NR_STATES = DAMON_RECLAIM_STATE_ACTIVE + 1,
    DRCL_NR_REASONS = DAMON_RECLAIM_REASON_BACKEND + 1,
    DRCL_NR_LOG_LEVELS = DAMON_RECLAIM_LOG_DEBUG + 1,
};

/* Feature number @index of those that any build has whatever its backends are, "filter:anon" and the like; NULL past
 * the last. */
const char *drcl_common_feature(size_t index);

#endif
