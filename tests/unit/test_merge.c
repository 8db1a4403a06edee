/* SPDX-License-Identifier: MIT */
/* Passes over the regions: age, merge, changed intervals, the moving sum. */
#include "engine/apply.h"
#include "engine/merge.h"
#include "engine/scheme.h"
#include "engine/split.h"
#include "engine/target.h"
#include "engine/tune.h"
#include "engine_fixture.h"

static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % n;
}

FIXTURE(open_engine, close_engine);

/* The rules of age, with a threshold of 20 / 10. */
TEST(test_age)
{
    static const struct {
        uint32_t nr, last, age, then;
    } cases[] = {
        {10, 10, 5, 6}, {10, 8, 5, 6},  {10, 12, 5, 6}, {10, 7, 5, 0},
        {10, 13, 5, 0}, {0, 0, 5, 6},   {0, 1, 5, 0},   {1, 0, 5, 0},
        {2, 0, 5, 0},   {0, 2, 5, 0},   {1, 3, 5, 6},   {3, 1, 5, 6},
        {20, 0, 5, 0},  {20, 20, 0, 1}, {0, 20, 5, 0},  {0, 0, INT32_MAX, INT32_MAX},
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        clear();
        put(0, 1, cases[i].nr, cases[i].last, cases[i].age);
        put(1, 1, 20, 20, 0); /* sets the threshold */
        put(1, 100, 0, 0, 0); /* leaves room below the size limit */
        drcl_age_and_merge(&engine);
        expect_region(0, 1, cases[i].nr, cases[i].then);
    }
}

/* Threshold of the age: a tenth of the most accesses, rounded down, so that below ten each change counts. */
TEST(test_age_threshold)
{
    put(0, 10, 9, 9, 5);
    put(1, 10, 4, 5, 5);
    put(1, 10, 5, 5, 5);
    drcl_age_and_merge(&engine);
    expect_region(0, 10, 9, 6);
    expect_region(1, 10, 4, 0);
    expect_region(2, 10, 5, 6);
}

/* Regions in a row, ended by one without pages. The last aggregation was like this one. */
struct placed {
    uint64_t gap, pages;
    uint32_t nr_accesses, age;
};

TEST(test_merge)
{
    static const struct {
        const char *name;
        struct placed before[6], after[7];
    } cases[] = {
        {"averages are weighted by size and rounded down",
         {{0, 1, 19, 9}, {0, 3, 20, 20}, {0, 90, 0, 3}},
         {{0, 4, 19, 18}}},
        {"a gap, more than the threshold apart, too large together; what is too large is cut",
         {{0, 10, 20, 5}, {1, 10, 20, 5}, {0, 10, 17, 5}, {0, 10, 15, 5}, {0, 90, 15, 5}},
         {{0, 10, 20, 6}, {1, 10, 20, 6}, {0, 20, 16, 6}, {0, 43, 15, 6}, {0, 43, 15, 6}, {0, 4, 15, 6}}},
        {"one page more than the limit is too large, the limit itself is not",
         {{0, 30, 0, 5}, {0, 14, 0, 5}, {1, 30, 0, 5}, {0, 13, 0, 5}, {1, 42, 20, 5}},
         {{0, 30, 0, 6}, {0, 14, 0, 6}, {1, 43, 0, 6}, {1, 42, 20, 6}}},
        {"each is compared with what the ones before it have become: 11, 11 and two thirds, too far",
         {{0, 10, 10, 5}, {0, 10, 12, 5}, {0, 10, 13, 5}, {0, 10, 14, 5}, {1, 200, 20, 5}},
         {{0, 30, 11, 6}, {0, 10, 14, 6}}},
    };

    for (size_t k = 0; k < NUMBER_OF(cases); k++) {
        uint64_t end = BASE;

        clear();
        for (const struct placed *r = cases[k].before; r->pages; r++)
            put(r->gap, r->pages, r->nr_accesses, r->nr_accesses, r->age);
        drcl_age_and_merge(&engine);
        for (size_t i = 0; cases[k].after[i].pages; i++) {
            const struct placed *wanted = &cases[k].after[i];

            if (i >= engine.regions.n || engine.regions.start[i] != end + wanted->gap * PAGE)
                ck_abort_msg("%s: region %zu is elsewhere", cases[k].name, i);
            expect_region(i, wanted->pages, wanted->nr_accesses, wanted->age);
            expect_eq(engine.regions.last_nr_accesses[i], wanted->nr_accesses);
            end = engine.regions.end[i];
        }
    }
}

