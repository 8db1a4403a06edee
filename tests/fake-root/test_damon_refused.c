/* SPDX-License-Identifier: MIT */
/* What the backend "damon" refuses: the error names the culprit, and nothing has changed. */
#include <errno.h>
#include <stdio.h>

#include "damon_life.h"

TEST_FOR_KERNELS(test_contexts)
{
    static const struct {
        const char *operations;
        uint32_t flags;
        const char *missing;
        int error;
        const char *word;
    } cases[] = {
        {"taddr", 0, NULL, -EINVAL, "taddr"},
        {"paddr", DAMON_RECLAIM_DAMON_MONITOR_ONLY, NULL, -EOPNOTSUPP, "MONITOR_ONLY"},
        {NULL, DAMON_RECLAIM_DAMON_MONITOR_ONLY, NULL, -ENOENT, "CONFIG_PROC_PAGE_MONITOR"}, /* no files about pages */
        {NULL, 1u << 9, NULL, -EINVAL, "flags"},
        {NULL, 0, "/nr_kdamonds", -ENOENT, "CONFIG_DAMON_SYSFS"},
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        damon->files.missing = cases[i].missing;
        ck_assert_int_eq(try_context(&ctx, cases[i].operations, cases[i].flags, 0), cases[i].error);
        says(error, cases[i].word);
    }
    damon->files.missing = NULL;
    ctx = new_context("vaddr", 0, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "vaddr"); /* without a process */
}

/* The kernel looks at single pages of physical memory alone, and would ignore such a filter for processes. */
TEST_FOR_KERNELS(test_page_filters_of_processes)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};
    const struct damon_reclaim_filter target = {.type = DAMON_RECLAIM_FILTER_TARGET, .matching = true};

    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    add_process(42);
    reclaim_set(ctx, "skip_anon=Y");
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "skip_anon");
    nothing_left();
    reclaim_set(ctx, "skip_anon=N");
    reclaim_enable(ctx);
    expect_error(ctx, damon_reclaim_set_filters(ctx, 0, &young, 1), -EOPNOTSUPP, "young");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &target, 1), 0);
    reclaim_set(ctx, "skip_anon=Y");
    expect_error(ctx, damon_reclaim_commit(ctx), -EOPNOTSUPP, "skip_anon");
    run(2);
    is("0/state", "on");
    is(KERNEL == LATER_LINUX ? RECLAIM "core_filters/nr_filters" : RECLAIM "filters/nr_filters", "1");
}

TEST_FOR_KERNELS(test_no_memory_there)
{
    struct damon_reclaim_range range = {UINT64_C(0x80000000), UINT64_C(0x90000000)};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};

    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    reclaim_set(ctx, "monitor_region_start=0x40000000 monitor_region_end=0x50000000");
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "monitor_region_start");
    says(damon_reclaim_last_error(ctx), "0x100000-0x40000000"); /* where there is memory */
    nothing_left();
    reclaim_set(ctx, "monitor_region_start=0x3fffe000");
    reclaim_enable(ctx);
    is(CONTEXT "targets/0/regions/0/start", "1073733632");
    reclaim_set(ctx, "monitor_region_start=0x40000000");
    expect_error(ctx, damon_reclaim_commit(ctx), -EINVAL, "monitor_region_start");
    is("0/state", "on");
    is(CONTEXT "targets/0/regions/0/start", "1073733632");
    damon_reclaim_unref(ctx);
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "target 1");
    nothing_left();
    damon_reclaim_unref(ctx);
    /* Where it is not known what is memory, the kernel is not sent there. */
    f->missing = "/proc/iomem";
    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "monitor_region_start=0x40000000 monitor_region_end=0x50000000");
    expect_error(ctx, damon_reclaim_enable(ctx), -ENOENT, "/proc/iomem");
}

/* A kernel that is sent where there is no memory may never come back: it gets what is memory, in whole pages. */
TEST_FOR_KERNELS(test_only_memory)
{
    static const struct damon_reclaim_range piece = {0x9f000, 0xa1000}; /* memory ends in the first page */
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &piece, .nr_ranges = 1};
    int r = 0;

    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    reclaim_set(ctx, "monitor_region_start=0x20000000 monitor_region_end=18446744073709551615");
    reclaim_enable(ctx);
    tree_is(CONTEXT "targets/0/regions/", "nr_regions: 2\n0/start: 536870912\n0/end: 1073741824\n"
                                          "1/start: 4294967296\n1/end: 5368709120\n");
    /* A hole, and the unaligned ends of memory and of what is asked for. */
    reclaim_set(ctx, "monitor_region_start=0x9e001 monitor_region_end=0x101fff");
    reclaim_commit(ctx);
    tree_is(CONTEXT "targets/0/regions/", "nr_regions: 1\n0/start: 1048576\n0/end: 1052672\n");
    reclaim_set(ctx, "monitor_region_start=0x9d000");
    reclaim_commit(ctx);
    tree_is(CONTEXT "targets/0/regions/",
            "nr_regions: 2\n0/start: 643072\n0/end: 651264\n1/start: 1048576\n1/end: 1052672\n");
    /* Memory that goes away while it is watched is taken from the kernel; without any left nothing is watched. */
    f->iomem = "00001000-0009dfff : System RAM\n";
    f->now_ns += 31 * SEC;
    warm_up(3);
    tree_is(CONTEXT "targets/0/regions/", "nr_regions: 1\n0/start: 643072\n0/end: 647168\n");
    f->iomem = "00001000-0009cfff : System RAM\n";
    f->now_ns += 31 * SEC;
    for (int i = 0; i < 100 && r == 0; i++) {
        f->now_ns += SEC / 10;
        r = damon_reclaim_dispatch(ctx);
    }
    ck_assert_int_eq(r, -EINVAL);
    says(damon_reclaim_last_error(ctx), "monitor_region_start");
    damon_reclaim_unref(ctx);
    /* Nothing is left of a range that has no whole page of memory. */
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "target 1");
}

struct refusal {
    int r;
    char text[256];
};

static void set_young(struct damon_reclaim *c, void *userdata)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};
    struct refusal *refusal = userdata;

    refusal->r = damon_reclaim_set_filters(c, DAMON_RECLAIM_SCHEME_RECLAIM, &young, 1);
    snprintf(refusal->text, sizeof(refusal->text), "%s", damon_reclaim_last_error(c));
}

/* A change that a callback asks for is refused in the same way, and the context works on. */
TEST_FOR_KERNELS(test_in_callback)
{
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_aggregation = set_young};
    struct refusal refusal = {0};

    ctx = with_callbacks(&callbacks, &refusal);
    add_process(42);
    reclaim_enable(ctx);
    warm_up(9);
    ck_assert_int_eq(refusal.r, -EOPNOTSUPP);
    says(refusal.text, "young");
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
}
