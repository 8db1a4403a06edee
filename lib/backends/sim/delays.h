/* SPDX-License-Identifier: MIT */
/*
 * How long after being reclaimed pages were accessed again: a histogram that answers exactly how many were within a
 * time that is a multiple of 100 ms up to 204.8 s, of 200 ms up to twice that, and so on; within another time, as for
 * the next shorter of these.
 */
#ifndef DRCL_SIM_DELAYS_H
#define DRCL_SIM_DELAYS_H

#include <stdint.h>

#define DRCL_DELAY_STEP_NS UINT64_C(100000000)
#define DRCL_DELAY_LINEAR  2048u /* steps of the first width */
#define DRCL_DELAY_TIERS   10u   /* that follow, each of half as many steps of twice the width; up to 58 hours */
#define DRCL_DELAY_BUCKETS (DRCL_DELAY_LINEAR + DRCL_DELAY_TIERS * DRCL_DELAY_LINEAR / 2)

struct drcl_delays {
    uint64_t total;
    uint64_t buckets[DRCL_DELAY_BUCKETS];
};

/* The bucket of a delay. The last one takes all that are longer. */
static inline uint32_t drcl_delays_bucket(uint64_t ns)
{
    uint64_t steps = ns / DRCL_DELAY_STEP_NS;
    uint32_t tier = 0;

    while (steps >> tier >= DRCL_DELAY_LINEAR)
        tier++;
    if (tier > DRCL_DELAY_TIERS)
        return DRCL_DELAY_BUCKETS - 1;
    return tier * DRCL_DELAY_LINEAR / 2 + (uint32_t)(steps >> tier);
}

static inline void drcl_delays_add(struct drcl_delays *delays, uint64_t ns)
{
    delays->buckets[drcl_delays_bucket(ns)]++;
    delays->total++;
}

/* How many delays are shorter than @ns. */
static inline uint64_t drcl_delays_within(const struct drcl_delays *delays, uint64_t ns)
{
    uint64_t n = 0;

    for (uint32_t i = 0, end = drcl_delays_bucket(ns); i < end; i++)
        n += delays->buckets[i];
    return n;
}

#endif
