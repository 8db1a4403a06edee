/* SPDX-License-Identifier: MIT */
/* What everything stands on: arrays that grow, and the time between two readings of a clock. */
#include <errno.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/grow.h"
#include "counted.h"
#include "suite.h"

TEST(arrays_grow)
{
    struct counted counted = {0};
    struct damon_reclaim_allocator allocator = counted_allocator(&counted);
    struct damon_reclaim_config config = {.size = sizeof(config), .allocator = &allocator};
    uint32_t *numbers = NULL;
    struct drcl_env env;
    size_t capacity = 0, before;

    ck_assert_int_eq(drcl_env_init(&env, &config), 0);
    before = counted.nr_calls;
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(drcl_grow(&env, &numbers, &capacity, i + 1, sizeof(*numbers)), 0);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        expect_eq(numbers[i], i);
    ck_assert_uint_lt(counted.nr_calls - before, 12); /* it doubles */
    ck_assert_int_eq(drcl_grow(&env, &numbers, &capacity, 10 * capacity, sizeof(*numbers)), 0);
    ck_assert_uint_eq(capacity, 10 * 1024);

    before = counted.nr_calls;
    ck_assert_int_eq(drcl_grow(&env, &numbers, &capacity, capacity, sizeof(*numbers)), 0);
    ck_assert_uint_eq(counted.nr_calls, before);

    ck_assert_int_eq(drcl_grow_exactly(&env, &numbers, &capacity, capacity + 1, sizeof(*numbers)), 0);
    ck_assert_uint_eq(capacity, 10 * 1024 + 1);

    /* Without memory, and where the size in bytes is no number, nothing changes. */
    counted.fail_at = counted.nr_calls + 1;
    ck_assert_int_eq(drcl_grow(&env, &numbers, &capacity, capacity + 1, sizeof(*numbers)), -ENOMEM);
    ck_assert_int_eq(drcl_grow(&env, &numbers, &capacity, SIZE_MAX / 2, sizeof(*numbers)), -ENOMEM);
    ck_assert_uint_eq(capacity, 10 * 1024 + 1);
    ck_assert_uint_eq(numbers[999], 999);

    drcl_free(&env, numbers);
    drcl_env_fini(&env);
    ck_assert_uint_eq(counted.nr_blocks, 0);
}

TEST(time_between_readings)
{
    ck_assert_uint_eq(drcl_elapsed(5, 12), 7);
    ck_assert_uint_eq(drcl_elapsed(5, 5), 0);
    ck_assert_uint_eq(drcl_elapsed(12, 5), 0);
    ck_assert_uint_eq(drcl_elapsed(0, 12), 0); /* the first reading failed */
    ck_assert_uint_eq(drcl_elapsed(5, 0), 0);  /* the second one did */
}
