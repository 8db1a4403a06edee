/* SPDX-License-Identifier: MIT */
#include "engine/quota.h"

#include <string.h>

#include "base/arith.h"
#include "base/clock.h"

#define BP UINT64_C(10000) /* one, in basis points */

/* What one millisecond is worth before anything was measured, in regions of the least size: 4 GB/s with pages of 4 KiB,
 * so much that the estimate does not limit the first window. */
#define FIRST_REGIONS_PER_MS 1024u

/* The kernel's default of quota_reset_interval_ms. */
#define DEFAULT_RESET_INTERVAL_MS 1000u

void drcl_quota_set(struct drcl_quota *quota, const struct damon_reclaim_quota *limits, uint64_t min_region_size)
{
    quota->limits = *limits;
    quota->limits.goals = NULL;
    if (!quota->limits.reset_interval_ms)
        quota->limits.reset_interval_ms = DEFAULT_RESET_INTERVAL_MS;
    for (size_t i = 0; i < limits->nr_goals && i < DRCL_MAX_GOALS; i++)
        quota->goals[i] = limits->goals[i];
    quota->min_region_size = min_region_size;
    quota->budget_ns = drcl_mul(limits->ms, DRCL_NS_PER_MS);
    quota->changed = true;
    if (!limits->nr_goals)
        quota->goal_size = DRCL_NO_LIMIT;
    else if (quota->goal_size == DRCL_NO_LIMIT || !quota->goal_size)
        quota->goal_size = min_region_size;
    if (!drcl_quota_limited(quota))
        quota->effective = DRCL_NO_LIMIT;
}

bool drcl_quota_limited(const struct drcl_quota *quota)
{
    return quota->limits.ms || quota->limits.sz || quota->limits.nr_goals;
}

uint64_t drcl_feedback(uint64_t last, uint64_t score_bp, uint64_t least)
{
    uint64_t next;

    if (score_bp >= 2 * BP)
        return least;
    if (score_bp > BP)
        next = last - drcl_mul_div(last, score_bp - BP, BP);
    else /* DRCL_NO_LIMIT, one more, means something else */
        next = drcl_min(drcl_add(last, drcl_mul_div(last, BP - score_bp, BP)), DRCL_NO_LIMIT - 1);
    return drcl_max(next, least);
}

/* The greatest score of the goals. Memory pressure is what it grew by in a window, on average since the last time. */
static uint64_t goals_score(struct drcl_quota *quota, uint64_t windows, bool psi_valid, uint64_t psi_us)
{
    uint64_t best = 0;

    for (size_t i = 0; i < quota->limits.nr_goals; i++) {
        const struct damon_reclaim_goal *goal = &quota->goals[i];
        uint64_t current = goal->current;

        if (goal->metric == DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US)
            current = psi_valid && quota->psi_known && psi_us > quota->last_psi_us
                          ? (psi_us - quota->last_psi_us) / windows
                          : 0;
        best = drcl_max(best, drcl_mul_div(current, BP, goal->target));
    }
    if (psi_valid) {
        quota->last_psi_us = psi_us;
        quota->psi_known = true;
    }
    return best;
}

static void tune_by_goals(struct drcl_quota *quota, uint64_t windows, bool psi_valid, uint64_t psi_us)
{
    uint64_t score;

    if (!quota->limits.nr_goals) {
        quota->goal_size = DRCL_NO_LIMIT;
        return;
    }
    score = goals_score(quota, windows, psi_valid, psi_us);
    if (quota->limits.tuner == DAMON_RECLAIM_TUNER_TEMPORAL)
        quota->goal_size = score >= BP ? 0 : DRCL_NO_LIMIT;
    else
        quota->goal_size = drcl_feedback(quota->goal_size == DRCL_NO_LIMIT ? quota->min_region_size : quota->goal_size,
                                         score, quota->min_region_size);
}

/* How many bytes the time limit is worth, as @bytes have taken total_ns so far. */
static uint64_t worth(const struct drcl_quota *quota, uint64_t bytes)
{
    uint64_t ms = quota->limits.ms;

    if (!quota->total_ns)
        return drcl_mul(drcl_mul(ms, FIRST_REGIONS_PER_MS), quota->min_region_size);
    return drcl_max(drcl_mul_div(bytes, drcl_mul(ms, DRCL_NS_PER_MS), quota->total_ns), quota->min_region_size);
}

