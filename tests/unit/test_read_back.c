/* SPDX-License-Identifier: MIT */
/* What was set is read back, and what is read back can be set again. */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_target get_target(struct damon_reclaim *ctx, uint32_t id)
{
    struct damon_reclaim_target target = {.size = sizeof(target)};

    ck_assert_int_eq(damon_reclaim_get_target(ctx, id, &target), 0);
    return target;
}

TEST(test_targets)
{
    struct damon_reclaim_range ranges[] = {{BASE, BASE + MIB}, {BASE + 2 * MIB, BASE + 3 * MIB}};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges, .nr_ranges = 2};
    struct damon_reclaim *ctx;
    uint32_t ids[4] = {77, 77, 77, 77};
    size_t n = 77;

    s.processes[0].pid = 100;
    s.processes[1].pid = 101;
    s.ops.features = 0;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_list_targets(ctx, NULL, 0, &n), 0);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    reclaim_add_process(ctx, 100);
    reclaim_add_process(ctx, 101);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 2), 0);
    ck_assert_int_eq(damon_reclaim_list_targets(ctx, ids, 1, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(ids[0], 1);
    ck_assert_uint_eq(ids[1], 77);
    ck_assert_int_eq(damon_reclaim_list_targets(ctx, ids, 4, &n), 0);
    ck_assert_uint_eq(ids[1], 3);
    ck_assert_uint_eq(ids[2], 77);
    memset(ranges, 0, sizeof(ranges)); /* what is read back is the library's copy */
    target = get_target(ctx, 1);
    ck_assert_int_eq(target.pid, 0);
    ck_assert_uint_eq(target.nr_ranges, 2);
    ck_assert_uint_eq(target.ranges[1].start, BASE + 2 * MIB);
    ck_assert_uint_eq(target.ranges[1].end, BASE + 3 * MIB);
    target = get_target(ctx, 3);
    ck_assert_int_eq(target.pid, 101);
    ck_assert_ptr_null(target.ranges);
    ck_assert_uint_eq(target.nr_ranges, 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 2);
    target = get_target(ctx, 3); /* not the ranges that the backend has found */
    ck_assert_ptr_null(target.ranges);
    expect_error(ctx, damon_reclaim_get_target(ctx, 2, &target), -ENOENT, "target 2");
    expect_error(ctx, damon_reclaim_get_target(ctx, 1, NULL), -EINVAL, "target: NULL");
    expect_error(ctx, damon_reclaim_list_targets(ctx, NULL, 1, &n), -EINVAL, "ids");
    expect_error(ctx, damon_reclaim_list_targets(ctx, ids, 1, NULL), -EINVAL, "ret_n");
    ck_assert_int_eq(damon_reclaim_list_targets(NULL, ids, 1, &n), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_target(NULL, 1, &target), -EINVAL);
}

static struct damon_reclaim_scheme get_scheme(struct damon_reclaim *ctx, uint32_t id)
{
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme)};

    ck_assert_int_eq(damon_reclaim_get_scheme(ctx, id, &scheme), 0);
    return scheme;
}

static void expect_same_scheme(struct damon_reclaim_scheme a, struct damon_reclaim_scheme b)
{
    ck_assert_uint_eq(a.nr_filters, b.nr_filters);
    ck_assert_mem_eq(a.filters, b.filters, a.nr_filters * sizeof(*a.filters));
    ck_assert_uint_eq(a.quota.nr_goals, b.quota.nr_goals);
    ck_assert_mem_eq(a.quota.goals, b.quota.goals, a.quota.nr_goals * sizeof(*a.quota.goals));
    a.filters = b.filters = NULL;
    a.quota.goals = b.quota.goals = NULL;
    ck_assert_mem_eq(&a, &b, sizeof(a)); /* there is no padding */
}