/* Neighbours of different targets stay apart. */
TEST(test_merge_targets)
{
    put(0, 10, 0, 0, 5);
    put(0, 10, 0, 0, 5);
    expect(drcl_engine_add_target(&engine, 2, s.ranges, 1) == 0);
    engine.targets[0].n = 1;
    engine.targets[1].first = 1;
    engine.targets[1].n = 1;
    drcl_age_and_merge(&engine);
    ck_assert_uint_eq(engine.targets[1].n + engine.targets[0].n, engine.regions.n);
    expect(engine.regions.end[engine.targets[0].first + engine.targets[0].n - 1] ==
           engine.regions.start[engine.targets[1].first]);
    ck_assert_uint_eq(engine.regions.start[engine.targets[1].first], BASE + 10 * PAGE);
}

/* A plain second opinion: the rules as they are written, over an array of structs. */
struct reference {
    struct drcl_region r[512];
    size_t n;
};

static void reference_age(struct reference *ref, uint32_t threshold)
{
    for (size_t i = 0; i < ref->n; i++) {
        struct drcl_region *r = &ref->r[i];
        uint32_t nr = r->nr_accesses, last = r->last_nr_accesses;

        if ((nr > last ? nr - last : last - nr) > threshold)
            r->age = 0;
        else if ((nr == 0 && last != 0) || (nr != 0 && last == 0))
            r->age = 0;
        else
            r->age++;
    }
}

static void reference_merge(struct reference *ref, uint32_t threshold, uint64_t limit)
{
    size_t n = 0;

    for (size_t i = 1; i < ref->n; i++) {
        struct drcl_region *a = &ref->r[n], b = ref->r[i];
        uint64_t size_a = a->end - a->start, size_b = b.end - b.start;
        uint32_t apart =
            a->nr_accesses > b.nr_accesses ? a->nr_accesses - b.nr_accesses : b.nr_accesses - a->nr_accesses;

        if (a->end == b.start && apart <= threshold && size_a + size_b <= limit) {
            a->nr_accesses = (uint32_t)((a->nr_accesses * size_a + b.nr_accesses * size_b) / (size_a + size_b));
            a->age = (uint32_t)((a->age * size_a + b.age * size_b) / (size_a + size_b));
            a->end = b.end;
        } else {
            ref->r[++n] = b;
        }
    }
    ref->n = ref->n ? n + 1 : 0;
}

static void reference_aggregate(struct reference *ref, uint32_t max_nr, uint32_t samples, uint64_t limit)
{
    uint32_t most = 0, threshold;

    for (size_t i = 0; i < ref->n; i++)
        most = ref->r[i].nr_accesses > most ? ref->r[i].nr_accesses : most;
    threshold = most / 10;
    reference_age(ref, threshold);
    for (;;) {
        reference_merge(ref, threshold, limit);
        if (ref->n <= max_nr || threshold >= samples)
            return;
        threshold = threshold ? 2 * threshold : 1;
    }
}

TEST_CASES(test_merge_reference, 4)
{
    static struct reference ref;
    uint32_t max_nr = _i % 2 ? 20 : 10000;

    random_state = (uint64_t)_i;
    attributes(5000, 100000, 3, max_nr);
    for (int round = 0; round < 200; round++) {
        clear();
        for (size_t i = 0, n = 1 + draw(400); i < n; i++) {
            uint32_t nr = draw(3) ? 0 : (uint32_t)draw(21);

            put(draw(5) == 0, 1 + draw(50), nr, draw(2) ? nr : (uint32_t)draw(21), (uint32_t)draw(1000));
        }
        put(100, 5000, 7, 7, 7); /* large, so that the limit is beyond the others; cut in the end */
        for (ref.n = 0; ref.n < engine.regions.n; ref.n++)
            ref.r[ref.n] = drcl_regions_get(&engine.regions, ref.n);
        reference_aggregate(&ref, max_nr, 20, drcl_split_size_limit(&engine));
        drcl_age_and_merge(&engine);
        expect(engine.regions.n >= ref.n);
        for (size_t i = 0; i + 1 < ref.n; i++) {
            expect(engine.regions.start[i] == ref.r[i].start && engine.regions.end[i] == ref.r[i].end);
            expect_eq(engine.regions.nr_accesses[i], ref.r[i].nr_accesses);
            expect_eq(engine.regions.age[i], ref.r[i].age);
        }
    }
}

