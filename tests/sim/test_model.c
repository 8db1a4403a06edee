/* SPDX-License-Identifier: MIT */
/* The access model against a plain enumeration of the accesses, and its random side against its distribution. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim/model.h"
#include "sim_env.h"

#define RATE 1000000

static struct sim_env test;
static struct drcl_model model;

static void open_model_seed(const char *text, uint64_t rate, uint64_t seed)
{
    struct drcl_workload *w = NULL;

    sim_env_open(&test);
    ck_assert_msg(drcl_workload_parse(&test.env, text, strlen(text), "w", &w) == 0, "%s", test.env.error);
    ck_assert_int_eq(drcl_model_init(&test.env, &model, w, rate, seed), 0);
    drcl_workload_free(&test.env, w);
}

static void open_model(const char *text)
{
    open_model_seed(text, RATE, 1);
}

static void close_model(void)
{
    drcl_model_fini(&test.env, &model);
    sim_env_close(&test);
}

/* Whether the page is touched in the interval; checks that the run that comes with the answer keeps its promise. */
static bool touched(uint64_t page, uint64_t t0, uint64_t t1)
{
    struct drcl_query query = {0};
    uint32_t region = drcl_model_region(&model, page);
    uint64_t run, other, end = model.regions[region].first_page + model.regions[region].nr_pages;
    bool answer;

    drcl_query_set(&query, &model, region, t0, t1);
    answer = drcl_query_touched(&query, page, &run);
    expect(run >= 1 && run <= end - page);
    for (uint64_t p = page + 1; p < page + run && p < page + 5; p++)
        expect(drcl_query_touched(&query, p, &other) == answer);
    expect(drcl_query_touched(&query, page + run - 1, &other) == answer);
    return answer;
}

/* A sequential pattern as its definition says it: every access, one after the other. */
struct sequential {
    uint64_t size, stride, start, end, period;
};

static uint64_t enumerate_first(const struct sequential *s, uint64_t page, uint64_t t0, uint64_t t1)
{
    uint64_t offset = 0;

    for (uint64_t t = s->start; t < s->end && t < t1; t += s->period) {
        if (t >= t0 && offset / DRCL_SIM_PAGE == page)
            return t;
        offset += s->stride;
        if (offset >= s->size)
            offset = 0;
    }
    return t1;
}

static const struct {
    uint64_t size, stride;
} sweeps[] = {
    {40960, 4096}, {40000, 4096},  {40961, 4096}, {40960, 64},    {40960, 1000}, {8193, 3000},    {256, 64},
    {5000, 7},     {100000, 5000}, {81920, 8192}, {100000, 9000}, {4096, 10000}, {200000, 65536},
};

TEST_CASES(test_sequential, NUMBER_OF(sweeps))
{
    struct sequential s = {sweeps[_i].size, sweeps[_i].stride, 2000000, 5000000, 4000};
    uint64_t nr_pages = (s.size + DRCL_SIM_PAGE - 1) / DRCL_SIM_PAGE, step;
    char text[200];

    /* A quarter of the accesses: one in 4 us. */
    snprintf(
        text, sizeof(text),
        "other, 4096\na, %llu\n\nbefore\n2\nother, 0, 1, 1\n\nphase\n3\na, 0, %llu, 1\nother, 0, 1, 3\n\nafter\n5\n",
        (unsigned long long)s.size, (unsigned long long)s.stride);
    open_model(text);
    ck_assert_uint_eq(model.nr_pages, nr_pages + 1);
    ck_assert_uint_eq(model.end, 10000000);
    step = 9973;
    for (uint64_t page = 0; page < nr_pages; page++) {
        for (uint64_t t0 = 0; t0 < 6000000; t0 += step * 7) {
            for (uint64_t length = 0; length < 5000000; length = length * 3 + step) {
                uint64_t first = enumerate_first(&s, page, t0, t0 + length);

                expect(drcl_model_first_access(&model, page + 1, t0, t0 + length) == first);
                expect(touched(page + 1, t0, t0 + length) == (first < t0 + length));
            }
        }
    }
    close_model();
}

