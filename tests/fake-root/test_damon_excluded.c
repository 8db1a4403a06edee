/* SPDX-License-Identifier: MIT */
/* The backend "damon", cgroups and exclusions: paths for the kernel, and what goes before every filter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "damon_life.h"

#define OPS(later)  ((later) ? RECLAIM "ops_filters/" : RECLAIM "filters/")
#define CORE(later) ((later) ? RECLAIM "core_filters/" : RECLAIM "filters/")

static void is_in(const char *dir, const char *name, const char *value)
{
    char path[160];

    snprintf(path, sizeof(path), "%s%s", dir, name);
    is(path, value);
}

static void make_cgroups(void)
{
    damon_add_cgroup("/", 1);
    damon_add_cgroup("/job", 20);
    damon_add_cgroup("/job/worker", 21);
    damon_add_cgroup("/other", 30);
}

START_TEST(test_memcg)
{
    const struct damon_reclaim_filter by_path = {
        .type = DAMON_RECLAIM_FILTER_MEMCG, .matching = false, .memcg_path = "job//worker/"};
    const struct damon_reclaim_filter by_inode = {.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 30};
    const struct damon_reclaim_filter none = {
        .type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg_path = "/nowhere"};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    make_cgroups();
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &by_path, 1), 0);
    enable(ctx);
    is_in(OPS(_i), "0/type", "memcg");
    is_in(OPS(_i), "0/memcg_path", "/job/worker");
    is_in(OPS(_i), "0/matching", "N");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &by_inode, 1), 0);
    is_in(OPS(_i), "0/memcg_path", "/other");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &none, 1), -ENOENT);
    is_in(OPS(_i), "0/memcg_path", "/other");
    /* One that is gone by the time it is needed again. */
    damon_remove_cgroup("/other");
    set(ctx, "skip_anon", "Y");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -ENOENT);
    says(ctx, "30");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_excluded)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true, .allow = true};
    const struct damon_reclaim_exclusion exclusions[] = {
        {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job"},
        {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {MIB, 2 * MIB}},
    };
    size_t first = _i ? 0 : 1; /* of the cgroups: the old layout has one directory */
    struct damon_reclaim *ctx;
    char name[64];

    damon_fs_new(_i);
    make_cgroups();
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &young, 1), 0);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, exclusions, 2), 0);
    enable(ctx);
    is_in(CORE(_i), "0/type", "addr");
    is_in(CORE(_i), "0/addr_start", "1048576");
    is_in(CORE(_i), "0/addr_end", "2097152");
    is_in(CORE(_i), "0/matching", "Y");
    snprintf(name, sizeof(name), "%zu/memcg_path", first);
    is_in(OPS(_i), name, "/job");
    snprintf(name, sizeof(name), "%zu/memcg_path", first + 1);
    is_in(OPS(_i), name, "/job/worker");
    snprintf(name, sizeof(name), "%zu/type", first + 2);
    is_in(OPS(_i), name, "young"); /* the scheme's own come behind */
    is(_i ? CONTEXT "schemes/0/ops_filters/nr_filters" : CONTEXT "schemes/0/filters/nr_filters", "0");
    /* A cgroup that comes below it is excluded before long. */
    damon_add_cgroup("/job/new", 22);
    for (int i = 0; i < 8; i++)
        warm_up(ctx);
    is_in(OPS(_i), "nr_filters", _i ? "4" : "5");
    ck_assert_uint_ge(fs->nr_commit, 1);
    ck_assert_uint_eq(fs->nr_on, 1);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, NULL, 0), 0);
    is_in(OPS(_i), "nr_filters", "1");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* A service that is started anew: its cgroup is away for a while. */
START_TEST(test_comes_back)
{
    const struct damon_reclaim_exclusion exclusion = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job/worker"};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    make_cgroups();
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &exclusion, 1), 0);
    enable(ctx);
    is_in(OPS(_i), "nr_filters", "1");
    damon_remove_cgroup("/job/worker");
    for (int i = 0; i < 4; i++)
        warm_up(ctx);
    is_in(OPS(_i), "nr_filters", "0");
    damon_add_cgroup("/job/worker", 23);
    for (int i = 0; i < 4; i++)
        warm_up(ctx);
    is_in(OPS(_i), "nr_filters", "1");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

/* The kernel refuses a cgroup that has gone since it was listed. */
START_TEST(test_outrun)
{
    const struct damon_reclaim_exclusion exclusion = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job"};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    make_cgroups();
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &exclusion, 1), 0);
    fs->going = "/job/worker";
    enable(ctx);
    is_in(OPS(_i), "nr_filters", "1");
    /* While it works, by itself and when something is committed. */
    for (int i = 0; i < 3; i++)
        warm_up(ctx);
    damon_add_cgroup("/job/short", 24);
    fs->going = "/job/short";
    for (int i = 0; i < 4; i++)
        warm_up(ctx);
    ck_assert_ptr_null(fs->going);
    is_in(OPS(_i), "nr_filters", "1");
    damon_add_cgroup("/job/shorter", 25);
    fs->going = "/job/shorter";
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    is_in(OPS(_i), "nr_filters", "1");
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    /* What is refused though nobody has gone is refused. */
    fs->refuse_commit = -EINVAL;
    set(ctx, "min_age", "20s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EINVAL);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_refused)
{
    const struct damon_reclaim_exclusion pid = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 42};
    const struct damon_reclaim_exclusion cgroup = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job"};
    const struct damon_reclaim_exclusion range = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {MIB, 2 * MIB}};
    const struct damon_reclaim_filter allow = {
        .type = DAMON_RECLAIM_FILTER_ADDR, .matching = true, .allow = true, .start = 0, .end = MIB};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    make_cgroups();
    fs->alive[0] = 42;
    fs->alive[1] = 43;
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &pid, 1), 0); /* there may be targets yet */
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    says(ctx, "exclusions[0].pid: 42");
    says(ctx, "cgroup of its own");
    nothing_left();
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &cgroup, 1), 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &pid, 1), -EOPNOTSUPP);
    is_in(OPS(_i), "nr_filters", "2"); /* the list before it holds */
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &allow, 1), -EOPNOTSUPP);
    says(ctx, "filters of scheme 0");
    damon_reclaim_unref(ctx);
    nothing_left();
    /* With processes the other way round. */
    ctx = new_context(NULL, 0, 0);
    add_process(ctx, 43);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &cgroup, 1), -EOPNOTSUPP);
    says(ctx, "exclusions[0].cgroup");
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &pid, 1), 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &range, 1), 0);
    is_in(CORE(_i), "0/addr_end", "2097152");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_memcg, 0, 2);
    tcase_add_loop_test(tc, test_excluded, 0, 2);
    tcase_add_loop_test(tc, test_comes_back, 0, 2);
    tcase_add_loop_test(tc, test_outrun, 0, 2);
    tcase_add_loop_test(tc, test_refused, 0, 2);
}

int main(void)
{
    return run_suite("damon-excluded", 120, fill);
}