TEST(test_schemes)
{
    struct damon_reclaim_filter filters[] = {{.type = DAMON_RECLAIM_FILTER_ADDR, .start = BASE, .end = BASE + MIB},
                                             {.type = DAMON_RECLAIM_FILTER_TARGET, .target = 3, .allow = true}};
    struct damon_reclaim_goal goal = {.metric = DAMON_RECLAIM_GOAL_USER_INPUT, .target = 5, .current = 4};
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .min_sz = PAGE,
                                          .max_sz = MIB,
                                          .min_nr_accesses = 1,
                                          .max_nr_accesses = 2,
                                          .min_age_us = 3,
                                          .max_age_us = 4,
                                          .action = DAMON_RECLAIM_ACTION_STAT,
                                          .apply_interval_us = 5000000,
                                          .quota = {.ms = 6,
                                                    .sz = 7 * MIB,
                                                    .weight_sz = 8,
                                                    .weight_nr_accesses = 9,
                                                    .weight_age = 10,
                                                    .fail_charge_num = 1,
                                                    .fail_charge_denom = 2,
                                                    .tuner = DAMON_RECLAIM_TUNER_TEMPORAL,
                                                    .goals = &goal,
                                                    .nr_goals = 1},
                                          .watermarks = {.interval_us = 11, .high = 900, .mid = 800, .low = 700},
                                          .filters = filters,
                                          .nr_filters = 2};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    struct damon_reclaim_scheme got;
    uint32_t ids[4] = {77, 77, 77, 77}, id;
    size_t n;

    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, 1), 0);
    ck_assert_int_eq(damon_reclaim_list_schemes(ctx, ids, 4, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(ids[0], DAMON_RECLAIM_SCHEME_RECLAIM);
    ck_assert_uint_eq(ids[1], id);
    ck_assert_uint_eq(ids[2], 77);
    got = get_scheme(ctx, id);
    ck_assert_ptr_ne(got.filters, filters);
    expect_same_scheme(got, scheme);
    /* One member is changed, and all others stay. */
    got.quota.sz = scheme.quota.sz = 12 * MIB;
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &got), 0);
    expect_same_scheme(get_scheme(ctx, id), scheme);
    ck_assert_int_eq(damon_reclaim_report_goal(ctx, id, 0, 13), 0);
    ck_assert_uint_eq(get_scheme(ctx, id).quota.goals[0].current, 13);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, id, NULL, 0), 0);
    ck_assert_ptr_null(get_scheme(ctx, id).filters);
    expect_error(ctx, damon_reclaim_get_scheme(ctx, 1, &got), -ENOENT, "scheme 1");
    expect_error(ctx, damon_reclaim_get_scheme(ctx, id, NULL), -EINVAL, "scheme: NULL");
    expect_error(ctx, damon_reclaim_list_schemes(ctx, NULL, 1, &n), -EINVAL, "ids");
    ck_assert_int_eq(damon_reclaim_list_schemes(NULL, ids, 4, &n), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_scheme(NULL, 0, &got), -EINVAL);
}

/* An older program's struct ends earlier: what it does not have stays as it is. */
TEST(test_older_scheme)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ADDR, .end = BASE};
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .action = DAMON_RECLAIM_ACTION_STAT,
                                          .watermarks = {.interval_us = 1, .high = 3, .mid = 2, .low = 1},
                                          .filters = &filter,
                                          .nr_filters = 1};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint32_t id;

    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    scheme.size = offsetof(struct damon_reclaim_scheme, watermarks);
    scheme.min_sz = MIB;
    ck_assert_int_eq(damon_reclaim_set_scheme(ctx, id, &scheme), 0);
    ck_assert_uint_eq(get_scheme(ctx, id).min_sz, MIB);
    ck_assert_uint_eq(get_scheme(ctx, id).watermarks.high, 3);
    ck_assert_uint_eq(get_scheme(ctx, id).nr_filters, 1);
}

/* The reclaim scheme is what the parameters in effect make of it, also before it was ever at work. */
TEST(test_reclaim_scheme)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ADDR, .end = BASE};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    struct damon_reclaim_scheme scheme = get_scheme(ctx, 0);

    ck_assert_uint_eq(scheme.min_age_us, 120000000);
    ck_assert_uint_eq(scheme.quota.ms, 10);
    ck_assert_uint_eq(scheme.watermarks.high, 500);
    reclaim_set(ctx, "quota_sz=1MiB quota_autotune_feedback=1");
    ck_assert_uint_eq(get_scheme(ctx, 0).quota.sz, 128 * MIB);
    reclaim_commit(ctx);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &filter, 1), 0);
    for (int enabled = 0; enabled < 2; enabled++) {
        scheme = get_scheme(ctx, 0);
        ck_assert_uint_eq(scheme.quota.sz, MIB);
        ck_assert_uint_eq(scheme.quota.nr_goals, 1);
        ck_assert_uint_eq(scheme.quota.goals[0].target, 10000);
        ck_assert_uint_eq(scheme.nr_filters, 1);
        ck_assert_uint_eq(scheme.filters[0].end, BASE);
        reclaim_enable(ctx);
    }
    ck_assert_uint_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
}

TEST(test_exclusions)
{
    char path[] = "/machine.slice";
    struct damon_reclaim_exclusion list[] = {{.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {BASE, BASE + 3}},
                                             {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = path}};
    const struct damon_reclaim_exclusion *got = list;
    struct damon_reclaim *ctx;
    size_t n = 77;

    s.cgroups[0] = (struct scripted_cgroup){path, 7};
    scripted_can_exclude(&s);
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_get_exclusions(ctx, &got, &n), 0);
    ck_assert_ptr_null(got);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, list, 2), 0);
    ck_assert_int_eq(damon_reclaim_get_exclusions(ctx, &got, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(got[0].range.end, BASE + 3); /* as it was given, not in whole pages */
    ck_assert_str_eq(got[1].cgroup, "/machine.slice");
    ck_assert_ptr_ne(got[1].cgroup, path);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, got, n), 0); /* its own list */
    expect_error(ctx, damon_reclaim_get_exclusions(ctx, NULL, &n), -EINVAL, "ret_exclusions");
    expect_error(ctx, damon_reclaim_get_exclusions(ctx, &got, NULL), -EINVAL, "ret_n");
    ck_assert_int_eq(damon_reclaim_get_exclusions(NULL, &got, &n), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, NULL, 0), 0);
}
