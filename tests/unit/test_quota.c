/* SPDX-License-Identifier: MIT */
/* Quotas as functions of numbers: windows, limits by size and by time, goals, priorities. */
#include <stdio.h>

#include "engine/quota.h"
#include "scripted.h"

static struct drcl_quota quota;

static void limits(struct damon_reclaim_quota l)
{
    memset(&quota, 0, sizeof(quota));
    drcl_quota_set(&quota, &l, PAGE);
}

/* A round begins; whether it may try anything. */
static void expect_round(uint64_t ms, bool may_try)
{
    ck_assert_int_eq(drcl_quota_begin(&quota, ms * MS, false, 0, false), may_try);
}

/* The same with a backend that keeps deadlines. */
static void expect_timed_round(uint64_t ms, bool may_try)
{
    ck_assert_int_eq(drcl_quota_begin(&quota, ms * MS, false, 0, true), may_try);
}

/* An attempt on regions of @covered pages. */
static void charge(uint64_t covered, uint64_t tried, uint64_t reclaimed, uint64_t ns)
{
    drcl_quota_charge(&quota, covered * PAGE, tried * PAGE, reclaimed * PAGE, ns);
}

static void expect_room(uint64_t pages)
{
    ck_assert_uint_eq(drcl_quota_room(&quota), pages * PAGE);
}

static void expect_full(bool full)
{
    ck_assert_int_eq(drcl_quota_full(&quota), full);
}

static void expect_effective(uint64_t pages)
{
    ck_assert_uint_eq(quota.effective, pages * PAGE);
}

TEST(test_no_limit)
{
    limits((struct damon_reclaim_quota){.reset_interval_ms = 100});
    ck_assert_int_eq(drcl_quota_limited(&quota), false);
    for (uint64_t ms = 0; ms < 1000; ms += 70) {
        expect_round(ms, true);
        ck_assert_uint_eq(drcl_quota_room(&quota), DRCL_NO_LIMIT);
        ck_assert_uint_eq(quota.effective, DRCL_NO_LIMIT);
        ck_assert_uint_eq(drcl_quota_deadline(&quota, 5), 0);
        drcl_quota_charge(&quota, 1000 * MIB, 1000 * MIB, 1000 * MIB, 500 * MS);
        expect_full(false);
    }
    ck_assert_uint_eq(quota.exceeds, 0);
}

TEST(test_size_limit)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    expect_round(1000, true);
    expect_room(10);
    charge(4, 4, 0, MS);
    expect_room(6);
    expect_round(1050, true); /* the same window */
    expect_room(6);
    charge(5, 5, 5, MS);
    expect_full(false);
    drcl_quota_charge(&quota, 1, 1, 1, MS); /* less than a page is left: full */
    expect_full(true);
    expect_round(1099, false);
    ck_assert_uint_eq(quota.exceeds, 0);
    expect_round(1100, true); /* counted when the window is over */
    ck_assert_uint_eq(quota.exceeds, 1);
    expect_room(10);
    ck_assert_uint_eq(quota.charged, 0);
    charge(3, 3, 3, MS);
    expect_round(1200, true); /* not full: not counted */
    ck_assert_uint_eq(quota.exceeds, 1);
    charge(20, 20, 20, MS); /* beyond: no negative room */
    expect_room(0);
}

/* Windows keep their beat: rounds that come late change neither where a window begins nor how full it may get. */
TEST(test_windows)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    expect_round(1005, true);
    ck_assert_uint_eq(quota.window_start_ns, 1005 * MS);
    expect_round(1130, true);
    ck_assert_uint_eq(quota.window_start_ns, 1105 * MS);
    charge(10, 10, 10, MS);
    expect_round(1204, false);
    expect_round(1205, true);
    ck_assert_uint_eq(quota.window_start_ns, 1205 * MS);
    charge(10, 10, 10, MS);
    expect_round(1999, true); /* seven later: one was full, and the room is that of one */
    ck_assert_uint_eq(quota.window_start_ns, 1905 * MS);
    ck_assert_uint_eq(quota.exceeds, 2);
    expect_room(10);
}