TEST(test_query_borders)
{
    open_model("a, 8192\n\np\n1\na, 0, 4096, 1\n"); /* page 0 at 0, 2000 ... ns, page 1 at 1000, 3000 ... */
    ck_assert_int_eq(touched(0, 0, 1), true);
    ck_assert_int_eq(touched(0, 0, 0), false);
    ck_assert_int_eq(touched(1, 0, 1000), false);
    ck_assert_int_eq(touched(1, 0, 1001), true);
    ck_assert_int_eq(touched(1, 1000, 1001), true);
    ck_assert_int_eq(touched(1, 1001, 3000), false);
    ck_assert_int_eq(touched(1, 999000, 1000000), true);
    ck_assert_int_eq(touched(1, 999001, UINT64_MAX), false);
    ck_assert_int_eq(touched(0, 1000000, UINT64_MAX), false);
    ck_assert_uint_eq(drcl_model_first_access(&model, 1, 1001, 5000), 3000);
    close_model();
}

/* Shares that do not divide: the number of accesses a second is right to within a few in a million. */
TEST(test_shares)
{
    uint64_t n = 0, t = 0, end = UINT64_C(10000000000);

    open_model("a, 4096\nb, 4096\n\np\n10000\na, 0, 1, 3\nb, 0, 1, 4\n");
    while ((t = drcl_model_first_access(&model, 0, t, end)) < end) {
        n++;
        t++;
    }
    ck_assert_uint_ge(n, 4285700);
    ck_assert_uint_le(n, 4285730);
    close_model();
}

/* More streams than a query keeps at hand, two of a region in one phase, and one of weight 0. */
TEST(test_many_phases)
{
    char text[4000] = "a, 40960\n";
    size_t len = strlen(text);

    for (int i = 0; i < 10; i++) /* phase i touches page i only, all its life */
        len += (size_t)snprintf(text + len, sizeof(text) - len, "b%d, 4096\n", i);
    for (int i = 0; i < 10; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\np%d\n1\nb%d, 0, 1, 1\na, 0, 40960, %d\na, 0, 1, 0\n",
                                i, i, i % 2);
    open_model(text);
    for (uint64_t i = 0; i < 10; i++) {
        ck_assert_int_eq(touched(10 + i, 0, i * 1000000), false);
        ck_assert_int_eq(touched(10 + i, i * 1000000, i * 1000000 + 1), true);
        ck_assert_int_eq(touched(10 + i, 0, UINT64_MAX), true);
        ck_assert_int_eq(touched(10 + i, (i + 1) * 1000000, UINT64_MAX), false);
        ck_assert_int_eq(touched(0, i * 1000000, (i + 1) * 1000000), i % 2 == 1);
    }
    ck_assert_int_eq(touched(0, 0, UINT64_MAX), true);
    ck_assert_int_eq(touched(1, 0, UINT64_MAX), false);
    ck_assert_uint_eq(drcl_model_first_access(&model, 0, 0, UINT64_MAX), 1000000);
    ck_assert_uint_eq(drcl_model_first_access(&model, 0, 1000001, 9000000), 1002000);
    close_model();
}

/* Every access to the page before @end; at most @max. Checks the model's answers against each other on the way. */
static size_t enumerate_random(uint64_t page, uint64_t end, uint64_t *times, size_t max)
{
    uint64_t t = 0, next;
    size_t n = 0;

    while ((next = drcl_model_first_access(&model, page, t, end)) < end) {
        expect(n < max && next >= t);
        expect(!touched(page, t, next));
        expect(touched(page, t, next + 1));
        expect(touched(page, next, next + 1));
        times[n++] = next;
        t = next + 1;
    }
    expect(!touched(page, t, end));
    return n;
}

