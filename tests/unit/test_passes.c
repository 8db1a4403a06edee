/* SPDX-License-Identifier: MIT */
/* The passes over the regions, each by itself: age, merge, split, changed intervals, the moving sum, huge pages. */
#include "base/env.h"
#include "engine/apply.h"
#include "engine/attrs.h"
#include "engine/engine.h"
#include "engine/huge.h"
#include "engine/merge.h"
#include "engine/pass.h"
#include "engine/sample.h"
#include "engine/scheme.h"
#include "engine/split.h"
#include "engine/target.h"
#include "engine/tune.h"
#include "scripted.h"

static struct scripted s;
static struct drcl_env env;
static struct drcl_engine engine;

static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % n;
}

static uint64_t no_time(void *data)
{
    (void)data;
    return 0;
}

static void attributes(uint64_t sample_us, uint64_t aggr_us, uint32_t min_nr, uint32_t max_nr)
{
    struct drcl_attrs attrs = {
        .sample_us = sample_us, .aggr_us = aggr_us, .min_nr_regions = min_nr, .max_nr_regions = max_nr};

    expect(drcl_engine_reserve(&engine, &attrs) == 0);
    drcl_engine_set_attrs(&engine, &attrs);
}

static void ignore(void *data, uint32_t scheme, const struct damon_reclaim_region *region,
                   const struct damon_reclaim_result *result)
{
    (void)data, (void)scheme, (void)region, (void)result;
}

/* An engine of one target, without regions, with samples of 5 ms in aggregations of 100 ms. */
static void open_engine(void)
{
    struct damon_reclaim_config config;
    struct drcl_host host = {.now = no_time, .cpu_now = no_time, .after = ignore};

    scripted_init(&s);
    config = scripted_config(&s);
    expect(drcl_env_init(&env, &config) == 0);
    expect(drcl_engine_init(&engine, &env, &s.ops, &s, &host, 1, false) == 0);
    expect(drcl_engine_add_target(&engine, 1, s.ranges, 1) == 0);
    attributes(5000, 100000, 3, 10000);
}

static void close_engine(void)
{
    drcl_engine_fini(&engine);
    drcl_env_fini(&env);
    scripted_fini(&s);
}

static uint64_t end_of_regions(void)
{
    return engine.regions.n ? engine.regions.end[engine.regions.n - 1] : BASE;
}

/* Puts a region of so many pages behind the last, after a gap. */
static void put(uint64_t gap, uint64_t pages, uint32_t nr_accesses, uint32_t last_nr_accesses, uint32_t age)
{
    uint64_t start = end_of_regions() + gap * PAGE;

    expect(drcl_engine_reserve_regions(&engine, engine.regions.n + 1) == 0);
    drcl_regions_put(&engine.regions, engine.regions.n++,
                     (struct drcl_region){.start = start,
                                          .end = start + pages * PAGE,
                                          .nr_accesses = nr_accesses,
                                          .last_nr_accesses = last_nr_accesses,
                                          .age = age});
    engine.targets[0].n = engine.regions.n;
    engine.total += pages * PAGE;
}

static void clear(void)
{
    engine.regions.n = engine.targets[0].n = 0;
    engine.total = 0;
}

static void expect_region(size_t i, uint64_t pages, uint32_t nr_accesses, uint32_t age)
{
    expect(i < engine.regions.n);
    expect_eq((engine.regions.end[i] - engine.regions.start[i]) / PAGE, pages);
    expect_eq(engine.regions.nr_accesses[i], nr_accesses);
    expect_eq(engine.regions.age[i], age);
}

