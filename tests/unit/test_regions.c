/* SPDX-License-Identifier: MIT */
/* Regions: they always partition what is watched, between the least and the greatest number, whatever happens. */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % n;
}

/* How large a region may be: there are at least min_nr_regions. */
static uint64_t size_limit(uint64_t total, uint64_t min_nr)
{
    uint64_t limit = total / min_nr & ~(PAGE - 1);

    return limit ? limit : PAGE;
}

/* How many regions there are at least when none is larger than @limit. */
static size_t pieces(const struct damon_reclaim_range *ranges, size_t n, uint64_t limit)
{
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (ranges[i].end - ranges[i].start + limit - 1) / limit;
    return sum;
}

/* What max_nr_regions allows of @nr_ranges. */
static uint64_t bound(uint64_t max_nr, size_t nr_ranges)
{
    return max_nr / 2 + nr_ranges > max_nr ? max_nr / 2 + nr_ranges : max_nr;
}

/* During the callback the regions have just been merged, and none has been split yet. */
static size_t merged_n;

static void note_merged(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    damon_reclaim_get_regions(ctx, NULL, 0, &merged_n);
}

/* There are as many regions as min_nr_regions and max_nr_regions say, and none is larger than the first allows, if the
 * second leaves room for that: each piece may be in two parts, which are too large together. */
static void expect_sizes(struct damon_reclaim *ctx, uint64_t total, uint64_t min_nr, uint64_t max_nr)
{
    uint64_t limit = size_limit(total, min_nr), most = bound(max_nr, s.nr_ranges);
    bool has_room = 2 * pieces(s.ranges, s.nr_ranges, limit) <= most;
    struct damon_reclaim_region *regions;
    size_t n;

    expect(merged_n <= most);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n && has_room; i++)
        expect(regions[i].end - regions[i].start <= limit);
    expect(n >= (total / PAGE < min_nr ? total / PAGE : min_nr));
    free(regions);
}

/* Ranges that move, grow, shrink and come and go between two dispatches. */
static void change_ranges(void)
{
    uint64_t at = BASE;

    s.nr_ranges = 1 + draw(8);
    for (size_t i = 0; i < s.nr_ranges; i++) {
        at += PAGE * draw(2000);
        s.ranges[i].start = at;
        at += PAGE * (1 + (draw(4) ? draw(4000) : draw(3)));
        s.ranges[i].end = at;
    }
}

static void change_attributes(struct damon_reclaim *ctx, uint64_t *min_nr, uint64_t *max_nr)
{
    static const char *const samples[] = {"1000", "5000", "10000", "100000"};
    static const char *const aggrs[] = {"100000", "200000", "400000", "110000"};

    *min_nr = 3 + draw(20);
    *max_nr = *min_nr + (draw(3) ? draw(200) : 0);
    reclaim_set(ctx, "min_nr_regions=%" PRIu64 " max_nr_regions=%" PRIu64, *min_nr, *max_nr);
    reclaim_set(ctx, "sample_interval=%s", samples[draw(4)]);
    reclaim_set(ctx, "aggr_interval=%s", aggrs[draw(4)]);
    reclaim_commit(ctx);
}

/* Random patterns, ranges and attributes; reclaiming cuts regions as well. */
TEST_CASES(test_always_a_partition, 6)
{
    uint64_t min_nr = 10, max_nr = 100;
    struct damon_reclaim *ctx;
    bool settled = false;

    random_state = (uint64_t)_i;
    s.seed = (uint64_t)_i;
    s.accessed = accessed_random;
    s.callbacks.after_aggregation = note_merged;
    scripted_manner(&s, s.seed % 2 ? BY_PAGE : WHOLE_REGIONS);
    if (s.seed % 3 == 0)
        s.ops.mark = NULL;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_nr_regions=%" PRIu64 " max_nr_regions=%" PRIu64 " min_age=400ms quota_sz=3MiB", min_nr,
                max_nr);
    reclaim_enable(ctx);
    for (int tick = 0; tick < 3000; tick++) {
        uint64_t aggregations = reclaim_stats(ctx).nr_aggregations, total = 0;

        reclaim_dispatch(ctx);
        s.nr_acts = 0;
        expect_partition(ctx, 0, s.ranges, s.nr_ranges, PAGE);
        for (size_t i = 0; i < s.nr_ranges; i++)
            total += s.ranges[i].end - s.ranges[i].start;
        expect(reclaim_stats(ctx).monitored_bytes == total);
        if (settled && reclaim_stats(ctx).nr_aggregations > aggregations)
            expect_sizes(ctx, total, min_nr, max_nr);
        if (draw(40) == 0)
            s.pattern += draw(1000);
        if (draw(100) == 0) {
            change_attributes(ctx, &min_nr, &max_nr);
            settled = false;
        }
        if (draw(200) == 0) {
            uint64_t until = s.now_ns + 1100 * MS; /* when the backend is asked the next time */

            change_ranges();
            while (s.now_ns < until)
                reclaim_dispatch(ctx);
            settled = false;
        } else if (reclaim_stats(ctx).nr_aggregations > aggregations) {
            settled = true;
        }
    }
}

