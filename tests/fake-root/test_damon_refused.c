/* SPDX-License-Identifier: MIT */
/* What the backend "damon" refuses, and that the refusal names the culprit and changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "damon_life.h"

START_TEST(test_refused)
{
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(false);
    ck_assert_int_eq(try_context(&ctx, "taddr", 0, 0), -EINVAL);
    ck_assert_int_eq(try_context(&ctx, "paddr", DAMON_RECLAIM_DAMON_MONITOR_ONLY, 0), -EOPNOTSUPP);
    ck_assert_int_eq(try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_MONITOR_ONLY, 0),
                     -ENOENT); /* no pages to look at here */
    ck_assert_int_eq(try_context(&ctx, NULL, 1u << 9, 0), -EINVAL);
    ctx = new_context("vaddr", 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    nothing_left();
    damon_reclaim_unref(ctx);
    fs->missing = "/nr_kdamonds";
    ck_assert_int_eq(try_context(&ctx, NULL, 0, 0), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "CONFIG_DAMON_SYSFS"));
    damon_fs_free();
}
END_TEST

/* The kernel looks at single pages in physical memory alone; for processes it would pass over the filters. */
START_TEST(test_page_filters_of_processes)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};
    const struct damon_reclaim_filter target = {.type = DAMON_RECLAIM_FILTER_TARGET, .matching = true};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    fs->alive[0] = 42;
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    add_process(ctx, 42);
    set(ctx, "skip_anon", "Y");
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    says(ctx, "skip_anon");
    nothing_left();
    set(ctx, "skip_anon", "N");
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &young, 1), -EOPNOTSUPP);
    says(ctx, "young");
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &target, 1), 0);
    set(ctx, "skip_anon", "Y");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EOPNOTSUPP);
    run(ctx, 2);
    is("0/state", "on");
    is(_i ? RECLAIM "core_filters/nr_filters" : RECLAIM "filters/nr_filters", "1");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_no_memory_there)
{
    struct damon_reclaim_range range = {UINT64_C(0x80000000), UINT64_C(0x90000000)};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    set(ctx, "monitor_region_start", "0x40000000");
    set(ctx, "monitor_region_end", "0x50000000");
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EINVAL);
    says(ctx, "monitor_region_start");
    says(ctx, "0x100000-0x40000000");
    nothing_left();
    set(ctx, "monitor_region_start", "0x3fffe000");
    enable(ctx);
    is(CONTEXT "targets/0/regions/0/start", "1073733632");
    set(ctx, "monitor_region_start", "0x40000000");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EINVAL);
    is("0/state", "on");
    is(CONTEXT "targets/0/regions/0/start", "1073733632");
    damon_reclaim_unref(ctx);
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EINVAL);
    says(ctx, "target 1");
    nothing_left();
    damon_reclaim_unref(ctx);
    /* Where memory is cannot be told: then it is believed. */
    fs->missing = "/proc/iomem";
    ctx = new_context(NULL, 0, 0);
    set(ctx, "monitor_region_start", "0x40000000");
    set(ctx, "monitor_region_end", "0x50000000");
    enable(ctx);
    ck_assert_str_eq(damon_reclaim_last_error(ctx), "");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

static int refused;
static char refusal[256];

static void set_young(struct damon_reclaim *ctx, void *userdata)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};

    (void)userdata;
    refused = damon_reclaim_set_filters(ctx, DAMON_RECLAIM_SCHEME_RECLAIM, &young, 1);
    snprintf(refusal, sizeof(refusal), "%s", damon_reclaim_last_error(ctx));
}

/* What cannot be is refused in a callback, too, and all goes on as before. */
START_TEST(test_in_callback)
{
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_aggregation = set_young};
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    fs->alive[0] = 42;
    config = damon_fs_config();
    config.callbacks = &callbacks;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    add_process(ctx, 42);
    enable(ctx);
    refused = 0;
    for (int i = 0; i < 3; i++)
        warm_up(ctx);
    ck_assert_int_eq(refused, -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(refusal, "young"));
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_test(tc, test_refused);
    tcase_add_loop_test(tc, test_page_filters_of_processes, 0, 2);
    tcase_add_loop_test(tc, test_no_memory_there, 0, 2);
    tcase_add_loop_test(tc, test_in_callback, 0, 2);
}

int main(void)
{
    return run_suite("damon-refused", 120, fill);
}