/* A window of 0 ms means the default of a second. */
TEST(test_default_window)
{
    limits((struct damon_reclaim_quota){.sz = PAGE});
    expect_round(0, true);
    charge(1, 1, 1, MS);
    expect_round(999, false);
    expect_round(1000, true);
}

/* A time limit is a size: by what bytes have taken so far; before that, 1024 units a millisecond. */
TEST(test_time_limit)
{
    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 1000});
    expect_round(0, true);
    expect_effective(10240);
    charge(100, 100, 100, 5 * MS);
    expect_round(1000, true);
    expect_effective(200);
    charge(100, 100, 100, 5 * MS);
    charge(100, 100, 100, 2 * MS);
    expect_round(2000, true);
    expect_effective(250);
    /* So slow that less than a page fits: a page at least. */
    charge(0, 0, 0, 8 * MS);
    quota.total_ns = 1000000 * MS;
    expect_round(3000, true);
    expect_effective(1);
    /* The smaller of size and time counts. */
    limits((struct damon_reclaim_quota){.ms = 10, .sz = 50 * PAGE, .reset_interval_ms = 1000});
    expect_round(0, true);
    expect_effective(50);
    charge(10, 10, 10, 10 * MS);
    expect_round(1000, true);
    expect_effective(10);
}

/* Time that an attempt took too much is paid for by the windows that follow, so that the average holds. */
TEST(test_time_debt)
{
    uint64_t spent = 0;

    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 1000});
    expect_timed_round(0, true);
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 777), 777 + 10 * MS);
    charge(1, 1, 1, 4 * MS);
    expect_full(false);
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 777), 777 + 6 * MS);
    charge(1, 1, 1, 31 * MS); /* 25 ms over */
    expect_full(true);
    ck_assert_uint_gt(drcl_quota_deadline(&quota, 777), 777); /* a deadline, never "none" */
    expect_timed_round(1000, false);
    expect_timed_round(2000, false);
    expect_timed_round(3000, true);
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 0), 5 * MS);
    ck_assert_uint_eq(quota.exceeds, 3);
    /* Several windows at once pay as much as they would one by one. */
    charge(1, 1, 1, 45 * MS); /* 40 ms over */
    expect_timed_round(7000, false);
    expect_timed_round(8000, true);
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 0), 10 * MS);

    /* Whatever single attempts take, the average over many windows is at most the limit. */
    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 100});
    for (uint64_t round = 0, ms = 0; round < 10000; round++, ms += 5 + round % 90) {
        if (!drcl_quota_begin(&quota, ms * MS, false, 0, true))
            continue;
        charge(1, 1, 1, (round * 7919 % 40) * MS);
        spent += (round * 7919 % 40) * MS;
        expect(spent <= (ms / 100 + 1) * 10 * MS + 40 * MS);
    }
    ck_assert_uint_gt(spent, 400000 / 100 * 10 / 2 * MS); /* and it is made use of */
}

/* With a backend that keeps deadlines the size is not guessed from the time. */
TEST(test_by_time)
{
    limits((struct damon_reclaim_quota){.ms = 10, .sz = 500 * PAGE, .reset_interval_ms = 1000});
    expect_timed_round(0, true);
    expect_effective(500);
    /* 1000 pages of regions held 100 to be tried: the priorities cover ten times of what may be tried, by size ... */
    charge(1000, 100, 100, MS / 10);
    expect_timed_round(1000, true);
    expect_effective(500);
    ck_assert_uint_eq(quota.cover, 5000 * PAGE);
    /* ... and by time, as much as the time is enough for. */
    charge(1000, 100, 100, 99 * MS / 10);
    expect_timed_round(2000, true);
    expect_effective(500);
    ck_assert_uint_eq(quota.cover, 2000 * PAGE);
}