/* As many patterns as there is room for, and more: the greatest number holds after each merge. A maximum of which the
 * ranges themselves take more than a half leaves a half for splitting. */
TEST_CASES(test_never_too_many, 6)
{
    static const uint64_t most[] = {10, 11, 20, 33, 100, 1000};
    uint64_t max_nr = most[_i];
    struct damon_reclaim *ctx;
    size_t peak = 0;

    s.accessed = accessed_random;
    s.callbacks.after_aggregation = note_merged;
    s.ranges[0].end = BASE + 1024 * MIB;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_nr_regions=4 max_nr_regions=%" PRIu64, max_nr);
    reclaim_enable(ctx);
    for (int i = 0; i < 300; i++) {
        size_t n;

        reclaim_aggregate(ctx, 1);
        s.nr_acts = 0;
        expect(merged_n <= max_nr);
        damon_reclaim_get_regions(ctx, NULL, 0, &n);
        expect(n <= max_nr);
        peak = n > peak ? n : peak;
        if (i % 10 == 0)
            s.pattern += 13;
    }
    ck_assert_uint_gt(peak, max_nr / 2);
}

/* Memory without any pattern ends as min_nr_regions before each split, and never as fewer. */
TEST(test_never_too_few)
{
    struct damon_reclaim *ctx;

    s.callbacks.after_aggregation = note_merged;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_nr_regions=16");
    reclaim_enable(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 16);
    for (int i = 0; i < 100; i++) {
        reclaim_aggregate(ctx, 1);
        expect(merged_n >= 16 && merged_n <= 32);
    }
}

/* Fewer pages than regions asked for: one a page. */
TEST(test_tiny)
{
    struct damon_reclaim *ctx;

    s.ranges[0].end = BASE + 4 * PAGE;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    for (int i = 0; i < 20; i++) {
        reclaim_aggregate(ctx, 1);
        expect(reclaim_stats(ctx).nr_regions == 4);
        expect_partition(ctx, 0, s.ranges, 1, PAGE);
    }
}

/* Ranges are taken inwards to the unit; what is smaller than it is not watched. No range at all is fine. */
TEST(test_alignment)
{
    struct damon_reclaim_range inner[2];
    struct damon_reclaim *ctx;

    s.ops.min_region_size = 65536;
    s.ranges[0] = (struct damon_reclaim_range){BASE + 1, BASE + 65535};
    s.ranges[1] = (struct damon_reclaim_range){BASE + 65536 * 2 + 1, BASE + 65536 * 200 - 1};
    s.ranges[2] = (struct damon_reclaim_range){BASE + 65536 * 300, BASE + 65536 * 310};
    s.ranges[3] = (struct damon_reclaim_range){UINT64_MAX - 70000, UINT64_MAX};
    s.nr_ranges = 4;
    inner[0] = (struct damon_reclaim_range){BASE + 65536 * 3, BASE + 65536 * 199};
    inner[1] = s.ranges[2];
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    for (int i = 0; i < 100; i++) {
        reclaim_dispatch(ctx);
        expect_partition(ctx, 0, inner, 2, 65536);
    }
    damon_reclaim_unref(ctx);
    s.nr_ranges = 0;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 40);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 0);
    s.nr_ranges = 3;
    reclaim_aggregate(ctx, 12);
    expect_partition(ctx, 0, inner, 2, 65536);
    s.nr_ranges = 0;
    reclaim_aggregate(ctx, 12);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 0);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 0);
}

/* What a changed range has in common with the old one keeps its age; what is new begins at 0. */
TEST(test_changed_ranges_keep)
{
    struct damon_reclaim_region *regions;
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    size_t n;

    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 25);
    s.ranges[0] = (struct damon_reclaim_range){BASE + 16 * MIB, BASE + 48 * MIB};
    s.ranges[1] = (struct damon_reclaim_range){BASE + 1024 * MIB, BASE + 1040 * MIB};
    s.nr_ranges = 2;
    reclaim_aggregate(ctx, 12);
    expect_partition(ctx, 0, s.ranges, 2, PAGE);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++) {
        if (regions[i].start < BASE + 1024 * MIB)
            expect(regions[i].age >= 36);
        else
            expect(regions[i].age <= 12);
    }
    free(regions);
}

