/* SPDX-License-Identifier: MIT */
/* Filters: those of the core cut regions, those of the pages go to the backend, the first that matches decides. */
#include <errno.h>

#include "pages/page_filter.h"
#include "scripted.h"

SCRIPTED_FIXTURE(s);

#define FILTER(type_, ...) ((struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_##type_, __VA_ARGS__})

static uint8_t tried[64 * MIB / PAGE];

/* Begins anew, runs until all that may be reclaimed was tried, and notes which pages were. */
static void run_with(const struct damon_reclaim_filter *filters, size_t n, int manner)
{
    struct damon_reclaim *ctx;

    scripted_again(&s);
    scripted_manner(&s, manner);
    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_ANON;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, filters, n), 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0 quota_sz=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    memset(tried, 0, sizeof(tried));
    for (size_t i = 0; i < s.nr_acts; i++) {
        if (!s.acts[i].reclaim)
            continue;
        expect(s.acts[i].start % PAGE == 0 && s.acts[i].end % PAGE == 0 &&
               s.acts[i].request.limit_end >= s.acts[i].end);
        expect(manner == BY_PAGE || s.acts[i].request.limit_end == s.acts[i].end);
        for (uint64_t at = s.acts[i].start; at < s.acts[i].end; at += PAGE)
            tried[(at - BASE) / PAGE] = 1;
    }
    /* What a filter of the core cuts off is not counted as tried. */
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, tried_bytes(&s, 0, s.nr_acts));
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
}

/* Exactly the pages of [from, until), or all but those, in bytes from the base, were tried. */
static void expect_tried(uint64_t from, uint64_t until, bool inside)
{
    for (uint64_t at = 0; at < 64 * MIB; at += PAGE)
        if (tried[at / PAGE] != ((at >= from && at < until) == inside))
            ck_abort_msg("page at 0x%llx: %d", (unsigned long long)at, tried[at / PAGE]);
}

/* Bounds in bytes from the base. A page on a bound is touched only if all of it may be. */
TEST_CASES(test_addr, NR_MANNERS)
{
    static const struct {
        bool matching, allow;
        uint64_t start, end;
        uint64_t from, until; /* what is or is not tried */
        bool inside;
    } cases[] = {
        {true, false, 10 * MIB, 20 * MIB, 10 * MIB, 20 * MIB, false}, /* reject what is inside */
        {true, true, 10 * MIB, 20 * MIB, 10 * MIB, 20 * MIB, true},   /* allow it; the rest gets the opposite */
        {false, true, 10 * MIB, 20 * MIB, 10 * MIB, 20 * MIB, false}, /* allow what is outside */
        {false, false, 10 * MIB, 20 * MIB, 10 * MIB, 20 * MIB, true}, /* reject what is outside */
        {true, false, 0, UINT64_MAX - BASE, 0, 0, true},
        {true, false, 0, 1, 0, PAGE, false},
        {true, false, 10 * MIB + 1, 20 * MIB + PAGE - 1, 10 * MIB, 20 * MIB + PAGE, false},
        {true, true, 10 * MIB + 1, 20 * MIB + PAGE - 1, 10 * MIB + PAGE, 20 * MIB, true},
        {true, false, 5 * MIB + 100, 5 * MIB + 200, 5 * MIB, 5 * MIB + PAGE, false}, /* both in one page ... */
        {true, true, 5 * MIB + 100, 5 * MIB + 200, 0, 0, true},
        {true, true, 5 * MIB + 100, 5 * MIB + PAGE + 1, 0, 0, true}, /* ... and in two that touch */
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        struct damon_reclaim_filter f = FILTER(ADDR, .matching = cases[i].matching, .allow = cases[i].allow,
                                               .start = BASE + cases[i].start, .end = BASE + cases[i].end);

        run_with(&f, 1, _i);
        expect_tried(cases[i].from, cases[i].until, cases[i].inside);
    }
    /* All before the memory. */
    run_with(&FILTER(ADDR, .matching = true, .end = BASE), 1, _i);
    expect_tried(0, 64 * MIB, true);
}

