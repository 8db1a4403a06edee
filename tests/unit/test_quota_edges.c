/* SPDX-License-Identifier: MIT */
/* Quotas at their edges: long time limits, goals far from where they should be, windows that nobody looked at. */
#include <errno.h>
#include <stddef.h>

#include "engine/quota.h"
#include "scripted.h"

static struct drcl_quota quota;

static void limits(struct damon_reclaim_quota l)
{
    memset(&quota, 0, sizeof(quota));
    drcl_quota_set(&quota, &l, PAGE);
}

/* A limit of time is worth what was reclaimed in that time before, however long it is. */
TEST_CASES(test_worth_of_time, 8)
{
    static const uint64_t limits_ms[] = {10, 1000, 4294, 4295, 10000, 60000, 600000, 3600000};
    uint64_t ms = limits_ms[_i], bytes_per_ms = 4 * MIB;

    limits((struct damon_reclaim_quota){.ms = ms, .reset_interval_ms = 2 * ms});
    ck_assert_int_eq(drcl_quota_begin(&quota, 0, false, 0, false), true);
    drcl_quota_charge(&quota, ms * bytes_per_ms, ms * bytes_per_ms, ms * bytes_per_ms, ms * MS);
    ck_assert_int_eq(drcl_quota_begin(&quota, 2 * ms * MS, false, 0, false), true);
    ck_assert_uint_eq(quota.effective, ms * bytes_per_ms);
}

/* A goal that is exceeded by s takes the limit down to 2 - s of what it was, whatever that was. */
TEST_CASES(test_exceeded_goal, 11)
{
    static const struct {
        uint64_t score, size, expected;
    } cases[] = {
        {15000, UINT64_MAX - 1, UINT64_MAX / 2},
        {18446, UINT64_MAX - 1, UINT64_C(2866624029054464321)},
        {19000, UINT64_MAX - 1, UINT64_C(1844674407370955162)},
        {19999, UINT64_MAX - 1, UINT64_C(1844674407370956)},
        {20000, UINT64_MAX - 1, PAGE},
        {19000, 100 * PAGE, 10 * PAGE},
        {19999, 100 * PAGE, PAGE},
        {10001, 10000 * PAGE, 9999 * PAGE},
        {10000, 10000 * PAGE, 10000 * PAGE},
        {0, UINT64_MAX - 1, UINT64_MAX - 1},
        {5000, UINT64_MAX / 2 + 2, UINT64_C(13835058055282163713)},
    };

    ck_assert_uint_eq(drcl_feedback(cases[_i].size, cases[_i].score, PAGE), cases[_i].expected);
}

/* Memory pressure is measured against the goal a window, however many windows have passed since it was read last. */
TEST_CASES(test_pressure_over_windows, 4)
{
    static const uint64_t steps[] = {1, 2, 5, 60};
    struct damon_reclaim_goal goal = {.metric = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US, .target = 1000};
    uint64_t windows = steps[_i];

    limits((struct damon_reclaim_quota){.sz = 1024 * MIB, .reset_interval_ms = 1000, .goals = &goal, .nr_goals = 1});
    drcl_quota_begin(&quota, 0, true, 0, true);
    ck_assert_uint_eq(quota.goal_size, 2 * PAGE); /* nothing is known yet: no pressure */
    for (uint64_t n = 1; n <= 4; n++)             /* half of what is aimed at: half as much again each time */
        drcl_quota_begin(&quota, n * windows * SEC, true, n * windows * 500, true);
    ck_assert_uint_eq(quota.goal_size, 2 * PAGE * 81 / 16);
}

/* A counter that begins anew is no pressure without bound. */
TEST(test_pressure_begins_anew)
{
    struct damon_reclaim_goal goal = {.metric = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US, .target = 1000};

    limits((struct damon_reclaim_quota){.sz = 1024 * MIB, .reset_interval_ms = 1000, .goals = &goal, .nr_goals = 1});
    drcl_quota_begin(&quota, 0, true, 1000000, true);
    drcl_quota_begin(&quota, SEC, true, 10, true);
    ck_assert_uint_eq(quota.goal_size, 4 * PAGE);
}

/* The greatest limit of time is no limit, and no deadline that has passed. */
TEST(test_deadline)
{
    limits((struct damon_reclaim_quota){.ms = UINT64_MAX, .reset_interval_ms = 1000});
    ck_assert_int_eq(drcl_quota_begin(&quota, 5 * SEC, false, 0, true), true);
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 5 * SEC), UINT64_MAX);
}

/* Members of a scheme have the bounds of the parameters. */
TEST_CASES(test_bounds_of_a_scheme, 5)
{
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {
        {"scheme.quota.ms", offsetof(struct damon_reclaim_scheme, quota.ms)},
        {"scheme.quota.reset_interval_ms", offsetof(struct damon_reclaim_scheme, quota.reset_interval_ms)},
        {"scheme.watermarks.interval_us", offsetof(struct damon_reclaim_scheme, watermarks.interval_us)},
        {"scheme.min_age_us", offsetof(struct damon_reclaim_scheme, min_age_us)},
        {"scheme.apply_interval_us", offsetof(struct damon_reclaim_scheme, apply_interval_us)},
    };
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme), .action = DAMON_RECLAIM_ACTION_STAT};
    static struct scripted s;
    struct damon_reclaim *ctx;
    uint64_t huge = UINT64_MAX;
    uint32_t id;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    memcpy((char *)&scheme + members[_i].offset, &huge, sizeof(huge));
    expect_error(ctx, damon_reclaim_add_scheme(ctx, &scheme, &id), -ERANGE, members[_i].name);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
