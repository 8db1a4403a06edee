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

static bool begin(uint64_t ms)
{
    return drcl_quota_begin(&quota, ms * MS, false, 0, false);
}

START_TEST(test_no_limit)
{
    limits((struct damon_reclaim_quota){.reset_interval_ms = 100});
    ck_assert(!drcl_quota_limited(&quota));
    for (uint64_t ms = 0; ms < 1000; ms += 70) {
        ck_assert(begin(ms));
        ck_assert(drcl_quota_room(&quota) == DRCL_NO_LIMIT);
        ck_assert(quota.effective == DRCL_NO_LIMIT);
        ck_assert_uint_eq(drcl_quota_deadline(&quota, 5), 0);
        drcl_quota_charge(&quota, 1000 * MIB, 1000 * MIB, 1000 * MIB, 500 * MS);
        ck_assert(!drcl_quota_full(&quota));
    }
    ck_assert_uint_eq(quota.exceeds, 0);
}
END_TEST

START_TEST(test_size_limit)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    ck_assert(begin(1000));
    ck_assert_uint_eq(drcl_quota_room(&quota), 10 * PAGE);
    drcl_quota_charge(&quota, 4 * PAGE, 4 * PAGE, 0, MS);
    ck_assert_uint_eq(drcl_quota_room(&quota), 6 * PAGE);
    ck_assert(begin(1050)); /* the same window */
    ck_assert_uint_eq(drcl_quota_room(&quota), 6 * PAGE);
    drcl_quota_charge(&quota, 5 * PAGE, 5 * PAGE, 5 * PAGE, MS);
    ck_assert(!drcl_quota_full(&quota));
    drcl_quota_charge(&quota, 1, 1, 1, MS); /* less than a page is left: full */
    ck_assert(drcl_quota_full(&quota));
    ck_assert(!begin(1099));
    ck_assert_uint_eq(quota.exceeds, 0);
    ck_assert(begin(1100)); /* counted when the window is over */
    ck_assert_uint_eq(quota.exceeds, 1);
    ck_assert_uint_eq(drcl_quota_room(&quota), 10 * PAGE);
    ck_assert_uint_eq(quota.charged, 0);
    drcl_quota_charge(&quota, 3 * PAGE, 3 * PAGE, 3 * PAGE, MS);
    ck_assert(begin(1200)); /* not full: not counted */
    ck_assert_uint_eq(quota.exceeds, 1);
    drcl_quota_charge(&quota, 20 * PAGE, 20 * PAGE, 20 * PAGE, MS); /* beyond: no negative room */
    ck_assert_uint_eq(drcl_quota_room(&quota), 0);
}
END_TEST

/* Windows keep their beat: rounds that come late change neither where a window begins nor how full it may get. */
START_TEST(test_windows)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    ck_assert(begin(1005));
    ck_assert_uint_eq(quota.window_start_ns, 1005 * MS);
    ck_assert(begin(1130));
    ck_assert_uint_eq(quota.window_start_ns, 1105 * MS);
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 10 * PAGE, MS);
    ck_assert(!begin(1204));
    ck_assert(begin(1205));
    ck_assert_uint_eq(quota.window_start_ns, 1205 * MS);
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 10 * PAGE, MS);
    ck_assert(begin(1999)); /* seven later: one was full, and the room is that of one */
    ck_assert_uint_eq(quota.window_start_ns, 1905 * MS);
    ck_assert_uint_eq(quota.exceeds, 2);
    ck_assert_uint_eq(drcl_quota_room(&quota), 10 * PAGE);
}
END_TEST

/* A window of 0 ms means the default of a second. */
START_TEST(test_default_window)
{
    limits((struct damon_reclaim_quota){.sz = PAGE});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, PAGE, PAGE, PAGE, MS);
    ck_assert(!begin(999));
    ck_assert(begin(1000));
}
END_TEST

