/* SPDX-License-Identifier: MIT */
/* Passes over the regions: split, drawn addresses, huge pages. */
#include "base/random.h"
#include "engine/huge.h"
#include "engine/merge.h"
#include "engine/sample.h"
#include "engine/split.h"
#include "engine_fixture.h"

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

FIXTURE(open_engine, close_engine);

TEST(test_split)
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

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        size_t split;

        attributes(5000, 100000, 3, cases[i].max_nr);
        put_many(cases[i].n);
        engine.last_n = cases[i].last_n;
        drcl_split_at_random(&engine);
        split = check_split(cases[i].n, cases[i].pieces);
        /* Which one in so many is a matter of chance: the last one may be among them. */
        expect(split == cases[i].split || (cases[i].n > cases[i].max_nr / 2 && split == cases[i].split + 1));
        expect(engine.last_n == cases[i].n);
        expect(engine.regions.n <= (cases[i].n > cases[i].max_nr ? cases[i].n : cases[i].max_nr));
        if (cases[i].pieces == 3 && cases[i].n > 10)
            expect(engine.regions.n > 2 * cases[i].n);
    }
}

/* All nine tenths are drawn, about as often as each other. */
TEST(test_split_evenly)
{
    size_t tenths[10] = {0};

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
}

/* A region of at most two units is left whole, and a cut that would leave an empty part is skipped. */
TEST(test_split_small)
{
    bool cut_at_one = false, whole = false;

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
}

/* A region of almost all addresses: no sum overflows. */
TEST(test_huge_region)
{
    put(0, (UINT64_C(1) << 51) - 1, 0, 0, 5);
    for (int round = 0; round < 30; round++) {
        drcl_age_and_merge(&engine);
        expect(engine.regions.n >= 3);
        drcl_split_at_random(&engine);
        for (size_t i = 0; i < engine.regions.n; i++)
            expect(engine.regions.end[i] > engine.regions.start[i]);
    }
    drcl_sample_prepare(&engine);
}

/* Addresses are drawn over all of a region, whatever its size. */
TEST(test_draw)
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

/* --- huge pages, which are eight pages here ---------------------------------------------------------------------- */

static void open_huge(void)
{
    engine.by_page = true;
    s.ops.huge_size = 8 * PAGE;
}

static void mark(size_t i, uint32_t marked)
{
    engine.regions.marked[i] = marked;
}

/* The page on a bound between idle regions goes to the younger one, with the later mark. A region of nothing else goes.
 * The bound of memory in use stays, and so does one across a gap. */
TEST(test_huge_whole)
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
}

/* Where regions have to be smaller than huge pages, or nobody said how large these are, bounds stay. */
TEST(test_no_huge)
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
}

/* Where idle memory borders on memory in use, a region of their own for either side's part of the huge page there; once
 * in eight aggregations, and never more regions than allowed. */
TEST(test_huge_bounds)
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
            expect_eq(pages_of(i), cases[k].pages[i]);
        expect_eq(end_of_regions(), BASE + 55 * PAGE);
    }
}