TEST(test_fail_charge)
{
    limits((struct damon_reclaim_quota){.sz = 100 * PAGE, .reset_interval_ms = 1000});
    expect_round(0, true);
    charge(10, 10, 0, 0);
    ck_assert_uint_eq(quota.charged, 10 * PAGE); /* by default in full */
    limits((struct damon_reclaim_quota){
        .sz = 100 * PAGE, .reset_interval_ms = 1000, .fail_charge_num = 1, .fail_charge_denom = 4});
    expect_round(0, true);
    charge(10, 10, 2, 0);
    ck_assert_uint_eq(quota.charged, 4 * PAGE);
    charge(10, 10, 10, 0);
    ck_assert_uint_eq(quota.charged, 14 * PAGE);
    limits((struct damon_reclaim_quota){.sz = 100 * PAGE, .reset_interval_ms = 1000, .fail_charge_denom = 4});
    expect_round(0, true);
    charge(10, 10, 0, 0);
    ck_assert_uint_eq(quota.charged, 0);
}

static void set_size(uint64_t pages)
{
    struct damon_reclaim_quota changed = {.sz = pages * PAGE, .reset_interval_ms = 100};

    drcl_quota_set(&quota, &changed, PAGE);
}

/* A change counts from the next round on, for the window that is running; its charge stays. */
TEST(test_change)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    expect_round(0, true);
    charge(6, 6, 6, 0);
    set_size(8);
    expect_round(10, true);
    expect_room(2);
    set_size(3);
    expect_round(20, false);
    set_size(0);
    expect_round(30, true);
    ck_assert_uint_eq(drcl_quota_room(&quota), DRCL_NO_LIMIT);
    set_size(10);
    expect_round(40, true); /* a new first window */
    expect_room(10);
}

TEST(test_feedback)
{
    /* last x (1 + (10000 - score) / 10000), rounded down */
    static const struct {
        uint64_t last, score, min, then;
    } cases[] = {
        {1000, 10000, 1, 1000}, {1000, 0, 1, 2000},  {1000, 5000, 1, 1500},
        {1000, 15000, 1, 500},  {1000, 19999, 1, 1}, {1000, 19999, 300, 300},
        {1000, 20000, 7, 7},    {1000, 25000, 7, 7}, {1000, UINT64_MAX, 7, 7},
        {0, 0, 7, 7},
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++)
        expect_eq(drcl_feedback(cases[i].last, cases[i].score, cases[i].min), cases[i].then);
    /* It does not grow past the end, nor through it. */
    ck_assert_uint_ge(drcl_feedback(UINT64_MAX - 1, 0, 1), UINT64_MAX - 1);
    ck_assert_uint_ge(drcl_feedback(UINT64_MAX / 2 + 5, 0, 1), UINT64_MAX - 1);
    ck_assert_uint_gt(drcl_feedback(UINT64_MAX / 2, 5000, 1), UINT64_MAX / 4 * 3 - UINT64_MAX / 100);
}

static struct damon_reclaim_goal goals[2];

static void window(uint64_t number)
{
    drcl_quota_begin(&quota, number * 1000 * MS, false, 0, false);
}

/* A goal of the metric USER_INPUT alone, with a limit of so many pages. */
static void user_goal(uint64_t target, uint64_t pages, enum damon_reclaim_goal_tuner tuner)
{
    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = target};
    limits((struct damon_reclaim_quota){.sz = pages * PAGE, .goals = goals, .nr_goals = 1, .tuner = tuner});
}

/* In window @number, with so much reported, so many pages may be tried. */
static void expect_window(uint64_t number, uint64_t current, uint64_t pages)
{
    quota.goals[0].current = current;
    window(number);
    expect_effective(pages);
}

TEST(test_goal_user_input)
{
    user_goal(200, 10, DAMON_RECLAIM_TUNER_CONSIST);
    /* Far from the goal the size doubles each window, up to the limit. */
    expect_window(0, 0, 2);
    expect_window(1, 0, 4);
    expect_window(2, 0, 8);
    expect_window(3, 0, 10);
    /* Past it: score 12500, a quarter less. The goal's own size is 16 pages now. */
    quota.goals[0].current = 250;
    window(4);
    ck_assert_uint_eq(quota.goal_size, 12 * PAGE);
    quota.goals[0].current = 200;
    window(5);
    ck_assert_uint_eq(quota.goal_size, 12 * PAGE);
    expect_window(6, 400, 1);
    /* Evaluated once a window. */
    quota.goals[0].current = 0;
    expect_round(6500, true);
    expect_effective(1);
}

