/* SPDX-License-Identifier: MIT */
/* What reclaiming would do, from snapshots made up and from simulated memory. */
#include "common/advise.h"
#include "scratch.h"
#include "suite.h"

#define AGGR (SECOND / 10)

static struct advise *a;
static struct advise_report report;
static struct damon_reclaim_region regions[16];
static size_t n;
static uint64_t now;

enum { S1, S2, S5, S10, S30 };

static void begin(void)
{
    ck_assert_int_eq(advise_new(&a), 0);
    now = 1000 * SECOND;
    n = 0;
}

/* A region of MiB that is in use, or has been idle for some seconds. */
static void in_use(uint64_t start, uint64_t end)
{
    regions[n++] = (struct damon_reclaim_region){.start = start * MIB, .end = end * MIB, .nr_accesses = 20};
}

static void idle(uint64_t start, uint64_t end, uint32_t seconds)
{
    regions[n++] = (struct damon_reclaim_region){.start = start * MIB, .end = end * MIB, .age = seconds * 10};
}

/* The snapshot of those regions, @seconds after the last. */
static const struct advise_report *snapshot(uint64_t seconds)
{
    now += seconds * SECOND;
    ck_assert_int_eq(advise_update(a, now, AGGR, regions, n), 0);
    advise_get(a, 20, &report);
    n = 0;
    return &report;
}

TEST(test_first_snapshot)
{
    begin();
    in_use(0, 10);
    idle(10, 30, 3);
    snapshot(0);
    ck_assert_uint_eq(report.monitored, 30 * MIB);
    ck_assert_uint_eq(report.observed_ns, 0);
    ck_assert_uint_eq(report.ages[S1].cold, 20 * MIB);
    ck_assert_uint_eq(report.ages[S2].cold, 20 * MIB);
    ck_assert_uint_eq(report.ages[S5].cold, 0);
    ck_assert_uint_eq(report.ages[S2].reclaimed, 20 * MIB);
    ck_assert_uint_eq(report.ages[S2].pending, 20 * MIB); /* three seconds are less than twice two */
    ck_assert_uint_eq(report.ages[S1].pending, 0);
    ck_assert_uint_eq(report.ages[S1].reused, 0);
    ck_assert_uint_eq(report.min_age_ns, SECOND);
    advise_free(a);
}

TEST(test_each_age_is_counted_once)
{
    begin();
    for (uint32_t s = 0; s < 12; s++) {
        idle(0, 8, s);
        snapshot(1);
    }
    for (int age = S1; age <= S10; age++) {
        ck_assert_uint_eq(report.ages[age].reclaimed, 8 * MIB);
        ck_assert_uint_eq(report.ages[age].reused, 0);
    }
    ck_assert_uint_eq(report.ages[S30].reclaimed, 0);
    ck_assert_uint_eq(report.observed_ns, 11 * SECOND);
    advise_free(a);
}

TEST(test_reuse)
{
    begin();
    idle(0, 8, 6);
    snapshot(0);
    in_use(0, 2);
    idle(2, 8, 7);
    snapshot(1);
    ck_assert_uint_eq(report.ages[S5].reclaimed, 8 * MIB);
    ck_assert_uint_eq(report.ages[S5].reused, 2 * MIB);
    ck_assert_uint_eq(report.ages[S10].reused, 0);
    ck_assert_uint_eq(report.ages[S5].cold, 6 * MIB);
    ck_assert_uint_eq(report.ages[S1].reused_permille, 250);
    /* It goes idle and is used once more: reclaimed and refaulted a second time. */
    idle(0, 2, 1);
    idle(2, 8, 8);
    snapshot(1);
    in_use(0, 2);
    idle(2, 8, 9);
    snapshot(1);
    ck_assert_uint_eq(report.ages[S1].reclaimed, 10 * MIB);
    ck_assert_uint_eq(report.ages[S1].reused, 4 * MIB);
    ck_assert_uint_eq(report.ages[S2].reclaimed, 8 * MIB);
    ck_assert_uint_eq(report.ages[S2].reused, 2 * MIB);
    advise_free(a);
}

