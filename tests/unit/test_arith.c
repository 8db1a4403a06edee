/* SPDX-License-Identifier: MIT */
/* Arithmetic that does not wrap, against the compiler's numbers of 128 bits: at random and at the edges. */
#include "base/arith.h"
#include "base/random.h"
#include "suite.h"

__extension__ typedef unsigned __int128 wide;

static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 3,
                                 9999,
                                 10000,
                                 UINT32_MAX - 1,
                                 UINT32_MAX,
                                 (uint64_t)UINT32_MAX + 1,
                                 UINT64_C(1) << 63,
                                 (UINT64_C(1) << 63) - 1,
                                 (UINT64_C(1) << 63) + 1,
                                 UINT64_MAX / 10000,
                                 UINT64_MAX - 1,
                                 UINT64_MAX};
#define NR_EDGES (sizeof(edges) / sizeof(edges[0]))

static void compare(uint64_t a, uint64_t b, uint64_t c)
{
    wide exact = c ? (wide)a * b / c : UINT64_MAX;
    uint64_t expected = exact > UINT64_MAX ? UINT64_MAX : (uint64_t)exact, got = drcl_mul_div(a, b, c);

    if (got != expected)
        ck_abort_msg("%llu * %llu / %llu: %llu instead of %llu", (unsigned long long)a, (unsigned long long)b,
                     (unsigned long long)c, (unsigned long long)got, (unsigned long long)expected);
}

TEST(test_mul_div_edges)
{
    for (size_t i = 0; i < NR_EDGES; i++)
        for (size_t j = 0; j < NR_EDGES; j++)
            for (size_t k = 0; k < NR_EDGES; k++)
                compare(edges[i], edges[j], edges[k]);
}

/* Numbers of every length. */
TEST(test_mul_div_random)
{
    struct drcl_random random = {.counter = 1};

    for (int n = 0; n < 300000; n++) {
        uint64_t lengths = drcl_random64(&random);

        compare(drcl_random64(&random) >> (lengths & 63), drcl_random64(&random) >> (lengths >> 8 & 63),
                drcl_random64(&random) >> (lengths >> 16 & 63));
    }
}

TEST(test_saturation)
{
    ck_assert_uint_eq(drcl_add(UINT64_MAX - 1, 1), UINT64_MAX);
    ck_assert_uint_eq(drcl_add(UINT64_MAX - 1, 2), UINT64_MAX);
    ck_assert_uint_eq(drcl_add(2, 3), 5);
    ck_assert_uint_eq(drcl_mul(UINT64_C(1) << 32, UINT64_C(1) << 32), UINT64_MAX);
    ck_assert_uint_eq(drcl_mul(UINT32_MAX, UINT32_MAX), UINT64_C(0xfffffffe00000001));
    ck_assert_uint_eq(drcl_mul(0, UINT64_MAX), 0);
}