/* The smallest of the limits that are set, in bytes tried; and in bytes of regions, which may hold little to try. */
static void find_effective(struct drcl_quota *quota, bool by_time)
{
    uint64_t sized = quota->limits.sz ? quota->limits.sz : DRCL_NO_LIMIT;

    sized = drcl_min(sized, quota->goal_size);
    quota->effective = sized;
    quota->cover = sized;
    if (by_time && quota->total_charged && quota->total_covered > quota->total_charged && sized != DRCL_NO_LIMIT)
        quota->cover = drcl_mul_div(sized, quota->total_covered, quota->total_charged);
    if (!quota->limits.ms)
        return;
    if (by_time)
        quota->cover = drcl_min(quota->cover, worth(quota, quota->total_covered));
    else
        quota->effective = quota->cover = drcl_min(sized, worth(quota, quota->total_charged));
}

static void open_window(struct drcl_quota *quota, uint64_t windows, bool psi_valid, uint64_t psi_us, bool by_time)
{
    uint64_t budget = drcl_mul(windows, quota->budget_ns);

    /* Time beyond the budget is taken off the following windows, so that the average holds. */
    quota->spent_ns = quota->spent_ns > budget ? quota->spent_ns - budget : 0;
    quota->charged = 0;
    tune_by_goals(quota, windows, psi_valid, psi_us);
    find_effective(quota, by_time);
}

static uint64_t window_ns(const struct drcl_quota *quota)
{
    return drcl_mul(quota->limits.reset_interval_ms, DRCL_NS_PER_MS);
}

bool drcl_quota_begin(struct drcl_quota *quota, uint64_t now_ns, bool psi_valid, uint64_t psi_us, bool by_time)
{
    uint64_t length = window_ns(quota);

    if (!drcl_quota_limited(quota)) {
        quota->effective = quota->cover = DRCL_NO_LIMIT;
        quota->started = false;
        return true;
    }
    if (!quota->started) {
        quota->started = true;
        quota->window_start_ns = now_ns;
        quota->spent_ns = 0;
        open_window(quota, 1, psi_valid, psi_us, by_time);
    } else if (now_ns - quota->window_start_ns >= length) {
        uint64_t windows = length ? (now_ns - quota->window_start_ns) / length : 1;

        if (drcl_quota_full(quota))
            quota->exceeds++;
        /* Windows begin at multiples of their length even if a round is late, so that the limits hold for any period.
         */
        quota->window_start_ns += windows * length;
        open_window(quota, windows, psi_valid, psi_us, by_time);
    } else if (quota->changed) {
        find_effective(quota, by_time);
    }
    quota->changed = false;
    return !drcl_quota_full(quota);
}

bool drcl_quota_full(const struct drcl_quota *quota)
{
    if (!drcl_quota_limited(quota))
        return false;
    return drcl_quota_room(quota) < quota->min_region_size || (quota->limits.ms && quota->spent_ns >= quota->budget_ns);
}

uint64_t drcl_quota_next(const struct drcl_quota *quota, uint64_t now_ns)
{
    uint64_t length = window_ns(quota), elapsed = now_ns - quota->window_start_ns;

    return drcl_quota_full(quota) && elapsed < length ? now_ns + (length - elapsed) : now_ns;
}

uint64_t drcl_quota_room(const struct drcl_quota *quota)
{
    if (quota->effective == DRCL_NO_LIMIT)
        return DRCL_NO_LIMIT;
    return quota->charged < quota->effective ? quota->effective - quota->charged : 0;
}

uint64_t drcl_quota_deadline(const struct drcl_quota *quota, uint64_t now_ns)
{
    if (!quota->limits.ms)
        return 0;
    return drcl_add(now_ns, quota->spent_ns < quota->budget_ns ? quota->budget_ns - quota->spent_ns : 1);
}

void drcl_quota_charge(struct drcl_quota *quota, uint64_t covered, uint64_t tried, uint64_t reclaimed, uint64_t ns)
{
    uint64_t charge = tried;

    if (quota->limits.fail_charge_denom && reclaimed < tried)
        charge = drcl_add(
            reclaimed, drcl_mul_div(tried - reclaimed, quota->limits.fail_charge_num, quota->limits.fail_charge_denom));
    quota->charged = drcl_add(quota->charged, charge);
    quota->spent_ns = drcl_add(quota->spent_ns, ns);
    quota->total_charged = drcl_add(quota->total_charged, charge);
    quota->total_covered = drcl_add(quota->total_covered, covered);
    quota->total_ns = drcl_add(quota->total_ns, ns);
}

void drcl_quota_clear_scores(struct drcl_quota *quota)
{
    memset(quota->histogram, 0, sizeof(quota->histogram));
}

void drcl_quota_find_min_score(struct drcl_quota *quota)
{
    uint64_t sum = 0;
    uint32_t score = DRCL_MAX_SCORE;

    for (;; score--) {
        sum += quota->histogram[score];
        if (sum >= quota->cover || !score)
            break;
    }
    quota->min_score = score;
}
