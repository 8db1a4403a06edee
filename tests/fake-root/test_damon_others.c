/* SPDX-License-Identifier: MIT */
/* The backend "damon" in the real world: other users, killed instances, threads and processes that end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damon_life.h"

/* --- the real world
 * --------------------------------------------------------------------------------------------------- */

START_TEST(test_stopped_by_itself)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    enable(ctx);
    run(ctx, 2);
    damon_echo("off", "0/state");
    run(ctx, 2);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_BACKEND);
    nothing_left();
    enable(ctx);
    is("0/state", "on");
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_process_exits)
{
    struct damon_reclaim *ctx;
    uint32_t first, second;

    damon_fs_new(_i);
    fs->alive[0] = 42;
    fs->alive[1] = 43;
    ctx = new_context(NULL, 0, 0);
    first = add_process(ctx, 42);
    second = add_process(ctx, 43);
    enable(ctx);
    run(ctx, 1);
    fs->alive[0] = 0;
    run(ctx, 3);
    ck_assert_uint_eq(gone, first);
    is(CONTEXT "targets/nr_targets", "1");
    is(CONTEXT "targets/0/pid_target", "43");
    is("0/state", "on");
    fs->alive[1] = 0;
    damon_echo("off", "0/state"); /* without a process the kernel's thread ends */
    run(ctx, 3);
    ck_assert_uint_eq(gone, second);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_NO_TARGET);
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

static const struct {
    const char *setup[5][2];
    const char *word;
} foreign[] = {
    {{{"1", "nr_kdamonds"}}, "nr_kdamonds"},
    {{{"2", "nr_kdamonds"}, {"1", "0/contexts/nr_contexts"}}, "2 kdamond(s)"},
};

START_TEST(test_foreign_directories)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(_i % 2);
    for (int i = 0; i < 5 && foreign[_i / 2].setup[i][0]; i++)
        ck_assert_int_eq(damon_echo(foreign[_i / 2].setup[i][0], foreign[_i / 2].setup[i][1]), 0);
    before = damon_dump();
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    says(ctx, foreign[_i / 2].word);
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    ck_assert(!fs->has_record);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

START_TEST(test_foreign_kdamond)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(_i);
    foreign_kdamond();
    before = damon_dump();
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    says(ctx, "701");
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    ck_assert(fs->running);
    ck_assert(!fs->has_record);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

START_TEST(test_second_instance)
{
    struct damon_reclaim *ctx, *second;

    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    second = new_context(NULL, 0, 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_enable(second), -EBUSY);
    says(second, "pid");
    damon_reclaim_unref(second);
    ck_assert(fs->has_record);
    is("0/state", "on");
    run(ctx, 2);
    damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}
END_TEST

START_TEST(test_killed)
{
    struct damon_reclaim *ctx;

    damon_fs_new(_i);
    damon_add_module("damon_stat", true);
    leave_behind(true);
    is("/sys/module/damon_stat/parameters/enabled", "N");
    ck_assert(fs->running);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    enable(ctx);
    ck_assert_uint_eq(fs->nr_on, 2);
    is("/sys/module/damon_stat/parameters/enabled", "N");
    damon_reclaim_unref(ctx);
    nothing_left();
    is("/sys/module/damon_stat/parameters/enabled", "Y");
    damon_fs_free();
}
END_TEST

/* The thread that runs is not the one on record, or the boot is not: it is somebody else's. */
START_TEST(test_killed_and_replaced)
{
    struct damon_reclaim *ctx;
    char *before, *after;

    damon_fs_new(false);
    leave_behind(false);
    if (_i == 0) {
        damon_echo("off", "0/state");
        damon_echo("on", "0/state");
    } else if (_i == 1) {
        damon_echo("off", "0/state");
        damon_echo("0", "nr_kdamonds");
        foreign_kdamond();
    } else {
        damon_echo("off", "0/state");
        damon_echo("60000000", CONTEXT "monitoring_attrs/intervals/update_us");
    }
    before = damon_dump();
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    damon_reclaim_unref(ctx);
    after = damon_dump();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    damon_fs_free();
}
END_TEST

START_TEST(test_modules)
{
    static const char *const names[] = {"damon_stat", "damon_reclaim", "damon_lru_sort"};
    struct damon_reclaim *ctx;
    char path[128];

    damon_fs_new(true);
    damon_add_module(names[_i], true);
    ctx = new_context(NULL, 0, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EBUSY);
    snprintf(path, sizeof(path), "/sys/module/%s/parameters/enabled", names[_i]);
    says(ctx, path);
    is(path, "Y");
    nothing_left();
    damon_reclaim_unref(ctx);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), _i ? -EBUSY : 0);
    is(path, _i ? "Y" : "N");
    damon_reclaim_unref(ctx);
    is(path, "Y");
    nothing_left();
    damon_fs_free();
}
END_TEST