/* The highest score of several counts. */
TEST(test_goals_several)
{
    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 100, .current = 50};
    goals[1] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 100, .current = 100};
    limits((struct damon_reclaim_quota){.goals = goals, .nr_goals = 2});
    window(0);
    ck_assert_uint_eq(quota.goal_size, PAGE);
    quota.goals[1].current = 75;
    window(1);
    ck_assert_uint_eq(quota.goal_size, PAGE + PAGE / 4);
}

/* Pressure counts by its growth since the last window. */
TEST(test_goal_pressure)
{
    static const struct {
        uint64_t ms;
        bool known;
        uint64_t us, pages;
    } rounds[] = {
        {0, true, 5000000, 2},    /* what was there before does not count */
        {500, true, 5000400, 2},  /* the same window */
        {1000, true, 5000500, 3}, /* 500 of 1000: half more */
        {2000, true, 5001500, 3}, /* 1000: as it is */
        {3000, true, 5001500, 6}, /* none: twice */
        {4000, false, 0, 12},     /* not known: none */
        {5000, true, 5009500, 1},
    };

    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US, .target = 1000};
    limits((struct damon_reclaim_quota){.goals = goals, .nr_goals = 1});
    for (size_t i = 0; i < NUMBER_OF(rounds); i++) {
        drcl_quota_begin(&quota, rounds[i].ms * MS, rounds[i].known, rounds[i].us, false);
        expect_effective(rounds[i].pages);
    }
}

/* "temporal": all until the goal is met, none then. */
TEST(test_goal_temporal)
{
    user_goal(100, 50, DAMON_RECLAIM_TUNER_TEMPORAL);
    expect_window(0, 0, 50);
    expect_window(1, 100, 0);
    expect_full(true);
    expect_window(2, 99, 50);
}

/* The walk from the coldest down to where the size is covered. */
TEST(test_min_score)
{
    static const struct {
        uint64_t bytes[4]; /* of the scores 99, 70, 50 and 49 */
        uint32_t min;
    } cases[] = {
        {{4 * PAGE, 5 * PAGE, PAGE, 100 * PAGE}, 50},
        {{4 * PAGE, 5 * PAGE, PAGE - 1, 100 * PAGE}, 49},
        {{4 * PAGE, 5 * PAGE, PAGE - 1, 0}, 0},
        {{10 * PAGE, 5 * PAGE, PAGE - 1, 0}, 99},
        {{0, 0, 0, 0}, 0},
    };

    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 1000});
    expect_round(0, true);
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        drcl_quota_clear_scores(&quota);
        quota.histogram[99] = cases[i].bytes[0];
        quota.histogram[70] = cases[i].bytes[1];
        quota.histogram[50] = cases[i].bytes[2];
        quota.histogram[49] = cases[i].bytes[3];
        drcl_quota_find_min_score(&quota);
        expect_eq(quota.min_score, cases[i].min);
    }
}

/* The formula as it is written, step by step. */
static uint32_t reference_score(uint32_t nr, uint32_t age, uint64_t aggr_us, uint32_t samples, uint32_t weight_nr,
                                uint32_t weight_age)
{
    uint64_t seconds = (uint64_t)age * aggr_us / 1000000, frequency = (uint64_t)nr * 100 / samples, hot;
    int level = 0;

    while (seconds) { /* log2, plus 1 */
        level++;
        seconds /= 2;
    }
    level = level > 20 ? 20 : level;
    if (frequency == 0)
        level = -level;
    hot = weight_nr * frequency + (uint64_t)weight_age * (uint64_t)((level + 20) * 100 / 40);
    if (weight_nr + weight_age)
        hot /= weight_nr + weight_age;
    hot = hot * 99 / 100;
    return 99 - (uint32_t)(hot > 99 ? 99 : hot);
}

