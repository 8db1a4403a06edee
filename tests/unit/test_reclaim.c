/* SPDX-License-Identifier: MIT */
/* The reclaim scheme at work: what is reclaimed, when, and what becomes of it. */
#include <errno.h>

#include "scripted.h"

#define HUGE_PAGE (2 * MIB)

SCRIPTED_FIXTURE(s);

static struct damon_reclaim *start(const char *min_age)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "min_age=%s quota_ms=0 quota_sz=0", min_age);
    reclaim_enable(ctx);
    return ctx;
}

/* Nothing before min_age, all that is cold soon after, the hot part never. */
TEST_CASES(test_cold_is_reclaimed, 2 * NR_MANNERS)
{
    bool with_mark = _i >= NR_MANNERS;
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;
    uint64_t begin, hot = 0;

    s.accessed = accessed_hot;
    s.hot_start = BASE + 16 * MIB;
    s.hot_end = BASE + 32 * MIB;
    if (!with_mark)
        s.ops.mark = NULL;
    scripted_manner(&s, _i % NR_MANNERS);
    ctx = start("2s");
    begin = s.now_ns;
    reclaim_run_until(ctx, begin + 1990 * MS);
    for (size_t i = 0; i < s.nr_acts; i++)
        expect(!s.acts[i].reclaim);
    reclaim_run_until(ctx, begin + 6 * SEC);
    stats = reclaim_stats(ctx);
    for (size_t i = 0; i < s.nr_acts; i++) {
        struct scripted_act *act = &s.acts[i];

        if (act->reclaim && act->start < s.hot_end && act->end > s.hot_start)
            hot +=
                (act->end < s.hot_end ? act->end : s.hot_end) - (act->start > s.hot_start ? act->start : s.hot_start);
        expect(!act->reclaim || act->request.action == DAMON_RECLAIM_ACTION_PAGEOUT);
        expect(!act->reclaim || act->request.marked == with_mark);
    }
    ck_assert_uint_ge(tried_bytes(&s, 0, s.nr_acts), 48 * MIB * 95 / 100);
    ck_assert_uint_le(hot, MIB / 2); /* a region may straddle the bounds by what samples rarely hit */
    ck_assert_uint_eq(stats.bytes_reclaim_tried_regions, tried_bytes(&s, 0, s.nr_acts));
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, stats.bytes_reclaim_tried_regions);
    ck_assert_uint_gt(stats.nr_reclaim_tried_regions, 0);
    ck_assert_uint_eq(stats.nr_reclaimed_regions, stats.nr_reclaim_tried_regions);
    ck_assert_uint_eq(stats.nr_quota_exceeds, 0);
    ck_assert_uint_eq(stats.effective_quota, UINT64_MAX);
}

/* What is reclaimed was marked before, all of it, for half of its age at least and never less than an aggregation. */
TEST_CASES(test_marked_before, 5)
{
    static const char *const min_ages[] = {"2s", "1s", "200ms", "100ms", "0"};
    static const uint64_t leads[] = {1000 * MS, 500 * MS, 100 * MS, 100 * MS, 100 * MS};
    static uint64_t marked_at[64 * MIB / PAGE];
    struct damon_reclaim *ctx;
    size_t reclaimed = 0;

    s.accessed = accessed_random;
    ctx = start(min_ages[_i]);
    for (int i = 0; i < 300; i++) {
        s.nr_acts = 0;
        reclaim_aggregate(ctx, 1);
        for (size_t a = 0; a < s.nr_acts; a++) {
            struct scripted_act *act = &s.acts[a];

            expect(!act->reclaim || act->request.marked);
            for (uint64_t page = (act->start - BASE) / PAGE; page < (act->end - BASE) / PAGE; page++) {
                if (act->reclaim)
                    expect(marked_at[page] && act->now_ns - marked_at[page] >= leads[_i]);
                marked_at[page] = act->reclaim ? 0 : act->now_ns;
            }
            reclaimed += act->reclaim;
        }
        s.pattern += i % 30 == 0;
    }
    ck_assert_uint_gt(reclaimed, 0);
}

