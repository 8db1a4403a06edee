/* SPDX-License-Identifier: MIT */
#include "engine/score.h"

/* The level of an age: 1 + log2 of its seconds, 0 below one second. */
static uint32_t age_level(const struct drcl_scorer *scorer, uint32_t age)
{
    uint32_t bits = age ? 32u - (uint32_t)__builtin_clz(age) : 0;
    uint32_t level = scorer->level_of_bits[bits];

    while (level < DRCL_AGE_LEVELS && age >= scorer->level_age[level + 1])
        level++;
    return level;
}

/* The longer a region is in use, the hotter it is; the longer it is idle, the colder. */
static uint32_t score_at_level(const struct drcl_scorer *scorer, uint32_t nr_accesses, uint32_t level)
{
    uint32_t weights = scorer->weight_nr_accesses + scorer->weight_age;
    uint32_t frequency = nr_accesses * 100 / scorer->samples;
    uint32_t age = (frequency ? DRCL_AGE_LEVELS + level : DRCL_AGE_LEVELS - level) * 100 / (2 * DRCL_AGE_LEVELS);
    uint32_t hot;

    if (frequency > 100)
        frequency = 100;
    hot = scorer->weight_nr_accesses * frequency + scorer->weight_age * age;
    if (weights)
        hot /= weights;
    hot = hot * DRCL_MAX_SCORE / 100;
    return DRCL_MAX_SCORE - (hot < DRCL_MAX_SCORE ? hot : DRCL_MAX_SCORE);
}

void drcl_scorer_init(struct drcl_scorer *scorer, const struct damon_reclaim_quota *limits, uint64_t aggr_us,
                      uint32_t samples)
{
    /* Only the ratio of the weights matters, and small ones cannot overflow in score_at_level(). */
    scorer->weight_nr_accesses = limits->weight_nr_accesses;
    scorer->weight_age = limits->weight_age;
    while ((scorer->weight_nr_accesses | scorer->weight_age) >> 16) {
        scorer->weight_nr_accesses >>= 1;
        scorer->weight_age >>= 1;
    }
    scorer->samples = samples;
    for (uint32_t level = 0; level <= DRCL_AGE_LEVELS; level++) {
        uint64_t us = level ? (UINT64_C(1000000) << (level - 1)) : 0;
        uint64_t age = us / aggr_us + (us % aggr_us != 0);

        scorer->level_age[level] = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
        scorer->idle_score[level] = (uint8_t)score_at_level(scorer, 0, level);
    }
    for (uint32_t bits = 0; bits <= 32; bits++) {
        uint32_t least = bits ? UINT32_C(1) << (bits - 1) : 0, level = 0;

        while (level < DRCL_AGE_LEVELS && least >= scorer->level_age[level + 1])
            level++;
        scorer->level_of_bits[bits] = (uint8_t)level;
    }
}

uint32_t drcl_cold_score(const struct drcl_scorer *scorer, uint32_t nr_accesses, uint32_t age)
{
    uint32_t level = age_level(scorer, age);

    return nr_accesses ? score_at_level(scorer, nr_accesses, level) : scorer->idle_score[level];
}
