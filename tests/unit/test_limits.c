/* SPDX-License-Identifier: MIT */
/* Quotas through the whole library: what is tried in each window, what has its turn first, and where the next goes on.
 */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim *start(uint64_t ms, uint64_t sz)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "min_age=500ms quota_ms=%" PRIu64 " quota_sz=%" PRIu64, ms, sz);
    reclaim_enable(ctx);
    return ctx;
}

/* In each window at most the size, whatever the pattern; and all of it while there is enough to do. */
TEST_CASES(test_size_in_each_window, 4)
{
    static const struct {
        int manner;
        bool random;
    } cases[] = {{WHOLE_REGIONS, .random = false},
                 {BY_PAGE, .random = false},
                 {WHOLE_REGIONS, .random = true},
                 {BY_PAGE, .random = true}};
    uint64_t sz = 3 * MIB + 5 * PAGE, tried = 0, exceeds = 0;
    struct damon_reclaim *ctx;

    s.ranges[0].end = BASE + 512 * MIB;
    s.ns_per_page = 100;
    scripted_manner(&s, cases[_i].manner);
    if (cases[_i].random)
        s.accessed = accessed_random;
    ctx = start(0, sz);
    for (int i = 0; i < 600; i++) {
        s.nr_acts = 0;
        reclaim_aggregate(ctx, 1);
        tried += tried_bytes(&s, 0, s.nr_acts);
        expect(reclaim_stats(ctx).charged_bytes <= sz);
        expect(reclaim_stats(ctx).effective_quota == sz);
        exceeds = reclaim_stats(ctx).nr_quota_exceeds;
        if (cases[_i].random)
            s.pattern += i % 20 == 0;
        expect(tried <= (i / 10 + 1) * sz);
    }
    /* 60 s: 59 or so windows, the first half second of which was for growing old. */
    ck_assert_uint_ge(exceeds, 50);
    ck_assert_uint_ge(tried, 50 * (sz - PAGE));
    ck_assert_uint_eq(tried, reclaim_stats(ctx).bytes_reclaim_tried_regions);
}

/* A region that does not fit is cut, so that its front part does; the rest keeps its age. */
TEST(test_front_part)
{
    struct damon_reclaim_region *regions;
    struct damon_reclaim *ctx;
    uint64_t done = 0;
    size_t n;

    s.ops.mark = NULL;
    ctx = start(0, 10 * PAGE);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 10 * PAGE);
    for (size_t i = 0; i < s.nr_acts; i++) {
        ck_assert_uint_eq(s.acts[i].start, BASE + done);
        done += s.acts[i].end - s.acts[i].start;
    }
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        expect(regions[i].age == (regions[i].end <= BASE + 10 * PAGE ? 0u : 5u));
    free(regions);
}

/* A cut does not tear a huge page, where the quota leaves room for one. */
TEST(test_huge_cut)
{
    struct damon_reclaim *ctx;

    s.ops.huge_size = 2 * MIB;
    s.ops.mark = NULL;
    ctx = start(0, 3 * MIB);
    reclaim_set(ctx, "min_nr_regions=3");
    reclaim_commit(ctx);
    reclaim_aggregate(ctx, 50);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].end - s.acts[i].start >= 2 * MIB && s.acts[i].end % (2 * MIB))
            expect(s.acts[i].result.tried < 3 * MIB); /* ended by the region, not by the quota */
    ck_assert_uint_gt(tried_bytes(&s, 0, s.nr_acts), 8 * MIB);
}

/* What was really spent stays within quota_ms a window on average, for fast and slow and very slow memory. */
TEST_CASES(test_time_on_average, 4 * NR_MANNERS)
{
    static const uint64_t ns_per_page[] = {100, 10000, 1000000, 50000000};
    int manner = _i % NR_MANNERS;
    uint64_t ns = ns_per_page[_i / NR_MANNERS];
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;
    uint64_t begin, windows;

    s.ranges[0].end = BASE + 64 * MIB;
    s.ns_per_page = ns;
    scripted_manner(&s, manner);
    ctx = start(10, 0);
    begin = s.now_ns;
    /* The first attempt of a backend without deadlines is a guess that may take long; the average is over the time
     * after it. */
    while (s.now_ns < begin + 60 * SEC || (reclaim_stats(ctx).reclaim_ns / (10 * MS)) * SEC > s.now_ns - begin) {
        reclaim_dispatch(ctx);
        s.nr_acts = 0;
        expect(s.now_ns < begin + 100000 * SEC);
    }
    stats = reclaim_stats(ctx);
    windows = (s.now_ns - begin) / SEC + 1;
    ck_assert_uint_le(stats.reclaim_ns, windows * 10 * MS + s.ns_per_page);
    if (manner == BY_PAGE) {
        /* With deadlines it holds from the start: no attempt goes on for more than a page beyond it. */
        ck_assert_uint_lt(s.now_ns, begin + 61 * SEC);
        if (ns * 64 * MIB / PAGE > 60 * 10 * MS)
            ck_assert_uint_ge(stats.reclaim_ns, windows * 10 * MS * 90 / 100);
    }
}