/* A time limit is a size: by what bytes have taken so far; before that, 1024 units a millisecond. */
START_TEST(test_time_limit)
{
    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 1000});
    ck_assert(begin(0));
    ck_assert_uint_eq(quota.effective, 10 * 1024 * PAGE);
    drcl_quota_charge(&quota, 100 * PAGE, 100 * PAGE, 100 * PAGE, 5 * MS);
    ck_assert(begin(1000));
    ck_assert_uint_eq(quota.effective, 200 * PAGE);
    drcl_quota_charge(&quota, 100 * PAGE, 100 * PAGE, 100 * PAGE, 5 * MS);
    drcl_quota_charge(&quota, 100 * PAGE, 100 * PAGE, 100 * PAGE, 2 * MS);
    ck_assert(begin(2000));
    ck_assert_uint_eq(quota.effective, 300 * PAGE * 10 / 12);
    /* So slow that less than a page fits: a page at least. */
    drcl_quota_charge(&quota, 0, 0, 0, 8 * MS);
    quota.total_ns = 1000000 * MS;
    ck_assert(begin(3000));
    ck_assert_uint_eq(quota.effective, PAGE);
    /* The smaller of size and time counts. */
    limits((struct damon_reclaim_quota){.ms = 10, .sz = 50 * PAGE, .reset_interval_ms = 1000});
    ck_assert(begin(0));
    ck_assert_uint_eq(quota.effective, 50 * PAGE);
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 10 * PAGE, 10 * MS);
    ck_assert(begin(1000));
    ck_assert_uint_eq(quota.effective, 10 * PAGE);
}
END_TEST

/* Time that an attempt took too much is paid for by the windows that follow, so that the average holds. */
START_TEST(test_time_debt)
{
    uint64_t spent = 0;

    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 1000});
    ck_assert(drcl_quota_begin(&quota, 0, false, 0, true));
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 777), 777 + 10 * MS);
    drcl_quota_charge(&quota, PAGE, PAGE, PAGE, 4 * MS);
    ck_assert(!drcl_quota_full(&quota));
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 777), 777 + 6 * MS);
    drcl_quota_charge(&quota, PAGE, PAGE, PAGE, 31 * MS); /* 25 ms over */
    ck_assert(drcl_quota_full(&quota));
    ck_assert_uint_gt(drcl_quota_deadline(&quota, 777), 777); /* a deadline, never "none" */
    ck_assert(!drcl_quota_begin(&quota, 1000 * MS, false, 0, true));
    ck_assert(!drcl_quota_begin(&quota, 2000 * MS, false, 0, true));
    ck_assert(drcl_quota_begin(&quota, 3000 * MS, false, 0, true));
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 0), 5 * MS);
    ck_assert_uint_eq(quota.exceeds, 3);
    /* Several windows at once pay as much as they would one by one. */
    drcl_quota_charge(&quota, PAGE, PAGE, PAGE, 45 * MS); /* 40 ms over */
    ck_assert(!drcl_quota_begin(&quota, 7000 * MS, false, 0, true));
    ck_assert(drcl_quota_begin(&quota, 8000 * MS, false, 0, true));
    ck_assert_uint_eq(drcl_quota_deadline(&quota, 0), 10 * MS);

    /* Whatever single attempts take, the average over many windows is at most the limit. */
    limits((struct damon_reclaim_quota){.ms = 10, .reset_interval_ms = 100});
    for (uint64_t round = 0, ms = 0; round < 10000; round++, ms += 5 + round % 90) {
        if (!drcl_quota_begin(&quota, ms * MS, false, 0, true))
            continue;
        drcl_quota_charge(&quota, PAGE, PAGE, PAGE, (round * 7919 % 40) * MS);
        spent += (round * 7919 % 40) * MS;
        expect(spent <= (ms / 100 + 1) * 10 * MS + 40 * MS);
    }
    ck_assert_uint_gt(spent, 400000 / 100 * 10 / 2 * MS); /* and it is made use of */
}
END_TEST

/* With a backend that keeps deadlines the size is not guessed from the time. */
START_TEST(test_by_time)
{
    limits((struct damon_reclaim_quota){.ms = 10, .sz = 500 * PAGE, .reset_interval_ms = 1000});
    ck_assert(drcl_quota_begin(&quota, 0, false, 0, true));
    ck_assert_uint_eq(quota.effective, 500 * PAGE);
    /* 1000 pages of regions held 100 to be tried: the priorities cover ten times of what may be tried, by size ... */
    drcl_quota_charge(&quota, 1000 * PAGE, 100 * PAGE, 100 * PAGE, MS / 10);
    ck_assert(drcl_quota_begin(&quota, 1000 * MS, false, 0, true));
    ck_assert_uint_eq(quota.effective, 500 * PAGE);
    ck_assert_uint_eq(quota.cover, 5000 * PAGE);
    /* ... and by time, as much as the time is enough for. */
    drcl_quota_charge(&quota, 1000 * PAGE, 100 * PAGE, 100 * PAGE, 99 * MS / 10);
    ck_assert(drcl_quota_begin(&quota, 2000 * MS, false, 0, true));
    ck_assert_uint_eq(quota.effective, 500 * PAGE);
    ck_assert_uint_eq(quota.cover, 2000 * PAGE);
}
END_TEST

