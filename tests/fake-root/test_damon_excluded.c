/* SPDX-License-Identifier: MIT */
/* The backend "damon": filters by control group, and exclusions, which come before all filters. */
#include <errno.h>
#include <stdio.h>

#include "damon_life.h"

/* Filters that look at pages, and those that look at addresses: a later kernel has a directory for each. */
#define PAGE_FILTERS (KERNEL == LATER_LINUX ? RECLAIM "ops_filters/" : RECLAIM "filters/")
#define ADDR_FILTERS (KERNEL == LATER_LINUX ? RECLAIM "core_filters/" : RECLAIM "filters/")
#define NR_FILTERS   (KERNEL == LATER_LINUX ? RECLAIM "ops_filters/nr_filters" : RECLAIM "filters/nr_filters")

static const struct damon_reclaim_exclusion job = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job"};
static const struct damon_reclaim_exclusion worker = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/job/worker"};
static const struct damon_reclaim_exclusion range = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {MIB, 2 * MIB}};
static const struct damon_reclaim_exclusion process = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 42};

static void add_cgroups(void)
{
    fake_cgroup(f, "/job", 20);
    fake_cgroup(f, "/job/worker", 21);
    fake_cgroup(f, "/other", 30);
}

static void exclude(const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    if (damon_reclaim_set_exclusions(ctx, exclusions, n) < 0)
        ck_abort_msg("not excluded: %s", damon_reclaim_last_error(ctx));
}

TEST_FOR_KERNELS(test_memcg)
{
    const struct damon_reclaim_filter by_path = {
        .type = DAMON_RECLAIM_FILTER_MEMCG, .matching = false, .memcg_path = "job//worker/"};
    const struct damon_reclaim_filter by_inode = {.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 30};
    const struct damon_reclaim_filter none = {
        .type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg_path = "/nowhere"};

    add_cgroups();
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &by_path, 1), 0);
    reclaim_enable(ctx);
    tree_is(PAGE_FILTERS, "nr_filters: 1\n0/type: memcg\n0/memcg_path: /job/worker\n");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &by_inode, 1), 0);
    tree_is(PAGE_FILTERS, "nr_filters: 1\n0/type: memcg\n0/memcg_path: /other\n0/matching: Y\n");
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, &none, 1), -ENOENT, "/nowhere");
    tree_is(PAGE_FILTERS, "nr_filters: 1\n0/type: memcg\n0/memcg_path: /other\n0/matching: Y\n");
    /* It is gone by the time that the filters are written again. */
    fake_cgroup_remove(f, "/other");
    reclaim_set(ctx, "skip_anon=Y");
    expect_error(ctx, damon_reclaim_commit(ctx), -ENOENT, "30");
}

TEST_FOR_KERNELS(test_excluded)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true, .allow = true};
    const struct damon_reclaim_exclusion exclusions[] = {job, range};

    add_cgroups();
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &young, 1), 0);
    exclude(exclusions, 2);
    reclaim_enable(ctx);
    /* Exclusions are filters that reject; the scheme's own come after them. */
    tree_is(RECLAIM "filters/", "6.12 nr_filters: 4\n"
                                "6.12 0/type: addr\n6.12 0/matching: Y\n"
                                "6.12 0/addr_start: 1048576\n6.12 0/addr_end: 2097152\n"
                                "6.12 1/type: memcg\n6.12 1/matching: Y\n6.12 1/memcg_path: /job\n"
                                "6.12 2/type: memcg\n6.12 2/matching: Y\n6.12 2/memcg_path: /job/worker\n"
                                "6.12 3/type: young\n");
    tree_is(RECLAIM "core_filters/", "later nr_filters: 1\nlater 0/type: addr\nlater 0/matching: Y\n"
                                     "later 0/addr_start: 1048576\nlater 0/addr_end: 2097152\n");
    tree_is(RECLAIM "ops_filters/", "later nr_filters: 3\n"
                                    "later 0/type: memcg\nlater 0/matching: Y\nlater 0/memcg_path: /job\n"
                                    "later 1/type: memcg\nlater 1/matching: Y\nlater 1/memcg_path: /job/worker\n"
                                    "later 2/type: young\nlater 2/matching: Y\nlater 2/allow: Y\n");
    tree_is(CONTEXT "schemes/0/filters/", "");
    tree_is(CONTEXT "schemes/0/ops_filters/", "");
    /* A cgroup that is made below an excluded one is excluded before long, by a commit. */
    fake_cgroup(f, "/job/new", 22);
    warm_up(24);
    is(NR_FILTERS, KERNEL == LATER_LINUX ? "4" : "5");
    ck_assert_uint_ge(damon->nr_commit, 1);
    ck_assert_uint_eq(damon->nr_on, 1);
    exclude(NULL, 0);
    is(NR_FILTERS, "1");
}