/* The rules of age, with a threshold of 20 / 10. */
START_TEST(test_age)
{
    static const struct {
        uint32_t nr, last, age, then;
    } cases[] = {
        {10, 10, 5, 6}, {10, 8, 5, 6},  {10, 12, 5, 6}, {10, 7, 5, 0},
        {10, 13, 5, 0}, {0, 0, 5, 6},   {0, 1, 5, 0},   {1, 0, 5, 0},
        {2, 0, 5, 0},   {0, 2, 5, 0},   {1, 3, 5, 6},   {3, 1, 5, 6},
        {20, 0, 5, 0},  {20, 20, 0, 1}, {0, 20, 5, 0},  {0, 0, INT32_MAX, INT32_MAX},
    };

    open_engine();
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        clear();
        put(0, 1, cases[i].nr, cases[i].last, cases[i].age);
        put(1, 1, 20, 20, 0); /* sets the threshold */
        put(1, 100, 0, 0, 0); /* leaves room below the size limit */
        drcl_age_and_merge(&engine);
        expect_region(0, 1, cases[i].nr, cases[i].then);
    }
    close_engine();
}
END_TEST

/* Threshold of the age: a tenth of the most accesses, rounded down, so that below ten each change counts. */
START_TEST(test_age_threshold)
{
    open_engine();
    put(0, 10, 9, 9, 5);
    put(1, 10, 4, 5, 5);
    put(1, 10, 5, 5, 5);
    drcl_age_and_merge(&engine);
    expect_region(0, 10, 9, 6);
    expect_region(1, 10, 4, 0);
    expect_region(2, 10, 5, 6);
    close_engine();
}
END_TEST

START_TEST(test_merge)
{
    open_engine();
    /* Averages are weighted by size and rounded down. */
    put(0, 1, 19, 19, 9);
    put(0, 3, 20, 20, 20);
    put(0, 90, 0, 0, 3);
    drcl_age_and_merge(&engine);
    expect_region(0, 4, (19 + 3 * 20) / 4, (10 + 3 * 21) / 4);
    ck_assert_uint_eq(engine.regions.last_nr_accesses[0], (19 + 3 * 20) / 4);

    /* A gap, more than the threshold apart, or together too large: not merged. */
    clear();
    put(0, 10, 20, 20, 5);
    put(1, 10, 20, 20, 5);
    put(0, 10, 17, 17, 5);
    put(0, 10, 15, 15, 5);
    put(0, 90, 15, 15, 5);
    drcl_age_and_merge(&engine);
    ck_assert_uint_eq(drcl_split_size_limit(&engine), 43 * PAGE);
    expect_region(0, 10, 20, 6);
    expect_region(1, 10, 20, 6);
    expect_region(2, 20, 16, 6);
    expect_region(3, 43, 15, 6); /* and what is too large is cut */
    expect_region(4, 43, 15, 6);
    expect_region(5, 4, 15, 6);
    ck_assert_uint_eq(engine.regions.n, 6);

    /* One page more than the limit is too large, the limit itself is not. */
    clear();
    put(0, 30, 0, 0, 5);
    put(0, 14, 0, 0, 5);
    put(1, 30, 0, 0, 5);
    put(0, 13, 0, 0, 5);
    put(1, 42, 20, 20, 5);
    drcl_age_and_merge(&engine);
    ck_assert_uint_eq(drcl_split_size_limit(&engine), 43 * PAGE);
    expect_region(0, 30, 0, 6);
    expect_region(1, 14, 0, 6);
    expect_region(2, 43, 0, 6);
    expect_region(3, 42, 20, 6);

    /* Three in a row: each is compared with what the ones before it have become. */
    clear();
    put(0, 10, 10, 10, 5);
    put(0, 10, 12, 12, 5);
    put(0, 10, 13, 13, 5);
    put(0, 10, 14, 14, 5);
    put(1, 200, 20, 20, 5);
    drcl_age_and_merge(&engine);
    expect_region(0, 30, 11, 6); /* 10 and 12 are 11; 11 and 13 are 11 and two thirds; 11 and 14 are too far */
    expect_region(1, 10, 14, 6);
    close_engine();
}
END_TEST

/* Neighbours of different targets stay apart. */
START_TEST(test_merge_targets)
{
    open_engine();
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
    close_engine();
}
END_TEST

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

START_TEST(test_merge_reference)
{
    static struct reference ref;
    uint32_t max_nr = _i % 2 ? 20 : 10000;

    random_state = (uint64_t)_i;
    open_engine();
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
    close_engine();
}
END_TEST