/* Between snapshots that are far apart only the age tells that it was used. */
TEST(test_use_between_snapshots)
{
    begin();
    idle(0, 8, 6);
    snapshot(0);
    idle(0, 4, 2);
    idle(4, 8, 16);
    snapshot(10);
    ck_assert_uint_eq(report.ages[S5].reused, 4 * MIB);
    ck_assert_uint_eq(report.ages[S2].reclaimed, 12 * MIB); /* once more by what was used */
    ck_assert_uint_eq(report.ages[S10].reclaimed, 4 * MIB);
    advise_free(a);
}

/* A snapshot that is the last one once more tells nothing of the time between: it may have been read from the kernel
 * a while ago. */
TEST(test_the_same_again)
{
    begin();
    for (uint32_t read = 0; read < 3; read++) {
        for (unsigned int s = 0; s < 5; s++) {
            in_use(0, 4);
            idle(4, 8, 1 + 10 * read);
            snapshot(2);
        }
    }
    ck_assert_uint_eq(report.ages[S1].reclaimed, 4 * MIB);
    ck_assert_uint_eq(report.ages[S1].reused, 0);
    ck_assert_uint_eq(report.ages[S10].cold, 4 * MIB);
    ck_assert_uint_eq(report.observed_ns, 20 * SECOND);
    advise_free(a);
}

TEST(test_regions_are_cut_anew)
{
    begin();
    idle(0, 10, 3);
    snapshot(0);
    idle(0, 3, 4);
    idle(3, 10, 4);
    snapshot(1);
    idle(0, 7, 6);
    idle(7, 10, 6);
    snapshot(2);
    ck_assert_uint_eq(report.ages[S5].cold, 10 * MIB);
    ck_assert_uint_eq(report.ages[S5].reclaimed, 10 * MIB);
    ck_assert_uint_eq(report.ages[S2].reclaimed, 10 * MIB);
    ck_assert_uint_eq(report.ages[S1].reused, 0);
    advise_free(a);
}

/* A younger part does not take the age of its neighbour, nor is it counted with it. */
TEST(test_neighbours_of_other_age)
{
    begin();
    idle(0, 4, 20);
    idle(4, 8, 1);
    snapshot(0);
    ck_assert_uint_eq(report.ages[S10].cold, 4 * MIB);
    idle(0, 8, 11); /* merged: the mean */
    snapshot(1);
    ck_assert_uint_eq(report.ages[S10].cold, 4 * MIB);
    ck_assert_uint_eq(report.ages[S2].cold, 8 * MIB);
    ck_assert_uint_eq(report.ages[S10].reclaimed, 4 * MIB);
    advise_free(a);
}

TEST(test_memory_that_goes_away)
{
    begin();
    idle(0, 8, 6);
    snapshot(0);
    idle(0, 2, 7);
    snapshot(1);
    ck_assert_uint_eq(report.ages[S5].cold, 2 * MIB);
    ck_assert_uint_eq(report.ages[S5].reused, 0);
    snapshot(1);
    ck_assert_uint_eq(report.monitored, 0);
    ck_assert_uint_eq(report.ages[S1].cold, 0);
    advise_free(a);
}

TEST(test_targets_are_apart)
{
    begin();
    idle(0, 8, 6);
    idle(0, 8, 6);
    regions[1].target = 1;
    snapshot(0);
    ck_assert_uint_eq(report.ages[S5].cold, 16 * MIB);
    in_use(0, 8);
    idle(0, 8, 7);
    regions[1].target = 1;
    snapshot(1);
    ck_assert_uint_eq(report.ages[S5].cold, 8 * MIB);
    ck_assert_uint_eq(report.ages[S5].reused, 8 * MIB);
    advise_free(a);
}

