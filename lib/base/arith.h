/* SPDX-License-Identifier: MIT */
/* Arithmetic on 64-bit numbers that does not wrap: what does not fit is the greatest number. */
#ifndef DRCL_ARITH_H
#define DRCL_ARITH_H

#include <stdint.h>

static inline uint64_t drcl_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t drcl_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t drcl_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t drcl_mul(uint64_t a, uint64_t b)
{
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* a / b, rounded up; b is not 0. */
static inline uint64_t drcl_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* a * b / c, exactly, rounded down; the product may have 128 bits. UINT64_MAX if the result does not fit, or c is 0. */
uint64_t drcl_mul_div(uint64_t a, uint64_t b, uint64_t c);

#endif