/* With a long age it is marked long before its turn, for what is marked costs less to sample. */
TEST(test_marked_early)
{
    struct damon_reclaim *ctx;
    uint64_t begin, marked = 0;

    s.accessed = accessed_hot;
    ctx = start("60s");
    begin = s.now_ns;
    reclaim_run_until(ctx, begin + 4900 * MS);
    ck_assert_uint_eq(s.nr_acts, 0);
    reclaim_run_until(ctx, begin + 5500 * MS);
    for (size_t i = 0; i < s.nr_acts; i++) {
        ck_assert_int_eq(s.acts[i].reclaim, false);
        marked += s.acts[i].end - s.acts[i].start;
    }
    ck_assert_uint_eq(marked, 64 * MIB);
    s.nr_acts = 0;
    reclaim_run_until(ctx, begin + 59900 * MS);
    ck_assert_uint_eq(s.nr_acts, 0); /* neither again nor too early */
    reclaim_run_until(ctx, begin + 60500 * MS);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}

/* Memory that is used between being marked and its turn is not handed out. */
TEST(test_mark_ends_with_access)
{
    struct damon_reclaim *ctx;
    uint64_t begin, marked = 0;

    s.accessed = accessed_hot;
    ctx = start("2s");
    begin = s.now_ns;
    reclaim_run_until(ctx, begin + 1500 * MS);
    ck_assert_uint_gt(s.nr_acts, 0); /* marked */
    s.hot_start = BASE;
    s.hot_end = BASE + 64 * MIB;
    reclaim_run_until(ctx, begin + 1700 * MS);
    s.hot_end = BASE; /* idle again: its age begins anew */
    s.nr_acts = 0;
    reclaim_run_until(ctx, begin + 3600 * MS);
    for (size_t i = 0; i < s.nr_acts; i++) {
        ck_assert_int_eq(s.acts[i].reclaim, false);
        marked += s.acts[i].end - s.acts[i].start;
    }
    ck_assert_uint_eq(marked, 64 * MIB); /* and it is watched anew */
    reclaim_run_until(ctx, begin + 4000 * MS);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}

/* A huge page may be followed into the next region if that is cold as well, not into one that is in use. */
TEST(test_limit_end)
{
    struct damon_reclaim *ctx;
    size_t beyond = 0, at_the_end = 0;

    s.ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    s.accessed = accessed_hot;
    s.ranges[0].end = s.hot_start = BASE + 32 * MIB; /* so that regions end there */
    s.ranges[1] = (struct damon_reclaim_range){s.hot_start, s.hot_start + 32 * MIB};
    s.hot_end = s.ranges[1].end;
    s.nr_ranges = 2;
    ctx = start("500ms");
    reclaim_aggregate(ctx, 8);
    for (size_t i = 0; i < s.nr_acts; i++) {
        if (!s.acts[i].reclaim)
            continue;
        ck_assert_uint_le(s.acts[i].request.limit_end, s.hot_start);
        beyond += s.acts[i].request.limit_end > s.acts[i].end;
        at_the_end += s.acts[i].end == s.hot_start;
    }
    ck_assert_uint_gt(beyond, 0);
    ck_assert_uint_gt(at_the_end, 0);
}

/* Huge pages that go out of use one after the other; the last four never. */
static bool accessed_huge(struct scripted *sim, uint32_t target, uint64_t addr)
{
    uint64_t number = (addr - BASE) / HUGE_PAGE;

    (void)target;
    return number >= 28 || sim->now_ns < sim->pattern + number * 100 * MS;
}

static bool agree(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region, void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)userdata;
    return true;
}

/* A huge page goes as a whole or not at all, so none may for ever be divided among regions that are never due at the
 * same time, or that a callback is asked about one by one. */