/* Half of the memory is used every 8 s: below that min_age it is reclaimed in vain, from 10 s on it is not. */
TEST(test_recommendation)
{
    begin();
    for (uint32_t s = 0; s < 100; s++) {
        if (s % 8 == 0)
            in_use(0, 8);
        else
            idle(0, 8, s % 8);
        idle(8, 16, s);
        snapshot(1);
    }
    ck_assert_uint_eq(report.ages[S5].reused, 12 * 8 * MIB);
    ck_assert_uint_ge(report.ages[S5].reused_permille, 900);
    ck_assert_uint_eq(report.ages[S10].reused_permille, 0);
    ck_assert_uint_eq(report.min_age_ns, 10 * SECOND);
    advise_get(a, 1000, &report);
    ck_assert_uint_eq(report.min_age_ns, SECOND);
    advise_free(a);
}

TEST(test_nothing_is_known)
{
    begin();
    advise_get(a, 20, &report);
    ck_assert_uint_eq(report.min_age_ns, 0);
    in_use(0, 8);
    snapshot(1);
    ck_assert_uint_eq(report.min_age_ns, 0);
    advise_free(a);
    advise_free(NULL);
}

static void watch(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    ck_assert_int_eq(advise_watch(a, ctx), 0);
}

/* Of 64 MiB the workload uses the first 16 all the time and the second 16 for 4 s in every 24. */
TEST(test_simulated)
{
    static const char workload[] =
        "#name, length\nhot, 16777216\nnow_and_then, 16777216\ncold, 33554432\n\n"
        "all\n500\nhot, 1, 4096, 1, rw\nnow_and_then, 1, 4096, 1, rw\ncold, 1, 4096, 1, rw\n\n"
        "a\n20000\nhot, 1, 4096, 1, rw\n\nb\n4000\nhot, 1, 4096, 1, rw\nnow_and_then, 1, 4096, 1, rw\n\n"
        "c\n20000\nhot, 1, 4096, 1, rw\n\nd\n4000\nhot, 1, 4096, 1, rw\nnow_and_then, 1, 4096, 1, rw\n\n"
        "e\n20000\nhot, 1, 4096, 1, rw\n";
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload = workload, .workload_name = "test"};
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_aggregation = watch};
    char text[256] = "";
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "sim",
                                          .sim = &sim,
                                          .callbacks = &callbacks,
                                          .error = text,
                                          .error_size = sizeof(text)};
    struct damon_reclaim *ctx;

    begin();
    ck_assert_msg(damon_reclaim_new(&config, &ctx) == 0, "%s", text);
    ck_assert_int_eq(damon_reclaim_set(ctx, "min_age", "1h"), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_high", "1000"), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_mid", "1000"), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_low", "0"), 0);
    ck_assert_msg(damon_reclaim_enable(ctx) == 0, "%s", damon_reclaim_last_error(ctx));
    while (damon_reclaim_now(ctx) < 68 * SECOND)
        ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    damon_reclaim_unref(ctx);
    advise_get(a, 100, &report);
    ck_assert_uint_ge(report.observed_ns, 60 * SECOND);
    ck_assert_uint_eq(report.monitored, 64 * MIB);
    /* Cold for half a minute: what was used once. A region may begin a little beside the part that it stands for. */
    ck_assert_uint_ge(report.ages[S30].cold, 28 * MIB);
    ck_assert_uint_le(report.ages[S30].cold, 36 * MIB);
    /* For ten seconds: the second part as well, of which two thirds were used again. */
    ck_assert_uint_ge(report.ages[S10].reclaimed, 60 * MIB);
    ck_assert_uint_ge(report.ages[S10].reused, 28 * MIB);
    ck_assert_uint_ge(report.ages[S10].reused_permille, 250);
    ck_assert_uint_le(report.ages[S30].reused, 4 * MIB);
    ck_assert_uint_eq(report.min_age_ns, 30 * SECOND);
    advise_free(a);
}