START_TEST(test_fail_charge)
{
    limits((struct damon_reclaim_quota){.sz = 100 * PAGE, .reset_interval_ms = 1000});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 0, 0);
    ck_assert_uint_eq(quota.charged, 10 * PAGE); /* by default in full */
    limits((struct damon_reclaim_quota){
        .sz = 100 * PAGE, .reset_interval_ms = 1000, .fail_charge_num = 1, .fail_charge_denom = 4});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 2 * PAGE, 0);
    ck_assert_uint_eq(quota.charged, 4 * PAGE);
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 10 * PAGE, 0);
    ck_assert_uint_eq(quota.charged, 14 * PAGE);
    limits((struct damon_reclaim_quota){.sz = 100 * PAGE, .reset_interval_ms = 1000, .fail_charge_denom = 4});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, 10 * PAGE, 10 * PAGE, 0, 0);
    ck_assert_uint_eq(quota.charged, 0);
}
END_TEST

/* A change counts from the next round on, for the window that is running; its charge stays. */
START_TEST(test_change)
{
    struct damon_reclaim_quota changed = {.sz = 8 * PAGE, .reset_interval_ms = 100};

    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 100});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, 6 * PAGE, 6 * PAGE, 6 * PAGE, 0);
    drcl_quota_set(&quota, &changed, PAGE);
    ck_assert(begin(10));
    ck_assert_uint_eq(drcl_quota_room(&quota), 2 * PAGE);
    changed.sz = 3 * PAGE;
    drcl_quota_set(&quota, &changed, PAGE);
    ck_assert(!begin(20));
    changed.sz = 0;
    drcl_quota_set(&quota, &changed, PAGE);
    ck_assert(begin(30));
    ck_assert(drcl_quota_room(&quota) == DRCL_NO_LIMIT);
    changed.sz = 10 * PAGE;
    drcl_quota_set(&quota, &changed, PAGE);
    ck_assert(begin(40)); /* a new first window */
    ck_assert_uint_eq(drcl_quota_room(&quota), 10 * PAGE);
}
END_TEST

START_TEST(test_feedback)
{
    /* last x (1 + (10000 - score) / 10000), rounded down */
    ck_assert_uint_eq(drcl_feedback(1000, 10000, 1), 1000);
    ck_assert_uint_eq(drcl_feedback(1000, 0, 1), 2000);
    ck_assert_uint_eq(drcl_feedback(1000, 5000, 1), 1500);
    ck_assert_uint_eq(drcl_feedback(1000, 15000, 1), 500);
    ck_assert_uint_eq(drcl_feedback(1000, 19999, 1), 1);
    ck_assert_uint_eq(drcl_feedback(1000, 19999, 300), 300);
    ck_assert_uint_eq(drcl_feedback(1000, 20000, 7), 7);
    ck_assert_uint_eq(drcl_feedback(1000, 25000, 7), 7);
    ck_assert_uint_eq(drcl_feedback(1000, UINT64_MAX, 7), 7);
    ck_assert_uint_eq(drcl_feedback(0, 0, 7), 7);
    /* It does not grow past the end, nor through it. */
    ck_assert_uint_ge(drcl_feedback(UINT64_MAX - 1, 0, 1), UINT64_MAX - 1);
    ck_assert_uint_ge(drcl_feedback(UINT64_MAX / 2 + 5, 0, 1), UINT64_MAX - 1);
    ck_assert_uint_gt(drcl_feedback(UINT64_MAX / 2, 5000, 1), UINT64_MAX / 4 * 3 - UINT64_MAX / 100);
}
END_TEST

static struct damon_reclaim_goal goals[2];

static void window(uint64_t number)
{
    drcl_quota_begin(&quota, number * 1000 * MS, false, 0, false);
}

