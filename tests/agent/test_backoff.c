/* SPDX-License-Identifier: MIT */
/* The back-off over series of windows: when it shrinks, where it stops, how long it takes to recover. */
#include "agent/backoff.h"
#include "scratch.h"
#include "suite.h"

static struct backoff b;
static uint64_t now;

static void begin(void)
{
    b = BACKOFF_INIT;
    now = SECOND;
    backoff_update(&b, &backoff_defaults, now, 0, &(struct cost_flow){0});
}

/* A window of 5 s, told in steps of a second, in which the kernel evicts as well. */
static void shared_window(uint64_t reclaimed, const struct cost_flow *all)
{
    const struct cost_flow flow = {.refaulted_anon = all->refaulted_anon / 5,
                                   .refaulted_file = all->refaulted_file / 5,
                                   .evicted_anon = all->evicted_anon / 5,
                                   .evicted_file = all->evicted_file / 5};

    for (int i = 0; i < 5; i++)
        backoff_update(&b, &backoff_defaults, now += SECOND, reclaimed / 5, &flow);
}

/* A window in which nobody but us reclaims. */
static void window(uint64_t reclaimed, uint64_t refaulted)
{
    const struct cost_flow flow = {.refaulted_anon = refaulted};

    shared_window(reclaimed, &flow);
}

TEST(test_within_limit)
{
    begin();
    for (int i = 0; i < 100; i++) {
        window(100 * MIB, 2 * MIB - 4096);
        ck_assert_uint_eq(b.factor, BACKOFF_FULL);
    }
    ck_assert_uint_eq(b.nr_breaches, 0);
}

TEST(test_shrinks_at_once)
{
    begin();
    window(100 * MIB, 3 * MIB); /* 3 %: 2/3 of it would do, but it shrinks to half at least */
    ck_assert_uint_eq(b.factor, 500);
    begin();
    window(100 * MIB, 10 * MIB); /* 10 %: a fifth */
    ck_assert_uint_eq(b.factor, 200);
    begin();
    window(100 * MIB, 100 * MIB); /* to an eighth at most */
    ck_assert_uint_eq(b.factor, 125);
}

TEST(test_within_the_window_nothing_changes)
{
    begin();
    ck_assert_int_eq(backoff_update(&b, &backoff_defaults, now + 4 * SECOND, 100 * MIB,
                                    &(struct cost_flow){.refaulted_anon = 100 * MIB}),
                     false);
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
    ck_assert_int_eq(backoff_update(&b, &backoff_defaults, now + 5 * SECOND, 0, &(struct cost_flow){0}), true);
    ck_assert_uint_lt(b.factor, BACKOFF_FULL);
}

TEST(test_floor)
{
    begin();
    for (int i = 0; i < 1000; i++)
        window(100 * MIB, 100 * MIB);
    ck_assert_uint_eq(b.factor, backoff_defaults.floor_permille);
}

TEST(test_little_evidence)
{
    begin();
    for (int i = 0; i < 100; i++)
        window(256 << 10, 250 << 10); /* nearly all of it, but less than the evidence that it takes */
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
}

TEST(test_refaults_without_reclaim)
{
    begin();
    for (int i = 0; i < 100; i++)
        window(0, 100 * MIB); /* the kernel's own reclaim */
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
}

/* We have reclaimed little of all that is out: our part of what comes back is as little. */
TEST(test_kernel_evicts_as_well)
{
    const struct cost_flow evicts = {.evicted_anon = 900 * MIB}, comes_back = {.refaulted_anon = 500 * MIB};

    begin();
    shared_window(100 * MIB, &evicts);
    shared_window(0, &comes_back);
    /* A tenth of it, 50 of our 100 MiB. */
    ck_assert_uint_eq(b.nr_breaches, 1);
    ck_assert_uint_ge(b.out, 45 * MIB);
    ck_assert_uint_le(b.out, 55 * MIB);
}

/* The kernel evicts a lot at once; two minutes later some of it comes back, while we reclaim. */
TEST(test_kernel_evicted_long_ago)
{
    begin();
    shared_window(0, &(struct cost_flow){.evicted_anon = 1000 * MIB});
    for (int i = 0; i < 24; i++)
        window(10 * MIB, 0);
    shared_window(10 * MIB, &(struct cost_flow){.refaulted_anon = 3 * MIB / 2}); /* a breach if all of it were ours */
    ck_assert_uint_eq(b.nr_breaches, 0);
    ck_assert_uint_gt(b.refaulted + b.recent_refaulted, 0);
    for (int i = 0; i < 24; i++)
        window(10 * MIB, 0);
    shared_window(10 * MIB, &(struct cost_flow){.refaulted_anon = 100 * MIB}); /* our part of it alone is one */
    ck_assert_uint_eq(b.nr_breaches, 1);
}

/* A stream of files that the kernel evicts must not hide that our anonymous memory comes back. */
TEST(test_kinds_are_apart)
{
    begin();
    shared_window(100 * MIB, &(struct cost_flow){.evicted_file = 100000 * MIB, .refaulted_anon = 10 * MIB});
    ck_assert_uint_eq(b.factor, 200);
    begin();
    shared_window(100 * MIB, &(struct cost_flow){.evicted_anon = 100000 * MIB, .refaulted_file = 10 * MIB});
    ck_assert_uint_eq(b.factor, 200);
    begin();
    shared_window(100 * MIB, &(struct cost_flow){.evicted_file = 100000 * MIB, .refaulted_file = 10 * MIB});
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
}