TEST_CASES(test_huge_pages_go, 16)
{
    struct damon_reclaim *ctx;
    uint32_t gone = 0;

    s.ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    s.ops.huge_size = HUGE_PAGE;
    s.accessed = accessed_huge;
    s.pattern = s.now_ns;
    s.seed = (uint64_t)_i;
    if (s.seed % 2)
        s.callbacks.before_reclaim = agree;
    ctx = start("500ms");
    reclaim_aggregate(ctx, 80);
    for (size_t i = 0; i < s.nr_acts; i++) {
        const struct scripted_act *act = &s.acts[i];

        for (uint64_t page = BASE; act->reclaim && page < act->end; page += HUGE_PAGE)
            if (page >= act->start && page + HUGE_PAGE <= act->request.limit_end)
                gone |= UINT32_C(1) << (page - BASE) / HUGE_PAGE;
    }
    ck_assert_uint_eq(gone, (UINT32_C(1) << 28) - 1);
}

/* DAMON_RECLAIM_NO_MARK: as the kernel does it. */
TEST(test_no_mark)
{
    struct damon_reclaim *ctx = scripted_new(&s, DAMON_RECLAIM_NO_MARK);

    reclaim_set(ctx, "min_age=1s quota_ms=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 12);
    ck_assert_uint_gt(s.nr_acts, 0);
    for (size_t i = 0; i < s.nr_acts; i++) {
        ck_assert_int_eq(s.acts[i].reclaim, true);
        ck_assert_int_eq(s.acts[i].request.marked, false);
    }
}

/* An attempt sets the age to 0: the same memory has its next turn min_age later. */
TEST(test_age_starts_anew)
{
    struct damon_reclaim_region *regions;
    struct damon_reclaim *ctx;
    size_t n;

    s.reclaimed_pct = 0; /* whether or not it did anything */
    ctx = start("1s");
    reclaim_aggregate(ctx, 10);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(regions[i].age, 0);
    free(regions);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_reclaimed_regions, 0);
    s.nr_acts = 0;
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 0);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}

/* An error of the moment: the region keeps its age and has its turn with the next round. */
TEST_CASES(test_passing_error, 2)
{
    static const int errors[] = {-EINTR, -ENOMEM};
    struct damon_reclaim *ctx = start("1s");

    reclaim_aggregate(ctx, 9);
    s.fail[OP_RECLAIM] = errors[_i];
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_lt(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
}

static size_t nr_not_ready;
static uint64_t asked_for; /* where the last attempt began */

/* Still finding out whose memory it is: nothing is tried, and it wants to go on there next time. */
static int not_ready(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    (void)data;
    if (nr_not_ready++)
        ck_assert_uint_eq(request->start, asked_for);
    asked_for = result->end = request->start;
    return 0;
}

/* A backend that does not get on is asked once a round, for the same memory, which stays as old as it is. */
TEST_CASES(test_not_ready, 2)
{
    static const char *const quotas[] = {"0", "10"};
    struct damon_reclaim_region *regions;
    struct damon_reclaim *ctx;
    size_t n;

    s.ops.reclaim = not_ready;
    nr_not_ready = 0;
    ctx = start("1s");
    reclaim_set(ctx, "quota_ms=%s", quotas[_i]);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(nr_not_ready, 0);
    reclaim_aggregate(ctx, 20);
    ck_assert_uint_eq(nr_not_ready, 20);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(regions[i].age, 29);
    free(regions);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 0);
}

static int refuse_half(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    (void)data;
    result->accessed = (request->end - request->start) / 4;
    result->not_reclaimable = (request->end - request->start) / 4;
    result->tried = (request->end - request->start) / 2;
    result->filter_passed = result->tried;
    result->reclaimed = result->tried / 2;
    return 0;
}