START_TEST(test_goal_user_input)
{
    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 200};
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .goals = goals, .nr_goals = 1});
    /* Far from the goal it doubles each window until the size limit. */
    window(0);
    ck_assert_uint_eq(quota.effective, 2 * PAGE);
    window(1);
    ck_assert_uint_eq(quota.effective, 4 * PAGE);
    window(2);
    ck_assert_uint_eq(quota.effective, 8 * PAGE);
    window(3);
    ck_assert_uint_eq(quota.effective, 10 * PAGE);
    /* Past it: score 12500, a quarter less. The goal's own size is 16 pages now. */
    quota.goals[0].current = 250;
    window(4);
    ck_assert_uint_eq(quota.goal_size, 12 * PAGE);
    quota.goals[0].current = 200;
    window(5);
    ck_assert_uint_eq(quota.goal_size, 12 * PAGE);
    quota.goals[0].current = 400;
    window(6);
    ck_assert_uint_eq(quota.effective, PAGE);
    /* Evaluated once a window. */
    quota.goals[0].current = 0;
    drcl_quota_begin(&quota, 6500 * MS, false, 0, false);
    ck_assert_uint_eq(quota.effective, PAGE);
}
END_TEST

/* The highest score of several counts. */
START_TEST(test_goals_several)
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
END_TEST

/* Pressure counts by its growth since the last window. */
START_TEST(test_goal_pressure)
{
    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US, .target = 1000};
    limits((struct damon_reclaim_quota){.goals = goals, .nr_goals = 1});
    drcl_quota_begin(&quota, 0, true, 5000000, false); /* what was there before does not count */
    ck_assert_uint_eq(quota.effective, 2 * PAGE);
    drcl_quota_begin(&quota, 500 * MS, true, 5000400, false);
    ck_assert_uint_eq(quota.effective, 2 * PAGE);
    drcl_quota_begin(&quota, 1000 * MS, true, 5000500, false); /* 500 of 1000: half more */
    ck_assert_uint_eq(quota.effective, 3 * PAGE);
    drcl_quota_begin(&quota, 2000 * MS, true, 5001500, false); /* 1000: as it is */
    ck_assert_uint_eq(quota.effective, 3 * PAGE);
    drcl_quota_begin(&quota, 3000 * MS, true, 5001500, false); /* none: twice */
    ck_assert_uint_eq(quota.effective, 6 * PAGE);
    drcl_quota_begin(&quota, 4000 * MS, false, 0, false); /* not known: none */
    ck_assert_uint_eq(quota.effective, 12 * PAGE);
    drcl_quota_begin(&quota, 5000 * MS, true, 5009500, false);
    ck_assert_uint_eq(quota.effective, PAGE);
}
END_TEST

/* "temporal": all until the goal is met, none then. */
START_TEST(test_goal_temporal)
{
    goals[0] = (struct damon_reclaim_goal){.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 100};
    limits((struct damon_reclaim_quota){
        .sz = 50 * PAGE, .goals = goals, .nr_goals = 1, .tuner = DAMON_RECLAIM_TUNER_TEMPORAL});
    window(0);
    ck_assert_uint_eq(quota.effective, 50 * PAGE);
    quota.goals[0].current = 100;
    window(1);
    ck_assert_uint_eq(quota.effective, 0);
    ck_assert(drcl_quota_full(&quota));
    quota.goals[0].current = 99;
    window(2);
    ck_assert_uint_eq(quota.effective, 50 * PAGE);
}
END_TEST

/* The walk from the coldest down to where the size is covered. */
START_TEST(test_min_score)
{
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .reset_interval_ms = 1000});
    ck_assert(begin(0));
    drcl_quota_clear_scores(&quota);
    quota.histogram[99] = 4 * PAGE;
    quota.histogram[70] = 5 * PAGE;
    quota.histogram[50] = PAGE;
    quota.histogram[49] = 100 * PAGE;
    drcl_quota_find_min_score(&quota);
    ck_assert_uint_eq(quota.min_score, 50);
    quota.histogram[50] = PAGE - 1;
    drcl_quota_find_min_score(&quota);
    ck_assert_uint_eq(quota.min_score, 49);
    quota.histogram[49] = 0;
    drcl_quota_find_min_score(&quota);
    ck_assert_uint_eq(quota.min_score, 0);
    quota.histogram[99] = 10 * PAGE;
    drcl_quota_find_min_score(&quota);
    ck_assert_uint_eq(quota.min_score, 99);
    drcl_quota_clear_scores(&quota);
    drcl_quota_find_min_score(&quota);
    ck_assert_uint_eq(quota.min_score, 0);
}
END_TEST

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