/* A backend that looks at pages gets what is left of the size and of the time. */
TEST(test_room_in_request)
{
    struct damon_reclaim *ctx;
    uint64_t left = 0, spent = 0, last_window = 0;

    s.ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    s.ns_per_page = 1 * US;
    ctx = start(5, 20 * MIB);
    reclaim_aggregate(ctx, 60);
    for (size_t i = 0; i < s.nr_acts; i++) {
        const struct scripted_act *act = &s.acts[i];

        if (!act->reclaim)
            continue;
        if (!last_window || act->now_ns - last_window >= 300 * MS) {
            left = 20 * MIB;
            spent = 0;
        }
        last_window = act->now_ns;
        expect_eq(act->request.max_bytes, left);
        expect_eq(act->request.deadline_ns, act->now_ns + 5 * MS - spent);
        left -= act->result.tried;
        spent += act->result.tried / PAGE * US;
    }
    ck_assert_uint_gt(last_window, 0);
}

/* Of two ages that both match, the quota goes to the colder. */
TEST(test_priority)
{
    struct damon_reclaim *ctx;
    uint64_t begin;

    s.accessed = accessed_hot;
    s.hot_start = BASE;
    s.hot_end = BASE + 32 * MIB;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=1d"); /* nothing is old enough at first */
    reclaim_set(ctx, "quota_ms=0 quota_sz=2MiB");
    reclaim_enable(ctx);
    begin = s.now_ns;
    reclaim_run_until(ctx, begin + 10 * SEC);
    s.hot_end = s.hot_start;
    reclaim_run_until(ctx, begin + 12 * SEC); /* the front is two seconds old, the back twelve */
    reclaim_set(ctx, "min_age=1s");
    reclaim_commit(ctx);
    reclaim_run_until(ctx, begin + 16 * SEC);
    ck_assert_uint_ge(tried_bytes(&s, 0, s.nr_acts), 6 * MIB);
    for (size_t i = 0; i < s.nr_acts; i++)
        if (s.acts[i].reclaim)
            ck_assert_uint_ge(s.acts[i].start, BASE + 31 * MIB);
}

static struct damon_reclaim_region seen[4096];
static size_t nr_seen;

static void note(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                 const struct damon_reclaim_result *result, void *userdata)
{
    (void)ctx, (void)result, (void)userdata;
    if (scheme)
        seen[nr_seen++] = *region;
}

/* After a full window the next goes on where it stopped, and begins again at the end: memory is visited in turn. */
TEST(test_visited_in_turn)
{
    struct damon_reclaim_scheme stat = {.size = sizeof(stat),
                                        .max_nr_accesses = UINT32_MAX,
                                        .action = DAMON_RECLAIM_ACTION_STAT,
                                        .quota = {.sz = 5 * MIB, .reset_interval_ms = 100}};
    struct damon_reclaim *ctx;
    uint64_t at = BASE;
    int turns = 0;

    s.callbacks.after_reclaim = note;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=1d");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &stat, NULL), 0);
    reclaim_enable(ctx);
    for (int i = 0; i < 100; i++) {
        uint64_t bytes = 0;

        nr_seen = 0;
        reclaim_aggregate(ctx, 1);
        expect(nr_seen > 0);
        if (at == BASE + 64 * MIB) {
            at = BASE;
            turns++;
        }
        for (size_t k = 0; k < nr_seen; k++) {
            expect_eq(seen[k].start, at);
            at = seen[k].end;
            bytes += seen[k].end - seen[k].start;
        }
        expect(bytes <= 5 * MIB);
        expect(bytes == 5 * MIB || at == BASE + 64 * MIB);
    }
    ck_assert_int_ge(turns, 6);
}

/* The target at which it stopped is gone: it begins at the first. */
TEST(test_resume_without_target)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + 8 * MIB}, {BASE + 64 * MIB, BASE + 72 * MIB}};
    struct damon_reclaim_scheme stat = {.size = sizeof(stat),
                                        .max_nr_accesses = UINT32_MAX,
                                        .action = DAMON_RECLAIM_ACTION_STAT,
                                        .quota = {.sz = 9 * MIB, .reset_interval_ms = 100}};
    struct damon_reclaim *ctx;
    uint32_t ids[2];

    s.callbacks.after_reclaim = note;
    ctx = scripted_new(&s, 0);
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[i]), 0);
    }
    reclaim_set(ctx, "min_age=1d");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &stat, NULL), 0);
    reclaim_enable(ctx);
    nr_seen = 0;
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(seen[nr_seen - 1].target, ids[1]);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, ids[1]), 0);
    nr_seen = 0;
    reclaim_aggregate(ctx, 2);
    ck_assert_uint_gt(nr_seen, 0);
    ck_assert_uint_eq(seen[0].start, BASE);
}