START_TEST(test_weighted)
{
    ck_assert_uint_eq(drcl_weighted(0, 1, 10, 3), 7);
    ck_assert_uint_eq(drcl_weighted(10, 3, 0, 1), 7);
    ck_assert_uint_eq(drcl_weighted(5, 0, 9, 0), 5);
    ck_assert_uint_eq(drcl_weighted(UINT32_MAX, UINT64_C(1) << 62, UINT32_MAX, UINT64_C(1) << 62), UINT32_MAX);
    ck_assert_uint_eq(drcl_weighted(0, UINT64_C(1) << 62, UINT32_MAX, UINT64_C(1) << 62), UINT32_MAX / 2);
    ck_assert_uint_eq(drcl_weighted(0, UINT64_C(3) << 61, 4, UINT64_C(1) << 61), 1);
}
END_TEST

/* Regions of 100 pages, none of which is too large, so that only splitting changes their number. */
static void put_many(size_t n)
{
    clear();
    for (size_t i = 0; i < n; i++)
        put(0, 100, (uint32_t)i % 20, 3, 9);
}

/* Both parts inherit, cover the whole and lie on unit bounds; how many regions became so many. */
static size_t check_split(size_t n, size_t pieces)
{
    size_t split = 0, at = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t start = BASE + i * 100 * PAGE, end = start + 100 * PAGE;
        size_t first = at;

        expect(engine.regions.start[at] == start);
        for (; at < engine.regions.n && engine.regions.start[at] < end; at++) {
            uint64_t size = engine.regions.end[at] - engine.regions.start[at];

            expect(size && size % PAGE == 0);
            expect(engine.regions.last_nr_accesses[at] == i % 20 && engine.regions.nr_accesses[at] == 0);
            expect(engine.regions.age[at] == 9);
            if (pieces == 2)
                expect(size == 100 * PAGE || (size % (10 * PAGE) == 0 && size >= 10 * PAGE && size <= 90 * PAGE));
        }
        expect(engine.regions.end[at - 1] == end);
        expect(at - first == 1 || (at - first >= 2 && at - first <= pieces));
        split += at - first > 1;
    }
    expect(at == engine.regions.n);
    return split;
}

START_TEST(test_split)
{
    static const struct {
        uint32_t max_nr;
        size_t n, last_n, split, pieces;
    } cases[] = {
        {100, 100, 0, 0, 1},  {100, 120, 0, 0, 1},  /* n >= m: none */
        {100, 51, 0, 25, 2},  {100, 60, 0, 30, 2},  /* n > m/2: one in every m/(m-n) = 2 */
        {100, 70, 0, 23, 2},  {100, 90, 0, 9, 2},   /* in every 3, 10 */
        {100, 99, 0, 0, 2},                         /* in every 100 */
        {100, 50, 0, 50, 2},  {100, 50, 50, 50, 2}, /* else every one in two */
        {100, 33, 33, 33, 2},                       /* n < m/3 does not hold: m/3 is 33 */
        {100, 32, 31, 32, 2}, {100, 32, 32, 32, 3}, {100, 1, 1, 1, 3},
    };

    open_engine();
    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        attributes(5000, 100000, 3, cases[i].max_nr);
        put_many(cases[i].n);
        engine.last_n = cases[i].last_n;
        drcl_split_at_random(&engine);
        expect_eq(check_split(cases[i].n, cases[i].pieces), cases[i].split);
        expect(engine.last_n == cases[i].n);
        expect(engine.regions.n <= (cases[i].n > cases[i].max_nr ? cases[i].n : cases[i].max_nr));
        if (cases[i].pieces == 3 && cases[i].n > 10)
            expect(engine.regions.n > 2 * cases[i].n);
    }
    close_engine();
}
END_TEST

/* All nine tenths are drawn, about as often as each other. */
START_TEST(test_split_evenly)
{
    size_t tenths[10] = {0};

    open_engine();
    for (int round = 0; round < 9000; round++) {
        put_many(1);
        engine.last_n = 0;
        drcl_split_at_random(&engine);
        expect(engine.regions.n == 2);
        tenths[(engine.regions.end[0] - BASE) / (10 * PAGE)]++;
    }
    ck_assert_uint_eq(tenths[0], 0);
    for (size_t i = 1; i < 10; i++)
        expect_between(tenths[i], 851, 1149);
    close_engine();
}
END_TEST