/* What was out before we began comes back: no more of it can be ours than we have reclaimed. */
TEST(test_no_more_than_we_reclaimed)
{
    begin();
    window(10 * MIB, 1000 * MIB);
    ck_assert_uint_le(backoff_ratio(&b), 1000);
    for (int i = 0; i < 10; i++)
        window(0, 1000 * MIB);
    ck_assert_uint_eq(b.nr_breaches, 1);
}

TEST(test_huge_numbers)
{
    const struct cost_flow most = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

    begin();
    for (int i = 0; i < 100; i++)
        backoff_update(&b, &backoff_defaults, now += SECOND, UINT64_MAX / 200, &most);
    ck_assert_uint_le(b.factor, BACKOFF_FULL);
    ck_assert_uint_ge(b.factor, backoff_defaults.floor_permille);
}

TEST(test_refaults_that_come_late)
{
    begin();
    window(100 * MIB, 0);
    window(0, 0);
    window(0, 50 * MIB);
    ck_assert_uint_eq(b.factor, 125);
}

TEST(test_recovery)
{
    unsigned int windows = 0;
    uint32_t last;

    begin();
    for (int i = 0; i < 10; i++)
        window(100 * MIB, 100 * MIB);
    ck_assert_uint_eq(b.factor, 10);
    /* Slowly: not before two calm windows, never in jumps, and whole after some minutes. */
    for (last = b.factor; b.factor < BACKOFF_FULL; last = b.factor, windows++) {
        window(10 * MIB, 0);
        if (windows < 2)
            ck_assert_uint_eq(b.factor, 10);
        ck_assert_uint_ge(b.factor, last);
        ck_assert_uint_le(b.factor - last, last / 16 + 1);
        ck_assert_uint_lt(windows, 1000);
    }
    ck_assert_uint_ge(windows * 5, 300);
    ck_assert_uint_le(windows * 5, 480);
}

/* A workload of which everything that is reclaimed beyond a rate comes back: the quota settles below that rate. */
TEST(test_no_oscillation)
{
    uint32_t least = BACKOFF_FULL, most = 0;
    uint64_t reclaimed = 0, refaulted = 0;

    begin();
    for (int i = 0; i < 2000; i++) {
        uint64_t rate = 500 * MIB * b.factor / 1000, harmless = 50 * MIB;
        uint64_t back = rate > harmless ? rate - harmless : 0;

        window(rate, back);
        if (i < 200)
            continue; /* on its way there */
        least = b.factor < least ? b.factor : least;
        most = b.factor > most ? b.factor : most;
        reclaimed += rate;
        refaulted += back;
    }
    ck_assert_uint_le(most, 120); /* the harmless rate is at 100 */
    ck_assert_uint_ge(least, most / 10);
    ck_assert_uint_le(refaulted * 1000, reclaimed * 20);
}

/* The case that the back-off is for: all of the memory is used every 5 s. 20 MiB/s come back of a quota of 128 MiB/s
 * that is not even reached; within a minute it must be a fifth at most. */
TEST(test_retouched_memory)
{
    begin();
    for (int i = 0; i < 12; i++) {
        uint64_t quota = 5 * backoff_scale(&b, 128 * MIB, 0), all = 100 * MIB;
        uint64_t reclaimed = quota < all ? quota : all;

        window(reclaimed, reclaimed);
    }
    ck_assert_uint_le(5 * backoff_scale(&b, 128 * MIB, 0), 100 * MIB / 5);
}

TEST(test_scale)
{
    b = BACKOFF_INIT;
    ck_assert_uint_eq(backoff_scale(&b, 128, 7), 128);
    ck_assert_uint_eq(backoff_scale(&b, 0, 7), 0);
    b.factor = 10;
    ck_assert_uint_eq(backoff_scale(&b, 10000, 7), 100);
    ck_assert_uint_eq(backoff_scale(&b, 0, 5000), 50);
    ck_assert_uint_eq(backoff_scale(&b, 3, 0), 1);
    ck_assert_uint_eq(backoff_scale(&b, UINT64_MAX, 0), UINT64_MAX / 1000 * 10 + UINT64_MAX % 1000 * 10 / 1000);
}

TEST(test_ratio)
{
    b = BACKOFF_INIT;
    ck_assert_uint_eq(backoff_ratio(&b), 0);
    b.reclaimed = 1000;
    b.recent_refaulted = 20;
    ck_assert_uint_eq(backoff_ratio(&b), 20);
    b.refaulted = UINT64_MAX - 20;
    ck_assert_uint_eq(backoff_ratio(&b), UINT32_MAX);
    b.reclaimed = 0;
    ck_assert_uint_eq(backoff_ratio(&b), 0);
}

TEST(test_off)
{
    struct backoff_limits off = backoff_defaults;

    off.limit_permille = 0;
    b = BACKOFF_INIT;
    for (now = SECOND; now < 100 * SECOND; now += SECOND)
        backoff_update(&b, &off, now, MIB, &(struct cost_flow){.refaulted_anon = MIB});
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
}

TEST(test_long_sleep)
{
    begin();
    window(100 * MIB, 100 * MIB);
    backoff_update(&b, &backoff_defaults, UINT64_MAX / 2, 0, &(struct cost_flow){0});
    ck_assert_uint_eq(b.factor, BACKOFF_FULL);
    ck_assert_uint_gt(b.window_end_ns, UINT64_MAX / 2);
}