/* --- the choice
 * --------------------------------------------------------------------------------------------------------- */

static bool before_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata)
{
    (void)ctx, (void)scheme, (void)region, (void)userdata;
    return true;
}

START_TEST(test_auto)
{
    struct damon_reclaim_callbacks asks = {.size = sizeof(asks), .before_reclaim = before_reclaim};
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(_i);
    config = damon_fs_config();
    config.backend = "auto";
    config.error = error;
    config.error_size = sizeof(error);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    enable(ctx);
    damon_reclaim_unref(ctx);
    nothing_left();
    /* What a killed instance left does not keep it from being chosen. */
    leave_behind(false);
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    enable(ctx);
    damon_reclaim_unref(ctx);
    nothing_left();
    /* There is no bitmap here. The error lists what each lacks. */
    config.callbacks = &asks;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(error, "damon: asks"));
    ck_assert_ptr_nonnull(strstr(error, "idle-page: "));
    config.callbacks = NULL;
    foreign_kdamond();
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EBUSY);
    ck_assert_ptr_nonnull(strstr(error, "somebody else's"));
    ck_assert_ptr_nonnull(strstr(error, "/nr_kdamonds; idle-page: ")); /* the cure is whole */
    damon_fs_free();
}
END_TEST

/* With that callback the kernel would have to ask. */
START_TEST(test_asks)
{
    struct damon_reclaim_callbacks asks = {.size = sizeof(asks), .before_reclaim = before_reclaim};
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;

    damon_fs_new(false);
    config = damon_fs_config();
    config.callbacks = &asks;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EOPNOTSUPP);
    says(ctx, "before_reclaim");
    nothing_left();
    damon_reclaim_unref(ctx);
    damon_fs_free();
}
END_TEST

START_TEST(test_probe)
{
    const struct damon_reclaim_damon_config take_over = {.size = sizeof(take_over),
                                                         .flags = DAMON_RECLAIM_DAMON_TAKE_OVER};
    struct damon_reclaim_config config;
    char text[2048], *before, *after;

    damon_fs_new(_i);
    config = damon_fs_config();
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), 0);
    ck_assert_ptr_nonnull(strstr(text, "nobody uses it"));
    ck_assert_ptr_nonnull(strstr(text, "3 range(s)"));
    damon_add_module("damon_stat", true);
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -EBUSY);
    ck_assert_ptr_nonnull(strstr(text, "damon_stat"));
    config.damon = &take_over;
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), 0);
    config.damon = NULL;
    damon_add_module("damon_stat", false);
    leave_behind(false); /* is in nobody's way */
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), 0);
    ck_assert_ptr_nonnull(strstr(text, "nobody uses it"));
    damon_echo("off", "0/state");
    damon_echo("0", "nr_kdamonds");
    foreign_kdamond();
    damon_echo("1", CONTEXT "schemes/nr_schemes");
    before = damon_dump();
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -EBUSY);
    ck_assert_int_eq(!strstr(text, "missing refresh_ms: "), _i);
    ck_assert_int_eq(!strstr(text, "missing goal_tuner: "), _i);
    ck_assert_ptr_null(strstr(text, "missing watermarks: "));
    ck_assert_ptr_null(strstr(text, "missing io_uring: "));
    after = damon_dump();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    fs->missing = "/nr_kdamonds";
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -ENOENT);
    ck_assert_ptr_nonnull(strstr(text, "CONFIG_DAMON_SYSFS"));
    damon_fs_free();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_stopped_by_itself, 0, 2);
    tcase_add_loop_test(tc, test_process_exits, 0, 2);
    tcase_add_loop_test(tc, test_foreign_directories, 0, 4);
    tcase_add_loop_test(tc, test_foreign_kdamond, 0, 2);
    tcase_add_loop_test(tc, test_second_instance, 0, 2);
    tcase_add_loop_test(tc, test_killed, 0, 2);
    tcase_add_loop_test(tc, test_killed_and_replaced, 0, 3);
    tcase_add_loop_test(tc, test_modules, 0, 3);
    tcase_add_loop_test(tc, test_auto, 0, 2);
    tcase_add_test(tc, test_asks);
    tcase_add_loop_test(tc, test_probe, 0, 2);
}

int main(void)
{
    return run_suite("damon-others", 120, fill);
}