/* A region of at most two units is left whole, and a cut that would leave an empty part is skipped. */
START_TEST(test_split_small)
{
    bool cut_at_one = false, whole = false;

    open_engine();
    for (int round = 0; round < 200; round++) {
        clear();
        put(0, 1, 5, 5, 5);
        put(0, 2, 5, 5, 5);
        put(0, 3, 5, 5, 5);
        engine.last_n = 0;
        drcl_split_at_random(&engine);
        expect(engine.regions.end[0] == BASE + PAGE && engine.regions.end[1] == BASE + 3 * PAGE);
        expect(engine.regions.n == 3 || engine.regions.n == 4);
        whole = whole || engine.regions.n == 3; /* up to three tenths of three pages are none */
        cut_at_one = cut_at_one || (engine.regions.n == 4 && engine.regions.end[2] == BASE + 4 * PAGE);
    }
    ck_assert_int_eq(whole, true);
    ck_assert_int_eq(cut_at_one, true);
    close_engine();
}
END_TEST

/* A region of almost all addresses: no sum overflows. */
START_TEST(test_huge_region)
{
    open_engine();
    put(0, (UINT64_C(1) << 51) - 1, 0, 0, 5);
    for (int round = 0; round < 30; round++) {
        drcl_age_and_merge(&engine);
        expect(engine.regions.n >= 3);
        drcl_split_at_random(&engine);
        for (size_t i = 0; i < engine.regions.n; i++)
            expect(engine.regions.end[i] > engine.regions.start[i]);
    }
    drcl_sample_prepare(&engine);
    close_engine();
}
END_TEST

/* Accesses scale with the samples an aggregation, the age with the time of one. */
START_TEST(test_changed_intervals)
{
    open_engine();
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
    close_engine();
}
END_TEST

/* Both intervals by the distance from the goal, at most a half down and double up, inside of the bounds. */
START_TEST(test_tune_scale)
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
END_TEST

/* Between two aggregations a scheme sees what the rest of the window stands for. */
START_TEST(test_moving_sum)
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

    open_engine();
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
    close_engine();
}
END_TEST