/* The first that matches decides, whatever the ones behind it say. */
TEST_CASES(test_order, NR_MANNERS)
{
    struct damon_reclaim_filter f[] = {
        FILTER(ADDR, .matching = true, .allow = true, .start = BASE + 12 * MIB, .end = BASE + 14 * MIB),
        FILTER(ADDR, .matching = true, .allow = false, .start = BASE + 10 * MIB, .end = BASE + 20 * MIB),
    };

    run_with(f, 2, _i);
    for (uint64_t at = 0; at < 64 * MIB; at += PAGE)
        expect(tried[at / PAGE] == ((at >= 12 * MIB && at < 14 * MIB) || at < 10 * MIB || at >= 20 * MIB));
    f[1].allow = true; /* only these two pieces */
    f[0].allow = false;
    run_with(f, 2, _i);
    for (uint64_t at = 0; at < 64 * MIB; at += PAGE)
        expect(tried[at / PAGE] == ((at >= 10 * MIB && at < 12 * MIB) || (at >= 14 * MIB && at < 20 * MIB)));
}

/* A filter that names a target holds for all of it and for no other. */
TEST_CASES(test_target, 4)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + 8 * MIB}, {BASE, BASE + 8 * MIB}};
    static const struct {
        bool matching, allow;
        uint32_t tried; /* the target */
    } cases[] = {{true, true, 2}, {true, false, 1}, {false, true, 1}, {false, false, 2}};
    struct damon_reclaim_filter f =
        FILTER(TARGET, .matching = cases[_i].matching, .allow = cases[_i].allow, .target = 2);
    struct damon_reclaim *ctx;

    s.ops.features &= ~(uint32_t)DAMON_RECLAIM_BACKEND_WHOLE; /* each target has a memory of its own */
    ctx = scripted_new(&s, 0);
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &f, 1), 0);
    reclaim_set(ctx, "min_age=500ms");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].reclaim)
            ck_assert_uint_eq(s.acts[i].target, cases[_i].tried);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 8 * MIB);
}

/* Each combination of matching and allow, for a page that is and for one that is not of the type. */
TEST(test_page)
{
    struct drcl_page pages[2] = {
        {.anon = true, .active = true, .young = true, .unmapped = true, .size = 2 * MIB, .memcg = 77},
        {.size = PAGE, .memcg = 78}};
    struct damon_reclaim_filter types[] = {
        FILTER(ANON, .matching = false),  FILTER(ACTIVE, .matching = false),
        FILTER(YOUNG, .matching = false), FILTER(UNMAPPED, .matching = false),
        FILTER(MEMCG, .memcg = 77),       FILTER(HUGEPAGE_SIZE, .start = 2 * MIB, .end = 2 * MIB),
    };

    for (size_t i = 0; i < NUMBER_OF(types); i++) {
        for (int how = 0; how < 4; how++) {
            struct damon_reclaim_filter f = types[i];

            f.matching = how & 1;
            f.allow = how & 2;
            for (int of_type = 0; of_type < 2; of_type++) {
                bool matched = of_type == (int)f.matching;

                expect_eq(drcl_page_filter_allows(&f, 1, &pages[!of_type]), matched ? f.allow : !f.allow);
            }
        }
    }
    ck_assert_int_eq(drcl_page_filter_allows(NULL, 0, &pages[0]), true);
}