TEST(test_cold_score)
{
    static const uint32_t ages[] = {0,      1,      9,       10,      11,      19,      20,      39,
                                    40,     79,     80,      100,     1279,    1280,    10000,   99999,
                                    655359, 655360, 1 << 23, 1 << 24, 5242879, 5242880, 1 << 28, INT32_MAX};
    static const uint64_t aggrs[] = {100000, 1000000, 5000, 33333, 10000000, 1};
    static const uint32_t weights[][2] = {{0, 1}, {1, 0}, {1, 1}, {3, 7}, {0, 0}};

    for (size_t a = 0; a < NUMBER_OF(aggrs); a++) {
        for (size_t w = 0; w < NUMBER_OF(weights); w++) {
            struct damon_reclaim_quota l = {.weight_nr_accesses = weights[w][0], .weight_age = weights[w][1]};
            struct drcl_scorer scorer;

            drcl_scorer_init(&scorer, &l, aggrs[a], 20);
            for (uint32_t nr = 0; nr <= 20; nr++)
                for (size_t i = 0; i < NUMBER_OF(ages); i++)
                    expect_eq(drcl_cold_score(&scorer, nr, ages[i]),
                              reference_score(nr, ages[i], aggrs[a], 20, weights[w][0], weights[w][1]));
        }
    }
}

/* Few accesses of many samples are a frequency of 0, and large weights mean the same as small ones. */
TEST(test_cold_score_edges)
{
    struct damon_reclaim_quota l = {.weight_nr_accesses = 3000000000u, .weight_age = 3000000000u};
    struct drcl_scorer scorer;
    uint32_t last = 0;

    drcl_scorer_init(&scorer, &l, 100000, 2000);
    ck_assert_uint_eq(drcl_cold_score(&scorer, 19, 100), reference_score(19, 100, 100000, 2000, 1, 1));
    ck_assert_uint_eq(drcl_cold_score(&scorer, 2000, 100), reference_score(2000, 100, 100000, 2000, 1, 1));
    ck_assert_uint_eq(drcl_cold_score(&scorer, 3000, 100), reference_score(2000, 100, 100000, 2000, 1, 1));
    /* Idle memory gets colder as it gets older, and the coldest there is has the highest score. */
    l = (struct damon_reclaim_quota){.weight_age = 1};
    drcl_scorer_init(&scorer, &l, 100000, 20);
    for (uint32_t age = 0; age < INT32_MAX / 2; age = age * 2 + 1) {
        expect(drcl_cold_score(&scorer, 0, age) >= last);
        last = drcl_cold_score(&scorer, 0, age);
    }
    ck_assert_uint_eq(last, 99);
}

/* Numbers near the end of 64 bits neither wrap nor divide by zero. */
TEST(test_overflow)
{
    goals[0] = (struct damon_reclaim_goal){.target = 1, .current = UINT64_MAX};
    limits((struct damon_reclaim_quota){.ms = UINT64_MAX, .sz = UINT64_MAX, .reset_interval_ms = UINT64_MAX});
    expect_round(0, true);
    ck_assert_uint_ge(quota.effective, UINT64_MAX - 1);
    drcl_quota_charge(&quota, UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2);
    expect_full(false);
    limits((struct damon_reclaim_quota){.ms = 1, .reset_interval_ms = 1});
    expect_round(0, true);
    drcl_quota_charge(&quota, UINT64_MAX / 4, UINT64_MAX / 4, 0, 1);
    expect_round(1, true);
    ck_assert_uint_ge(quota.effective, UINT64_MAX / 4);
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .goals = goals, .nr_goals = 1});
    expect_round(0, true);
    expect_effective(1);
    goals[0] = (struct damon_reclaim_goal){.target = UINT64_MAX, .current = UINT64_MAX / 2};
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .goals = goals, .nr_goals = 1});
    expect_round(0, true);
    expect_between(quota.effective, PAGE * 149 / 100, PAGE * 151 / 100);
    limits((struct damon_reclaim_quota){.ms = 1, .sz = 100 * PAGE});
    expect_round(0, true);
    for (int i = 0; i < 2; i++) /* sums that wrap would open the window again */
        drcl_quota_charge(&quota, UINT64_C(1) << 63, UINT64_C(1) << 63, 0, UINT64_C(1) << 63);
    expect_full(true);
    expect_room(0);
}