/* Addresses are drawn over all of a region, whatever its size. */
START_TEST(test_draw)
{
    struct drcl_random r = {99};
    size_t quarter[4] = {0};

    for (int i = 0; i < 40000; i++) {
        quarter[drcl_scale(drcl_random64(&r), 4)]++;
        expect(drcl_scale(drcl_random64(&r), 1) == 0);
        expect(drcl_scale(drcl_random64(&r), UINT64_C(1) << 40) < UINT64_C(1) << 40);
    }
    for (int i = 0; i < 4; i++)
        expect_between(quarter[i], 9601, 10399);
    ck_assert_uint_eq(drcl_scale(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
    ck_assert_uint_eq(drcl_scale(UINT64_MAX, 10), 9);
    ck_assert_uint_eq(drcl_scale(0, UINT64_MAX), 0);
    ck_assert_uint_eq(drcl_scale(UINT64_C(1) << 63, UINT64_C(1) << 40), UINT64_C(1) << 39);
}
END_TEST

/* --- huge pages, which are eight pages here ---------------------------------------------------------------------- */

static void open_huge(void)
{
    open_engine();
    engine.by_page = true;
    s.ops.huge_size = 8 * PAGE;
}

static void mark(size_t i, uint32_t marked)
{
    engine.regions.marked[i] = marked;
}

/* The page on a bound between idle regions goes to the younger one, with the later mark. A region of nothing else goes.
 * The bound of memory in use stays, and so does one across a gap. */
START_TEST(test_huge_whole)
{
    open_huge();
    put(0, 20, 0, 0, 9);
    put(0, 20, 0, 0, 5);
    put(0, 19, 0, 0, 7);
    put(0, 3, 0, 0, 8);
    put(0, 26, 0, 0, 6);
    put(0, 5, 3, 3, 4);
    put(3, 10, 0, 0, 3);
    put(1, 30, 0, 0, 2);
    mark(0, 11);
    mark(1, 12);
    mark(2, 13);
    mark(3, 14);
    drcl_huge_keep_whole(&engine);
    expect_eq(engine.regions.n, 7);
    expect_region(0, 16, 0, 9);
    expect_region(1, 24, 0, 5); /* [16, 40) was in step already on its right */
    expect_region(2, 16, 0, 7);
    expect_region(3, 32, 0, 6); /* all of the one with three pages */
    expect_region(4, 5, 3, 4);
    expect_region(5, 10, 0, 3);
    expect_region(6, 30, 0, 2);
    expect_eq(engine.regions.marked[0], 11);
    expect_eq(engine.regions.marked[1], 12);
    expect_eq(engine.regions.marked[2], 14); /* as what it had for a moment */
    expect_eq(engine.regions.marked[3], 0);
    close_engine();
}
END_TEST

/* Where regions have to be smaller than huge pages, or nobody said how large these are, bounds stay. */
START_TEST(test_no_huge)
{
    open_huge();
    put(0, 10, 0, 0, 9);
    put(0, 10, 1, 0, 5);
    put(0, 2, 0, 0, 5);
    put(0, 1, 0, 0, 9);
    for (int i = 0; i < 3; i++) {
        engine.by_page = i != 1;
        s.ops.huge_size = i == 2 ? 0 : 8 * PAGE;
        drcl_huge_keep_whole(&engine);
        drcl_huge_split_at_bounds(&engine);
        expect_eq(engine.regions.n, 4);
        expect_region(2, 2, 0, 5);
        expect_eq(drcl_split_size_limit(&engine), 7 * PAGE);
    }
    close_engine();
}
END_TEST

/* Where idle memory borders on memory in use, a region of their own for either side's part of the huge page there; once
 * in eight aggregations, and never more regions than allowed. */
START_TEST(test_huge_bounds)
{
    static const uint64_t cut[] = {8, 5, 3, 16, 4, 4, 15}, less[] = {8, 5, 3, 20, 19};
    const struct {
        uint64_t nr_aggregations;
        uint32_t most;
        const uint64_t *pages;
        size_t n;
    } cases[] = {{16, 100, cut, 7}, {16, 5, less, 5}, {17, 100, NULL, 3}, {16, 3, NULL, 3}};

    open_huge();
    for (size_t k = 0; k < NUMBER_OF(cases); k++) {
        clear();
        put(0, 13, 5, 5, 5);
        put(0, 23, 0, 0, 6);
        put(0, 19, 5, 5, 7);
        engine.nr_aggregations = cases[k].nr_aggregations;
        engine.attrs.max_nr_regions = cases[k].most;
        drcl_huge_split_at_bounds(&engine);
        expect_eq(engine.regions.n, cases[k].n);
        expect_eq(engine.targets[0].n, cases[k].n);
        for (size_t i = 0; cases[k].pages && i < cases[k].n; i++)
            expect_eq((engine.regions.end[i] - engine.regions.start[i]) / PAGE, cases[k].pages[i]);
        expect_eq(end_of_regions(), BASE + 55 * PAGE);
    }
    close_engine();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_test(tc, test_age);
    tcase_add_test(tc, test_age_threshold);
    tcase_add_test(tc, test_merge);
    tcase_add_test(tc, test_merge_targets);
    tcase_add_loop_test(tc, test_merge_reference, 0, 4);
    tcase_add_test(tc, test_weighted);
    tcase_add_test(tc, test_split);
    tcase_add_test(tc, test_split_evenly);
    tcase_add_test(tc, test_split_small);
    tcase_add_test(tc, test_huge_region);
    tcase_add_test(tc, test_changed_intervals);
    tcase_add_test(tc, test_tune_scale);
    tcase_add_test(tc, test_moving_sum);
    tcase_add_test(tc, test_draw);
    tcase_add_test(tc, test_huge_whole);
    tcase_add_test(tc, test_no_huge);
    tcase_add_test(tc, test_huge_bounds);
}

int main(void)
{
    return scripted_run("passes", NULL, fill);
}
