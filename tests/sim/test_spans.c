/* SPDX-License-Identifier: MIT */
/* The map from pages to times against an array. */
#include <errno.h>
#include <stdlib.h>

#include "backends/sim/spans.h"
#include "sim_env.h"

#define PAGES 40000 /* more than two blocks */
#define NONE  UINT64_MAX

static uint64_t expected[PAGES];
static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 33) % n;
}

static void compare(const struct drcl_spans *spans)
{
    uint64_t end, time, set = 0;

    for (uint64_t page = 0; page < PAGES; page++)
        set += expected[page] != NONE;
    ck_assert_uint_eq(spans->nr_set, set);
    for (uint64_t page = 0; page < PAGES; page = end) {
        bool found = drcl_spans_find(spans, page, &end, &time);

        expect(end > page && end <= PAGES);
        for (uint64_t p = page; p < end; p++)
            expect(expected[p] == (found ? time : NONE));
    }
}

TEST_CASES(test_against_array, 5)
{
    struct drcl_spans spans;
    struct sim_env t;

    random_state = (uint64_t)_i;
    sim_env_open(&t);
    ck_assert_int_eq(drcl_spans_init(&t.env, &spans, PAGES), 0);
    for (uint64_t page = 0; page < PAGES; page++)
        expected[page] = NONE;
    for (int i = 0; i < 4000; i++) {
        uint64_t start = draw(PAGES), longest = draw(10) ? 60 : PAGES, end = start + 1 + draw(longest);
        uint64_t time = draw(3) ? draw(4) : NONE;

        if (end > PAGES)
            end = PAGES;
        expect((time == NONE ? drcl_spans_clear(&spans, start, end) : drcl_spans_set(&spans, start, end, time)) == 0);
        for (uint64_t page = start; page < end; page++)
            expected[page] = time;
        if (i % 50 == 0)
            compare(&spans);
    }
    compare(&spans);
    drcl_spans_fini(&spans);
    sim_env_close(&t);
}

/* A front part is done when memory runs out, and the count stays right. */
TEST(test_no_memory)
{
    struct drcl_spans spans;
    struct sim_env t;
    uint64_t end, time;

    sim_env_open(&t);
    ck_assert_int_eq(drcl_spans_init(&t.env, &spans, PAGES), 0);
    t.memory.nr_calls = 0;
    t.memory.fail_at = 2;
    ck_assert_int_eq(drcl_spans_set(&spans, 0, PAGES, 7), -ENOMEM);
    ck_assert_int_eq(drcl_spans_find(&spans, 0, &end, &time), true);
    ck_assert_uint_eq(spans.nr_set, end);
    ck_assert_int_eq(drcl_spans_find(&spans, end, &end, &time), false);
    ck_assert_int_eq(drcl_spans_set(&spans, 0, PAGES, 7), 0);
    ck_assert_uint_eq(spans.nr_set, PAGES);
    drcl_spans_fini(&spans);
    sim_env_close(&t);
}

/* Neighbours that get the same time one after the other make one span. */
TEST(test_neighbours_join)
{
    struct drcl_spans spans;
    struct sim_env t;
    uint64_t end, time;
    size_t live;

    sim_env_open(&t);
    ck_assert_int_eq(drcl_spans_init(&t.env, &spans, PAGES), 0);
    ck_assert_int_eq(drcl_spans_set(&spans, 0, 1, 7), 0);
    live = t.memory.live;
    for (uint64_t page = 1; page < 10000; page++)
        expect(drcl_spans_set(&spans, page, page + 1, 7) == 0);
    ck_assert_uint_eq(t.memory.live, live);
    ck_assert_int_eq(drcl_spans_find(&spans, 0, &end, &time), true);
    ck_assert_uint_eq(end, 10000);
    drcl_spans_fini(&spans);
    sim_env_close(&t);
}