/* A Poisson process: as many accesses as the rate says, as much spread between pages, and exponential gaps. */
TEST_CASES(test_random_is_poisson, 3)
{
    enum { PAGES = 1000, MAX = 2000 };
    uint64_t end = UINT64_C(1000000000), total = 0, gaps = 0, long_gaps = 0;
    double mean, sum_squares = 0;
    uint64_t *times = malloc(MAX * sizeof(*times));

    open_model_seed("a, 4096000\n\np\n1000\na, 1, 0, 1\n", RATE, (uint64_t)_i);
    for (uint64_t page = 0; page < PAGES; page++) {
        size_t n = enumerate_random(page, end, times, MAX);

        total += n;
        sum_squares += ((double)n - 1000) * ((double)n - 1000);
        for (size_t i = 1; i < n; i++, gaps++)
            long_gaps += times[i] - times[i - 1] > 1000000; /* the mean gap: 1 in e is longer */
    }
    free(times);
    mean = (double)total;
    ck_assert_double_lt(fabs(mean - 1e6), 4000);                   /* 4 sigma */
    ck_assert_double_lt(fabs(sum_squares / PAGES - 1000), 4 * 45); /* the variance is the mean */
    ck_assert_double_lt(fabs((double)long_gaps / (double)gaps - exp(-1)), 0.002);
    close_model();
}

/* A phase shorter than a slot: a part of the pages is touched, 1 - exp(-accesses / pages). */
TEST(test_random_short_phase)
{
    uint64_t n = 0;

    open_model("a, 40960000000\n\np\n1000\na, 1, 0, 1\n"); /* 10^7 pages, 10^6 accesses */
    for (uint64_t page = 0; page < 100000; page++)
        n += touched(page, 0, UINT64_MAX);
    ck_assert_double_lt(fabs((double)n - 100000 * (1 - exp(-0.1))), 4 * 95);
    close_model();
}

/* The least rate, on memory of the largest size: nothing overflows, next to nothing happens. */
TEST(test_extremes)
{
    uint64_t n = 0, pages = (UINT64_C(1) << 34) - 1;

    open_model_seed(
        "a, 70368744173568\nb, 1\n\np\n86400000\na, 1, 0, 1\na, 0, 70368744177664, 1\nb, 0, 1, 1000000000\n", 1, 0);
    ck_assert_int_eq(touched(0, 0, 1), true);
    ck_assert_int_eq(touched(0, 1, UINT64_C(86400000000000)), false);
    for (uint64_t page = pages - 1000; page < pages; page++)
        n += touched(page, 0, UINT64_MAX);
    ck_assert_uint_le(n, 1);
    ck_assert_uint_eq(drcl_model_first_access(&model, pages, 1, UINT64_MAX), UINT64_C(1000000002));
    close_model();
    open_model_seed("a, 1\nb, 1\n\np\n86400000\na, 1, 0, 1\nb, 0, 1, 1\n", DRCL_SIM_MAX_RATE, 0);
    for (uint64_t t = 1; t < UINT64_C(86400000000000) - 1000; t = t * 3) {
        ck_assert_int_eq(touched(0, t, t + 1000), true);
        ck_assert_uint_eq(drcl_model_first_access(&model, 1, t, UINT64_MAX), t);
    }
    close_model();
}

/* The same on every platform: what these hash to is written down. */
TEST(test_reproducible)
{
    static const uint64_t expected[] = {420927832, 218684440, 83754667, 358431102, 345836729, 1135665253};
    uint64_t end = UINT64_C(10000000000);

    open_model_seed("a, 1073741824\n\np\n10000\na, 1, 0, 1\n", RATE, 42);
    for (uint64_t i = 0; i < NUMBER_OF(expected); i++)
        ck_assert_uint_eq(drcl_model_first_access(&model, i * 1000, 0, end), expected[i]);
    close_model();
}