TEST(test_weighted)
{
    ck_assert_uint_eq(drcl_weighted(0, 1, 10, 3), 7);
    ck_assert_uint_eq(drcl_weighted(10, 3, 0, 1), 7);
    ck_assert_uint_eq(drcl_weighted(5, 0, 9, 0), 5);
    ck_assert_uint_eq(drcl_weighted(UINT32_MAX, UINT64_C(1) << 62, UINT32_MAX, UINT64_C(1) << 62), UINT32_MAX);
    ck_assert_uint_eq(drcl_weighted(0, UINT64_C(1) << 62, UINT32_MAX, UINT64_C(1) << 62), UINT32_MAX / 2);
    ck_assert_uint_eq(drcl_weighted(0, UINT64_C(3) << 61, 4, UINT64_C(1) << 61), 1);
}

/* Accesses scale with the samples an aggregation, the age with the time of one. */
TEST(test_changed_intervals)
{
    put(0, 10, 10, 20, 100);
    put(1, 10, 3, 0, 7);
    attributes(10000, 100000, 3, 1000); /* half of the samples */
    expect_region(0, 10, 5, 100);
    ck_assert_uint_eq(engine.regions.last_nr_accesses[0], 10);
    expect_region(1, 10, 1, 7);
    attributes(10000, 400000, 3, 1000); /* four times as long */
    expect_region(0, 10, 20, 25);
    expect_region(1, 10, 4, 1);
    attributes(10000, 50000, 3, 1000); /* an eighth */
    expect_region(0, 10, 2, 200);
    attributes(5000, 25000, 3, 1000); /* as many samples, in half of the time */
    expect_region(0, 10, 2, 400);
    ck_assert_uint_eq(engine.regions.last_nr_accesses[0], 5);
    attributes(5000, 25000, 5, 500); /* other attributes do not matter */
    expect_region(0, 10, 2, 400);
}

/* Both intervals by the distance from the goal, at most a half down and double up, inside of the bounds. */
TEST(test_tune_scale)
{
    static const struct {
        uint64_t sample, aggr, score, then_sample, then_aggr;
    } cases[] = {
        {20000, 400000, 10000, 20000, 400000},
        {20000, 400000, 0, 40000, 800000},
        {20000, 400000, 5000, 30000, 600000},
        {20000, 400000, 12500, 15000, 300000},
        {20000, 400000, 17000, 10000, 200000},
        {20000, 400000, 20000, 10000, 200000},
        {20000, 400000, 900000, 10000, 200000},
        {6000, 120000, 15000, 5000, 100000},
        {5000, 100000, 20000, 5000, 100000},
        {9000000, 180000000, 0, 10000000, 200000000},
        {10000000, 200000000, 0, 10000000, 200000000},
        {20000, 50000, 10000, 20000, 40000},
        {100, 2000, 10000, 5000, 100000},
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        struct drcl_attrs attrs = {.sample_us = cases[i].sample, .aggr_us = cases[i].aggr};

        drcl_tune_scale(&attrs, cases[i].score);
        expect_eq(attrs.sample_us, cases[i].then_sample);
        expect_eq(attrs.aggr_us, cases[i].then_aggr);
    }
}

/* Between two aggregations a scheme sees what the rest of the window stands for. */
TEST(test_moving_sum)
{
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .min_nr_accesses = 10,
                                          .max_nr_accesses = 10,
                                          .action = DAMON_RECLAIM_ACTION_STAT,
                                          .apply_interval_us = 5000};
    static const struct {
        uint32_t tick, nr, last;
        bool matches;
    } cases[] = {
        {0, 0, 10, true},  {5, 2, 10, false},  {5, 3, 10, true},                        /* 10 x 15 / 20 = 7 */
        {10, 5, 10, true}, {10, 10, 0, true},  {10, 10, 10, false}, {19, 10, 19, true}, /* 19 / 20 = 0 */
        {19, 9, 20, true}, {20, 10, 20, true}, {20, 9, 20, false},
    };

    expect(drcl_engine_reserve_scheme(&engine, 1) == 0);
    drcl_engine_set_scheme(&engine, 1, &scheme);
    engine.schemes[1]->active = true;
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        clear();
        put(0, 10, cases[i].nr, cases[i].last, 5);
        engine.tick = cases[i].tick;
        engine.schemes[1]->ticks = 1;
        engine.schemes[1]->stats.nr_tried = 0;
        drcl_schemes_apply(&engine);
        expect_eq(engine.schemes[1]->stats.nr_tried, cases[i].matches);
    }
}
