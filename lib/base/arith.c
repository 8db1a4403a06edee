/* SPDX-License-Identifier: MIT */
#include "base/arith.h"

/* a * b as hi * 2^64 + lo, by halves of 32 bits: not every compiler has a type of 128 bits. */
static uint64_t wide_mul(uint64_t a, uint64_t b, uint64_t *ret_lo)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, mid = a1 * b0 + (low >> 32), mid2 = a0 * b1 + (uint32_t)mid;

    *ret_lo = mid2 << 32 | (uint32_t)low;
    return a1 * b1 + (mid >> 32) + (mid2 >> 32);
}

uint64_t drcl_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t lo, rest = wide_mul(a, b, &lo), quotient = 0;

    if (rest >= c) /* also when c is 0 */
        return UINT64_MAX;
    if (!rest)
        return lo / c;
    /* Long division, a bit of the low half at a time. */
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t carry = rest >> 63;

        rest = rest << 1 | (lo >> bit & 1);
        quotient <<= 1;
        if (carry || rest >= c) {
            rest -= c;
            quotient |= 1;
        }
    }
    return quotient;
}
