/* SPDX-License-Identifier: MIT */
/* The random source of an engine: a counter that is mixed, so that draws do not wait for each other and a seed gives
 * the same run on every platform. */
#ifndef DRCL_RANDOM_H
#define DRCL_RANDOM_H

#include <stdint.h>

struct drcl_random {
    uint64_t counter;
};

/* Mixes a number into 64 bits of which each depends on each bit of it. */
static inline uint64_t drcl_mix64(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

static inline uint64_t drcl_random64(struct drcl_random *r)
{
    r->counter += UINT64_C(0x9e3779b97f4a7c15);
    return drcl_mix64(r->counter);
}

/* A number in [0, n) from the random bits @bits; @n is not 0. */
static inline uint64_t drcl_scale(uint64_t bits, uint64_t n)
{
    if (n <= UINT32_MAX)
        return ((bits >> 32) * n) >> 32;
    /* The product of two 64-bit numbers in halves; only its upper half is wanted. */
    uint64_t mid = ((bits & UINT32_MAX) * (n & UINT32_MAX)) >> 32;

    mid += (bits >> 32) * (n & UINT32_MAX);
    return (bits >> 32) * (n >> 32) + (mid >> 32) + ((((mid & UINT32_MAX) + (bits & UINT32_MAX) * (n >> 32))) >> 32);
}

#endif
