/* SPDX-License-Identifier: MIT */
/* Quotas: how much a scheme may do in the running window, and how cold memory must be for it. Pure: time is an
 * argument. */
#ifndef DRCL_QUOTA_H
#define DRCL_QUOTA_H

#include "damon_reclaim/damon_reclaim.h"

#include "engine/score.h"

#define DRCL_MAX_GOALS 8
#define DRCL_NO_LIMIT  UINT64_MAX

struct drcl_quota {
    struct damon_reclaim_quota limits; /* without `goals`, which are copied below */
    struct damon_reclaim_goal goals[DRCL_MAX_GOALS];
    uint64_t min_region_size; /* bytes; with less room than this a window is full */

    bool started; /* the first window has begun */
    bool changed; /* limits were set since the last round */
    uint64_t window_start_ns;
    uint64_t charged;   /* bytes, in this window */
    uint64_t spent_ns;  /* time in this window, and what earlier windows took beyond their budget */
    uint64_t budget_ns; /* time that a window may take */
    uint64_t effective; /* bytes that this window may take, or DRCL_NO_LIMIT */
    uint64_t
        cover; /* bytes of regions that this window gets through, of which the priorities are to choose the coldest */
    uint64_t exceeds; /* windows that were full */

    uint64_t total_charged; /* since the beginning */
    uint64_t total_covered;
    uint64_t total_ns;

    uint64_t goal_size;   /* what the goals allow, bytes, or DRCL_NO_LIMIT */
    uint64_t last_psi_us; /* pressure at the last evaluation */
    bool psi_known;

    uint32_t min_score; /* least score that is acted on in this round */
    uint64_t histogram[DRCL_MAX_SCORE + 1];

    bool resume; /* the last window stopped at this address of this target, where the next one goes on */
    uint32_t resume_target;
    uint64_t resume_addr;
};

/* Replaces the limits. Charges, statistics and measured speeds stay. */
void drcl_quota_set(struct drcl_quota *quota, const struct damon_reclaim_quota *limits, uint64_t min_region_size);

/*
 * Begins a round at time @now_ns: closes the window when it is over and opens the next one. @psi_us is the total of
 * `some` memory pressure, read only if @psi_valid. @by_time: the backend keeps to deadlines, so that a limit of
 * time needs no estimate of how many bytes fit into it. Returns whether the window has room.
 */
bool drcl_quota_begin(struct drcl_quota *quota, uint64_t now_ns, bool psi_valid, uint64_t psi_us, bool by_time);

/* Whether a limit is set at all. */
bool drcl_quota_limited(const struct drcl_quota *quota);
/* Whether the window is used up. */
bool drcl_quota_full(const struct drcl_quota *quota);
/* When the window that was begun has room: @now_ns, or the time at which the next one begins. */
uint64_t drcl_quota_next(const struct drcl_quota *quota, uint64_t now_ns);
/* Bytes that the window still has room for, and the time at which it must end (0: none). */
uint64_t drcl_quota_room(const struct drcl_quota *quota);
uint64_t drcl_quota_deadline(const struct drcl_quota *quota, uint64_t now_ns);
/* Charges an attempt, which covered @covered bytes of regions and took @ns. */
void drcl_quota_charge(struct drcl_quota *quota, uint64_t covered, uint64_t tried, uint64_t reclaimed, uint64_t ns);

/* Priorities: clear, add each region that matches, then find the least score that is acted on. */
void drcl_quota_clear_scores(struct drcl_quota *quota);
void drcl_quota_find_min_score(struct drcl_quota *quota);

/* The next value of what a feedback loop controls, as the tuner "consist" does: it changes in proportion to the
 * distance of the score from the goal of 10000. */
uint64_t drcl_feedback(uint64_t last, uint64_t score_bp, uint64_t least);

#endif