TEST(test_page_order)
{
    struct drcl_page anon = {.anon = true, .size = PAGE}, young = {.anon = true, .young = true, .size = PAGE};
    struct drcl_page file = {.size = PAGE}, huge = {.size = 2 * MIB};
    struct damon_reclaim_filter f[] = {
        FILTER(YOUNG, .matching = true, .allow = false),
        FILTER(ANON, .matching = true, .allow = true),
        FILTER(HUGEPAGE_SIZE, .matching = true, .allow = true, .start = MIB, .end = 4 * MIB),
    };

    ck_assert_int_eq(drcl_page_filter_allows(f, 3, &anon), true);
    ck_assert_int_eq(drcl_page_filter_allows(f, 3, &young), false);
    ck_assert_int_eq(drcl_page_filter_allows(f, 3, &file), false); /* none matches: the opposite of the last */
    ck_assert_int_eq(drcl_page_filter_allows(f, 3, &huge), true);
    ck_assert_int_eq(drcl_page_filter_allows(f, 1, &file), true);
    /* Filters of the core among them are passed over here. */
    f[2] = FILTER(ADDR, .matching = true, .allow = true, .end = UINT64_MAX);
    ck_assert_int_eq(drcl_page_filter_allows(f, 3, &file), false);
    ck_assert_int_eq(drcl_page_filter_allows(&f[1], 2, &file), false);
}

/* Filters of pages go to the backend with the request, in their order; what they cut off counts as its result says. */
static bool odd_pages(struct scripted *scripted, uint64_t addr)
{
    (void)scripted;
    return (addr / PAGE) & 1;
}

TEST(test_page_filters_reach_backend)
{
    struct damon_reclaim_filter f = FILTER(YOUNG, .matching = true);
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;
    size_t n = 0;

    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_YOUNG;
    s.filter = odd_pages;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &f, 1), 0);
    reclaim_set(ctx, "min_age=500ms skip_anon=Y quota_ms=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 5);
    for (size_t i = 0; i < s.nr_acts; i++) {
        if (!s.acts[i].reclaim)
            continue;
        n++;
        ck_assert_uint_eq(s.acts[i].request.nr_filters, 2);
        ck_assert_int_eq(s.acts[i].filters[0].type, DAMON_RECLAIM_FILTER_YOUNG);
        ck_assert_int_eq(s.acts[i].filters[1].type, DAMON_RECLAIM_FILTER_ANON);
        ck_assert_int_eq(s.acts[i].filters[1].matching, true);
        ck_assert_int_eq(s.acts[i].filters[1].allow, false);
    }
    ck_assert_uint_gt(n, 0);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(stats.bytes_filter_passed, 32 * MIB);
    reclaim_set(ctx, "skip_anon=N");
    reclaim_commit(ctx);
    s.nr_acts = 0;
    reclaim_aggregate(ctx, 6);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].reclaim)
            ck_assert_uint_eq(s.acts[i].request.nr_filters, 1);
}

/* A filter of the core that decided leaves nothing for those of the pages; without a match they decide. */
TEST_CASES(test_core_before_pages, NR_MANNERS)
{
    struct damon_reclaim_filter f[] = {
        FILTER(ADDR, .matching = true, .allow = true, .start = BASE, .end = BASE + 32 * MIB),
        FILTER(ANON, .matching = true, .allow = false),
    };

    run_with(f, 2, _i);
    expect_tried(0, 64 * MIB, true);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].reclaim)
            ck_assert_uint_eq(s.acts[i].request.nr_filters, s.acts[i].start < BASE + 32 * MIB ? 0 : 2);
}

/* How far a huge page that begins in a region may be followed: never into what a filter keeps. */
TEST(test_limit_end)
{
    struct damon_reclaim_filter f =
        FILTER(ADDR, .matching = true, .start = BASE + 32 * MIB + 5, .end = BASE + 64 * MIB);

    run_with(&f, 1, BY_PAGE);
    expect_tried(0, 32 * MIB, true);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].reclaim)
            ck_assert_uint_le(s.acts[i].request.limit_end, BASE + 32 * MIB + 5);
}

enum { OF_RECLAIM_SCHEME, OF_ADDED_SCHEME, NR_SCHEMES };