/* Several targets: each has its own regions, also when one in the middle goes or changes. */
TEST(test_targets)
{
    struct damon_reclaim_range ranges[3][2];
    struct damon_reclaim *ctx;
    uint32_t ids[3];

    s.accessed = accessed_random;
    s.ops.features &= ~(uint32_t)DAMON_RECLAIM_BACKEND_WHOLE; /* each target has a memory of its own */
    ctx = scripted_new(&s, 0);
    for (uint64_t t = 0; t < 3; t++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges[t], .nr_ranges = 2};

        ranges[t][0] = (struct damon_reclaim_range){BASE + t * 7 * MIB, BASE + t * 9 * MIB + 8 * MIB};
        ranges[t][1] = (struct damon_reclaim_range){BASE + 256 * MIB, BASE + 256 * MIB + (t + 1) * 5 * PAGE};
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[t]), 0);
        ck_assert_uint_eq(ids[t], t + 1);
    }
    reclaim_enable(ctx);
    for (int i = 0; i < 2000; i++) {
        reclaim_dispatch(ctx);
        s.nr_acts = 0;
        for (size_t t = 0; t < 3; t++)
            if (t != 1 || i <= 1000)
                expect_partition(ctx, ids[t], ranges[t], 2, PAGE);
            else
                expect_partition(ctx, ids[t], NULL, 0, PAGE);
        if (i == 1000)
            ck_assert_int_eq(damon_reclaim_remove_target(ctx, ids[1]), 0);
        if (i % 100 == 0)
            s.pattern++;
    }
}

static void trace(struct damon_reclaim *ctx, void *userdata)
{
    struct damon_reclaim_region *regions;
    uint64_t *hash = userdata;
    size_t n;

    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n * sizeof(*regions); i++)
        *hash = (*hash ^ ((unsigned char *)regions)[i]) * UINT64_C(0x100000001b3);
    free(regions);
}

/* A run as a number, which also covers each attempt. */
static uint64_t run_with_seed(uint64_t seed)
{
    struct damon_reclaim *ctx;
    uint64_t hash = 0;

    scripted_again(&s);
    s.seed = seed;
    s.userdata = &hash;
    s.accessed = accessed_random;
    s.callbacks.after_aggregation = trace;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=300ms quota_sz=2MiB");
    reclaim_enable(ctx);
    for (int i = 0; i < 60; i++) {
        reclaim_aggregate(ctx, 1);
        s.pattern += i % 5 == 0;
    }
    for (size_t i = 0; i < s.nr_acts; i++)
        hash = (hash ^ s.acts[i].start ^ (s.acts[i].end << 20) ^ s.acts[i].now_ns) * UINT64_C(0x100000001b3);
    return hash;
}

TEST(test_seed)
{
    uint64_t first = run_with_seed(7);

    ck_assert_uint_eq(first, run_with_seed(7));
    ck_assert_uint_ne(first, run_with_seed(8));
    ck_assert_uint_ne(first, run_with_seed(0));
    ck_assert_uint_eq(run_with_seed(UINT64_MAX), run_with_seed(UINT64_MAX));
}

/* Interval tuning: idle memory makes the intervals longer, busy memory shorter, inside of the bounds; whether the
 * memory is looked at in every sample interval or less often. */
TEST_CASES(test_interval_tuning, 2)
{
    struct damon_reclaim_params active = {.size = sizeof(active)};
    struct damon_reclaim *ctx;

    if (_i == 1)
        s.ops.features |= DAMON_RECLAIM_BACKEND_ACCESSES_STAY;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "autotune_monitoring_intervals=Y wmarks_interval=1d");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 3);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 10000);
    ck_assert_uint_eq(active.aggr_interval, 200000);
    reclaim_aggregate(ctx, 3 * 20);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 10000000);
    ck_assert_uint_eq(active.aggr_interval, 200000000);
    ck_assert_uint_eq(reclaim_get(ctx, "sample_interval"), 5000); /* what was asked for is another matter */
    s.accessed = accessed_hot;
    s.hot_end = UINT64_MAX;
    reclaim_aggregate(ctx, 3);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 5000000);
    reclaim_aggregate(ctx, 3 * 20);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 5000);
    ck_assert_uint_eq(active.aggr_interval, 100000);
    /* About 40 bp of all access there could be is what it aims at: there it stays. */
    s.hot_start = BASE + 4 * MIB;
    s.hot_end = s.hot_start + 64 * MIB * 40 / 10000;
    reclaim_aggregate(ctx, 3 * 40);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_lt(active.sample_interval, 10000000);
}

/* What tuning has found survives a commit and new filters; other intervals, or disabling, begin anew. */
TEST(test_tuned_survives)
{
    struct damon_reclaim_params active = {.size = sizeof(active)};
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "autotune_monitoring_intervals=Y wmarks_interval=1d");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 3);
    reclaim_set(ctx, "min_age=7s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, NULL, 0), 0);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 10000);
    ck_assert_uint_eq(active.aggr_interval, 200000);
    reclaim_set(ctx, "sample_interval=6ms");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 6000);
    reclaim_aggregate(ctx, 3);
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &active), 0);
    ck_assert_uint_eq(active.sample_interval, 6000);
}