/* What the backend found is added up. */
TEST(test_statistics)
{
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;

    s.ops.reclaim = refuse_half;
    ctx = start("1s");
    reclaim_aggregate(ctx, 10);
    stats = reclaim_stats(ctx);
    ck_assert_uint_eq(stats.bytes_reclaim_tried_regions, 32 * MIB);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, 16 * MIB);
    ck_assert_uint_eq(stats.bytes_filter_passed, 32 * MIB);
    ck_assert_uint_eq(stats.bytes_accessed, 16 * MIB);
    ck_assert_uint_eq(stats.bytes_not_reclaimable, 16 * MIB);
    ck_assert_uint_eq(stats.nr_aggregations, 10);
    ck_assert_uint_eq(stats.nr_samples, 200);
    ck_assert_uint_eq(stats.monitored_bytes, 64 * MIB);
    ck_assert_uint_eq(stats.nr_targets, 1);
}

static int boast(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    (void)data, (void)request;
    memset(result, 0xff, sizeof(*result));
    return 0;
}

/* A backend that makes no sense does not break anything but its own figures. */
TEST(test_boastful_backend)
{
    struct damon_reclaim *ctx;

    s.ops.reclaim = boast;
    ctx = start("1s");
    reclaim_aggregate(ctx, 30);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
    ck_assert_uint_le(reclaim_stats(ctx).bytes_reclaim_tried_regions, 3 * 64 * MIB);
    ck_assert_uint_le(reclaim_stats(ctx).bytes_reclaimed_regions, reclaim_stats(ctx).bytes_reclaim_tried_regions);
}

/* Without evidence nothing is cold: while the check fails for the moment, ages do not grow towards reclaim. */
TEST_CASES(test_no_evidence, 2)
{
    static const enum scripted_op ops[] = {OP_PREPARE, OP_CHECK};
    struct damon_reclaim *ctx = start("1s");

    for (int i = 0; i < 400; i++) {
        s.fail[ops[_i]] = -ENOMEM;
        reclaim_dispatch(ctx);
    }
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 0);
    reclaim_aggregate(ctx, 14);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}

/* Marking takes at most a tenth of an aggregation; what is left has its turn in the next one. */
static int slow_mark(void *data, uint32_t target, uint64_t start_addr, uint64_t end)
{
    (void)data, (void)target;
    s.now_ns += (end - start_addr) / PAGE * 10 * US;
    s.nr_calls[OP_MARK]++;
    return 0;
}

TEST(test_slow_mark)
{
    struct damon_reclaim *ctx;
    uint64_t calls;

    s.ranges[0].end = BASE + 1024 * MIB; /* 2.6 s to mark */
    s.ops.mark = slow_mark;
    ctx = start("1s");
    for (int i = 0; i < 50; i++) {
        calls = s.nr_calls[OP_MARK];
        reclaim_aggregate(ctx, 1);
        expect(s.nr_calls[OP_MARK] - calls <= 2); /* 64 MiB a step */
    }
    ck_assert_uint_ge(tried_bytes(&s, 0, s.nr_acts), 1000 * MIB);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
}

/* min_age counts in time: longer aggregations, fewer of them. */
TEST(test_min_age_in_time)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint64_t begin;

    reclaim_set(ctx, "min_age=4s aggr_interval=500ms sample_interval=20ms quota_ms=0");
    reclaim_enable(ctx);
    begin = s.now_ns;
    reclaim_run_until(ctx, begin + 3970 * MS);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 0);
    reclaim_run_until(ctx, begin + 4001 * MS);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}

/* Without a time limit an attempt ends all the same, so that sampling goes on; the rest follows round by round. */
TEST(test_long_attempt)
{
    struct damon_reclaim *ctx;

    s.ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    s.ns_per_page = MS; /* 16 s for all of it */
    ctx = start("1s");
    reclaim_set(ctx, "quota_ms=0 quota_sz=0");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    reclaim_run_until(ctx, s.now_ns + 60 * SEC);
    for (size_t i = 0; i < s.nr_acts; i++) {
        const struct scripted_act *act = &s.acts[i];

        if (act->reclaim) {
            expect(act->request.deadline_ns && act->request.deadline_ns <= act->now_ns + 100 * MS);
            expect(act->result.tried <= 101 * PAGE);
        }
    }
    ck_assert_uint_ge(tried_bytes(&s, 0, s.nr_acts), 64 * MIB);
}