/* The kernel knows no cgroup without the memory controller: what is in one is charged to the next one above. */
TEST_FOR_KERNELS(test_without_controller)
{
    static const struct damon_reclaim_exclusion late = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP,
                                                        .cgroup = "/sys/fs/cgroup/late/"};

    add_cgroups();
    fake_cgroup(f, "/job/plain", 22)->no_memory = true;
    ctx = new_context(NULL, 0, 0);
    exclude(&job, 1);
    reclaim_enable(ctx);
    is(NR_FILTERS, "2");
    exclude(&late, 1);
    is(NR_FILTERS, "0");
    fake_cgroup(f, "/late", 31)->no_memory = true;
    warm_up(3);
    tree_is(PAGE_FILTERS, "nr_filters: 1\n0/type: memcg\n0/memcg_path: /\n0/matching: Y\n");
    fake_cgroup_of(f, "/late")->no_memory = false;
    warm_up(3);
    tree_is(PAGE_FILTERS, "nr_filters: 1\n0/type: memcg\n0/memcg_path: /late\n0/matching: Y\n");
}

/* The cgroup of a service that is restarted goes away and comes back. */
TEST_FOR_KERNELS(test_comes_back)
{
    add_cgroups();
    ctx = new_context(NULL, 0, 0);
    exclude(&worker, 1);
    reclaim_enable(ctx);
    is(NR_FILTERS, "1");
    fake_cgroup_remove(f, "/job/worker");
    warm_up(12);
    is(NR_FILTERS, "0");
    fake_cgroup(f, "/job/worker", 23);
    warm_up(12);
    is(NR_FILTERS, "1");
}

/* The kernel refuses a cgroup that has gone away since the library listed it: when the context is enabled, while it
 * works, and when parameters are committed. */
TEST_FOR_KERNELS(test_gone_since)
{
    add_cgroups();
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    exclude(&job, 1);
    damon->going = "/job/worker";
    reclaim_enable(ctx);
    is(NR_FILTERS, "1");
    warm_up(9);
    fake_cgroup(f, "/job/short", 24);
    damon->going = "/job/short";
    warm_up(12);
    ck_assert_ptr_null(damon->going);
    is(NR_FILTERS, "1");
    fake_cgroup(f, "/job/shorter", 25);
    damon->going = "/job/shorter";
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    is(NR_FILTERS, "1");
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    fake_cgroup(f, "/job/plain", 26);
    damon->losing = "/job/plain";
    warm_up(4);
    ck_assert_ptr_null(damon->losing);
    is(NR_FILTERS, "1");
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
    /* Any other refusal is one. */
    damon->refuse_commit = -EINVAL;
    reclaim_set(ctx, "min_age=20s");
    expect_error(ctx, damon_reclaim_commit(ctx), -EINVAL, "");
}

TEST_FOR_KERNELS(test_refused)
{
    const struct damon_reclaim_filter allow = {
        .type = DAMON_RECLAIM_FILTER_ADDR, .matching = true, .allow = true, .start = 0, .end = MIB};

    add_cgroups();
    fake_process(f, 42);
    ctx = new_context(NULL, 0, 0);
    exclude(&process, 1); /* targets may still come */
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "exclusions[0].pid: 42");
    says(damon_reclaim_last_error(ctx), "cgroup of its own");
    nothing_left();
    exclude(&job, 1);
    reclaim_enable(ctx);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, &process, 1), -EOPNOTSUPP, "pid");
    is(NR_FILTERS, "2"); /* the exclusion before it holds */
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, &allow, 1), -EOPNOTSUPP, "filters of scheme 0");
    damon_reclaim_unref(ctx);
    nothing_left();
    /* Of processes a process can be excluded, and no cgroup. */
    ctx = new_context(NULL, 0, 0);
    add_process(43);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, &job, 1), -EOPNOTSUPP, "exclusions[0].cgroup");
    exclude(&process, 1);
    reclaim_enable(ctx);
    exclude(&range, 1);
    tree_is(ADDR_FILTERS, "nr_filters: 1\n0/type: addr\n0/matching: Y\n0/addr_start: 1048576\n0/addr_end: 2097152\n");
}