/* A cgroup is looked up when the filter is set; what the backend gets has its number alone. */
TEST_CASES(test_memcg_path, NR_SCHEMES)
{
    struct damon_reclaim_filter f[] = {
        FILTER(ADDR, .matching = true, .start = BASE, .end = BASE + MIB, .memcg_path = "/nobody/looks"),
        FILTER(MEMCG, .matching = true, .memcg_path = "/a.slice"),
    };
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_age_us = 500000, .filters = f, .nr_filters = 2, .max_sz = UINT64_MAX};
    struct damon_reclaim *ctx;
    size_t n = 0;

    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_MEMCG;
    s.cgroups[0] = (struct scripted_cgroup){"/a.slice", 77};
    ctx = scripted_new(&s, 0);
    if (_i == OF_ADDED_SCHEME)
        ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    else
        ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, f, 2), 0);
    reclaim_set(ctx, "min_age=%s", _i == OF_ADDED_SCHEME ? "1h" : "500ms");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    for (size_t i = 0; i < s.nr_acts; i++) {
        if (!s.acts[i].reclaim)
            continue;
        n++;
        expect(s.acts[i].request.nr_filters == 2 && !s.acts[i].filters[0].memcg_path);
        expect(s.acts[i].filters[1].memcg == 77 && !s.acts[i].filters[1].memcg_path);
    }
    ck_assert_uint_gt(n, 0);
    f[1].memcg_path = "/b.slice";
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -ENOENT, "filters[1].memcg_path");
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "/b.slice"));
    expect_error(ctx, damon_reclaim_add_scheme(ctx, &scheme, NULL), -ENOENT, "filters[1].memcg_path");
    f[1].memcg = 5;
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EINVAL, "filters[1].memcg");
    f[1].memcg = 0;
    f[1].memcg_path = NULL;
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EINVAL, "filters[1].memcg");
}

TEST(test_bad)
{
    struct damon_reclaim_filter f[40] = {FILTER(ADDR, .matching = true, .start = 5, .end = 5)};
    struct damon_reclaim *ctx;

    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_ANON;
    ctx = scripted_new(&s, 0);
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 1), -EINVAL, "filters[0].start");
    f[0] = FILTER(TARGET, .target = 1);
    f[1] = FILTER(HUGEPAGE_SIZE, .start = 5, .end = 4);
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EOPNOTSUPP, "hugepage_size");
    for (int type = DAMON_RECLAIM_FILTER_ACTIVE; type <= DAMON_RECLAIM_FILTER_UNMAPPED; type++) {
        f[1] = (struct damon_reclaim_filter){.type = (uint32_t)type};
        expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EOPNOTSUPP, damon_reclaim_filter_name(f[1].type));
        ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "filters[1]"));
        ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "scripted"));
    }
    f[1].type = (uint32_t)8;
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EINVAL, "filters[1].type");
    f[1].type = (uint32_t)33;
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 2), -EINVAL, "filters[1].type");
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, NULL, 2), -EINVAL, "filters");
    expect_error(ctx, damon_reclaim_set_filters(ctx, 3, f, 1), -ENOENT, "scheme 3");
    expect_error(ctx, damon_reclaim_set_filters(ctx, 99, f, 1), -ENOENT, "scheme 99");
    for (size_t i = 0; i < 40; i++)
        f[i] = FILTER(ADDR, .matching = true, .start = BASE + i * MIB, .end = BASE + i * MIB + PAGE);
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, f, 33), -ENOSPC, "33");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, f, 32), 0);
    /* The 33rd is the one of skip_anon. */
    reclaim_set(ctx, "skip_anon=Y min_age=500ms quota_ms=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB - 32 * PAGE);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, NULL, 0), 0);
    reclaim_aggregate(ctx, 9);
    ck_assert_int_eq(damon_reclaim_set_filters(NULL, 0, NULL, 0), -EINVAL);
}