START_TEST(test_cold_score)
{
    static const uint32_t ages[] = {0,      1,      9,       10,      11,      19,      20,      39,
                                    40,     79,     80,      100,     1279,    1280,    10000,   99999,
                                    655359, 655360, 1 << 23, 1 << 24, 5242879, 5242880, 1 << 28, INT32_MAX};
    static const uint64_t aggrs[] = {100000, 1000000, 5000, 33333, 10000000, 1};
    static const uint32_t weights[][2] = {{0, 1}, {1, 0}, {1, 1}, {3, 7}, {0, 0}};

    for (size_t a = 0; a < sizeof(aggrs) / sizeof(aggrs[0]); a++) {
        for (size_t w = 0; w < sizeof(weights) / sizeof(weights[0]); w++) {
            struct damon_reclaim_quota l = {.weight_nr_accesses = weights[w][0], .weight_age = weights[w][1]};
            struct drcl_scorer scorer;

            drcl_scorer_init(&scorer, &l, aggrs[a], 20);
            for (uint32_t nr = 0; nr <= 20; nr++)
                for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
                    expect_eq(drcl_cold_score(&scorer, nr, ages[i]),
                              reference_score(nr, ages[i], aggrs[a], 20, weights[w][0], weights[w][1]));
        }
    }
}
END_TEST

/* Few accesses of many samples are a frequency of 0, and large weights mean the same as small ones. */
START_TEST(test_cold_score_edges)
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
END_TEST

/* Numbers near the end of 64 bits neither wrap nor divide by zero. */
START_TEST(test_overflow)
{
    goals[0] = (struct damon_reclaim_goal){.target = 1, .current = UINT64_MAX};
    limits((struct damon_reclaim_quota){.ms = UINT64_MAX, .sz = UINT64_MAX, .reset_interval_ms = UINT64_MAX});
    ck_assert(begin(0));
    ck_assert_uint_ge(quota.effective, UINT64_MAX - 1);
    drcl_quota_charge(&quota, UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2);
    ck_assert(!drcl_quota_full(&quota));
    limits((struct damon_reclaim_quota){.ms = 1, .reset_interval_ms = 1});
    ck_assert(begin(0));
    drcl_quota_charge(&quota, UINT64_MAX / 4, UINT64_MAX / 4, 0, 1);
    ck_assert(begin(1));
    ck_assert_uint_ge(quota.effective, UINT64_MAX / 4);
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .goals = goals, .nr_goals = 1});
    ck_assert(begin(0));
    ck_assert_uint_eq(quota.effective, PAGE);
    goals[0] = (struct damon_reclaim_goal){.target = UINT64_MAX, .current = UINT64_MAX / 2};
    limits((struct damon_reclaim_quota){.sz = 10 * PAGE, .goals = goals, .nr_goals = 1});
    ck_assert(begin(0));
    ck_assert(quota.effective >= PAGE * 149 / 100 && quota.effective <= PAGE * 151 / 100);
    limits((struct damon_reclaim_quota){.ms = 1, .sz = 100 * PAGE});
    ck_assert(begin(0));
    for (int i = 0; i < 2; i++) /* sums that wrap would open the window again */
        drcl_quota_charge(&quota, UINT64_C(1) << 63, UINT64_C(1) << 63, 0, UINT64_C(1) << 63);
    ck_assert(drcl_quota_full(&quota));
    ck_assert_uint_eq(drcl_quota_room(&quota), 0);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_test(tc, test_no_limit);
    tcase_add_test(tc, test_size_limit);
    tcase_add_test(tc, test_windows);
    tcase_add_test(tc, test_default_window);
    tcase_add_test(tc, test_time_limit);
    tcase_add_test(tc, test_time_debt);
    tcase_add_test(tc, test_by_time);
    tcase_add_test(tc, test_fail_charge);
    tcase_add_test(tc, test_change);
    tcase_add_test(tc, test_feedback);
    tcase_add_test(tc, test_goal_user_input);
    tcase_add_test(tc, test_goals_several);
    tcase_add_test(tc, test_goal_pressure);
    tcase_add_test(tc, test_goal_temporal);
    tcase_add_test(tc, test_min_score);
    tcase_add_test(tc, test_cold_score);
    tcase_add_test(tc, test_cold_score_edges);
    tcase_add_test(tc, test_overflow);
}

int main(void)
{
    return scripted_run("quota", fill);
}
