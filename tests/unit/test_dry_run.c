/* SPDX-License-Identifier: MIT */
/* DAMON_RECLAIM_DRY_RUN: schemes choose and count, quotas fill, and nothing is acted on. */
#include "scripted.h"

static struct scripted s;

static struct {
    bool allow;
    uint64_t asked, told, reclaimed, nr_asked;
} seen;

static bool before(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                   void *userdata)
{
    (void)ctx, (void)scheme, (void)userdata;
    seen.nr_asked++;
    seen.asked += region->end - region->start;
    return seen.allow;
}

static void after(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                  const struct damon_reclaim_result *result, void *userdata)
{
    (void)ctx, (void)scheme, (void)userdata;
    ck_assert_uint_eq(result->tried, region->end - region->start);
    seen.told += result->tried;
    seen.reclaimed += result->reclaimed;
}

static const struct damon_reclaim_callbacks callbacks = {
    .size = sizeof(callbacks), .before_reclaim = before, .after_reclaim = after};

static struct damon_reclaim *start(bool by_page, bool allow, const char *settings)
{
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx;

    scripted_init(&s);
    if (!by_page)
        s.ops.features &= ~(uint32_t)DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    else
        s.ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    memset(&seen, 0, sizeof(seen));
    seen.allow = allow;
    config = scripted_config(&s);
    config.callbacks = &callbacks;
    config.flags = DAMON_RECLAIM_DRY_RUN;
    ctx = reclaim_new(&config);
    reclaim_set(ctx, "%s", settings);
    reclaim_enable(ctx);
    return ctx;
}

static void end(struct damon_reclaim *ctx)
{
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}

/* All 64 MiB are cold after ten aggregations, and again in each that follows, because their age goes on. */
TEST_CASES(test_counts_and_touches_nothing, 2)
{
    struct damon_reclaim *ctx = start(_i, true, "min_age=1s quota_sz=0 quota_ms=0");
    struct damon_reclaim_region *regions;
    struct damon_reclaim_stats stats;
    size_t n;

    reclaim_aggregate(ctx, 12);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(s.nr_acts, 0); /* neither mark() nor reclaim() */
    ck_assert_uint_eq(stats.bytes_reclaim_tried_regions, 3 * 64 * MIB);
    ck_assert_uint_gt(stats.nr_reclaim_tried_regions, 0);
    ck_assert_uint_eq(stats.bytes_filter_passed, stats.bytes_reclaim_tried_regions);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, 0);
    ck_assert_uint_eq(stats.nr_reclaimed_regions, 0);
    ck_assert_uint_eq(stats.bytes_accessed + stats.bytes_not_reclaimable, 0);
    ck_assert_uint_eq(stats.reclaim_ns, 0);
    ck_assert_uint_eq(seen.asked, 3 * 64 * MIB);
    ck_assert_uint_eq(seen.told, 3 * 64 * MIB);
    ck_assert_uint_eq(seen.reclaimed, 0);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(regions[i].age, 12);
    free(regions);
    end(ctx);
}

/* A window takes 16 MiB, or what 4 ms are assumed to be worth before anything was measured, which is as much. */
TEST_CASES(test_quota, 4)
{
    struct damon_reclaim *ctx =
        start(_i & 1, true, _i & 2 ? "min_age=1s quota_sz=0 quota_ms=4" : "min_age=1s quota_sz=16MiB quota_ms=0");
    uint64_t first;

    reclaim_aggregate(ctx, 12);
    first = reclaim_stats(ctx).bytes_reclaim_tried_regions;
    ck_assert_uint_ge(first, 16 * MIB);
    ck_assert_uint_eq(reclaim_stats(ctx).charged_bytes, 16 * MIB);
    reclaim_aggregate(ctx, 10);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, first + 16 * MIB);
    ck_assert_uint_ge(reclaim_stats(ctx).nr_quota_exceeds, 1);
    ck_assert_uint_eq(s.nr_acts, 0);
    end(ctx);
}

/* What the program would not have reclaimed does not count. */
TEST(test_program_says_no)
{
    struct damon_reclaim *ctx = start(true, false, "min_age=1s quota_sz=16MiB quota_ms=0");

    reclaim_aggregate(ctx, 12);
    ck_assert_uint_gt(seen.asked, 0);
    ck_assert_uint_eq(seen.told, 0);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 0);
    ck_assert_uint_eq(reclaim_stats(ctx).charged_bytes, 0);
    end(ctx);
}

/* What is refused does not fill the quota: the rest of the region is for the next round, not for this one page by page.
 */
TEST_CASES(test_program_says_no_to_trimmed, 2)
{
    struct damon_reclaim *ctx = start(_i, false, "min_age=1s quota_sz=4096 quota_ms=0");

    reclaim_aggregate(ctx, 20);
    ck_assert_uint_ge(seen.nr_asked, 9);
    ck_assert_uint_le(seen.nr_asked, 20);
    end(ctx);
}