/* A goal of the program steers how much is reclaimed. */
TEST(test_goal)
{
    struct damon_reclaim_goal goal = {.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 1000};
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .action = DAMON_RECLAIM_ACTION_PAGEOUT,
                                          .quota = {.reset_interval_ms = 100, .goals = &goal, .nr_goals = 1}};
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx;
    uint32_t id;

    s.ops.mark = NULL;
    s.ranges[0].end = BASE + 1024 * MIB;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=1d");
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 1);
    for (uint64_t pages = 2, i = 0; i < 10; i++, pages *= 2) {
        ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &stats), 0);
        ck_assert_uint_eq(stats.effective_quota, pages * PAGE);
        reclaim_aggregate(ctx, 1);
    }
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, id, 0, 5000), 0);
    reclaim_aggregate(ctx, 2);
    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, id, &stats), 0);
    ck_assert_uint_eq(stats.effective_quota, PAGE);
    expect_error(ctx, damon_reclaim_report_goal(ctx, id, 1, 1), -ENOENT, "goal");
    expect_error(ctx, damon_reclaim_report_goal(ctx, 9, 0, 1), -ENOENT, "scheme 9");
    expect_error(ctx, damon_reclaim_report_goal(ctx, 0, 0, 1), -ENOENT, "goal");
    reclaim_set(ctx, "quota_mem_pressure_us=1000");
    s.psi_valid = true;
    reclaim_commit(ctx);
    expect_error(ctx, damon_reclaim_report_goal(ctx, 0, 0, 1), -EINVAL, "measured");
    ck_assert_int_eq(damon_reclaim_report_goal(NULL, 0, 0, 1), -EINVAL);
}

/* What tells how far the goal is reached. */
enum { BY_FEEDBACK, BY_PRESSURE_OF_BACKEND, BY_PRESSURE_OF_SYSTEM, NR_GOALS };

/* quota_autotune_feedback and quota_mem_pressure_us are goals of the reclaim scheme. */
TEST_CASES(test_goal_parameters, NR_GOALS)
{
    static const char *const goals[] = {"quota_autotune_feedback=1", "quota_mem_pressure_us=1000",
                                        "quota_mem_pressure_us=1000"};
    struct damon_reclaim *ctx;

    s.psi_valid = _i == BY_PRESSURE_OF_BACKEND;
    if (_i == BY_PRESSURE_OF_SYSTEM) {
        s.ops.metrics = NULL;
        s.pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n";
    }
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0 %s", goals[_i]);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 60);
    expect_between(reclaim_stats(ctx).effective_quota, 32 * PAGE, 64 * PAGE);
    if (_i == BY_FEEDBACK) {
        reclaim_set(ctx, "quota_autotune_feedback=20000");
        reclaim_commit(ctx);
    } else {
        s.psi_us += 5000;
        s.pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=5012\n";
    }
    reclaim_aggregate(ctx, 11);
    ck_assert_uint_le(reclaim_stats(ctx).effective_quota, 2 * PAGE);
}

enum { THEN_COMMIT, THEN_FILTERS, NR_CHANGES };

/* What is reported is the parameter's value from then on: neither new filters nor a commit take it back. */
TEST_CASES(test_reported_feedback, NR_CHANGES)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint64_t quota;

    reclaim_set(ctx, "min_age=500ms quota_ms=0 quota_autotune_feedback=1");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 60);
    quota = reclaim_stats(ctx).effective_quota;
    reclaim_set(ctx, "quota_sz=1GiB");
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 20000), 0);
    ck_assert_uint_eq(reclaim_get(ctx, "quota_autotune_feedback"), 20000);
    if (_i == THEN_COMMIT)
        reclaim_commit(ctx);
    else
        ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, NULL, 0), 0);
    reclaim_aggregate(ctx, 11);
    ck_assert_uint_lt(reclaim_stats(ctx).effective_quota, quota);
    ck_assert_uint_le(reclaim_stats(ctx).effective_quota, 2 * PAGE);
    /* What is staged and not committed waits for that; what is committed counts. */
    reclaim_set(ctx, "quota_autotune_feedback=7");
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 0), 0);
    ck_assert_uint_eq(reclaim_get(ctx, "quota_autotune_feedback"), 7);
    reclaim_commit(ctx);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, UINT64_MAX), 0);
    reclaim_commit(ctx);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 0), 0);
    reclaim_commit(ctx);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, 0, 0, 0), 0); /* the goal is still there */
}
