/* SPDX-License-Identifier: MIT */
/* The backend "damon" next to others: other users of DAMON, instances that were killed, threads and processes that end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damon_life.h"

/* --- ends -----------------------------------------------------------------------------------------------------------
 */

TEST_FOR_KERNELS(test_kdamond_ends)
{
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    run(2);
    echo("off", "0/state");
    run(2);
    ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_BACKEND);
    nothing_left();
    reclaim_enable(ctx);
    is("0/state", "on");
}

TEST_FOR_KERNELS(test_process_exits)
{
    uint32_t first, second;

    ctx = new_context(NULL, 0, 0);
    first = add_process(42);
    second = add_process(43);
    reclaim_enable(ctx);
    run(1);
    f->processes[0].exited = true;
    run(3);
    ck_assert_uint_eq(gone, first);
    tree_is(CONTEXT "targets/", "nr_targets: 1\n0/pid_target: 43\n");
    is("0/state", "on");
    f->processes[1].exited = true;
    echo("off", "0/state"); /* without a process the kdamond ends */
    run(3);
    ck_assert_uint_eq(gone, second);
    ck_assert_int_eq(last_reason, DAMON_RECLAIM_REASON_NO_TARGET);
    nothing_left();
}

/* --- other users ----------------------------------------------------------------------------------------------------
 */

/* Whatever somebody else has in DAMON's directory is left as it is. */
TEST_CASES_FOR_KERNELS(test_somebody_elses, 3)
{
    enum { EMPTY_DIRECTORY, TWO_DIRECTORIES, RUNNING };
    static const char *const words[] = {"nr_kdamonds", "2 kdamond(s)", "701"};

    switch (CASE) {
    case EMPTY_DIRECTORY:
        ck_assert_int_eq(echo("1", "nr_kdamonds"), 0);
        break;
    case TWO_DIRECTORIES:
        ck_assert_int_eq(echo("2", "nr_kdamonds"), 0);
        ck_assert_int_eq(echo("1", "0/contexts/nr_contexts"), 0);
        break;
    default:
        foreign_kdamond();
        break;
    }
    remember();
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, words[CASE]);
    ctx = damon_reclaim_unref(ctx);
    ck_assert_int_eq(damon->running, CASE == RUNNING);
    ck_assert_int_eq(f->record.exists, false);
}

/* The mark of a forged record, added to what marks our tree, is the other program's interval. */
TEST_FOR_KERNELS(test_absurd_mark)
{
    foreign_kdamond();
    ck_assert_int_eq(echo("1000000", CONTEXT "monitoring_attrs/intervals/update_us"), 0);
    f->record.exists = true;
    f->record.inode++;
    snprintf(f->record.text, sizeof(f->record.text),
             "boot 4c5e8a0e-0000-4000-8000-000000000001\npid 99999\nstart 1\nkdamond 0\nmark 18446744073650551616\n"
             "damon_stat 0\n");
    remember();
    ctx = new_context(NULL, 0, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, "701");
}

/* Whoever may write the record may have anything stopped: one that others could have written is not believed. */
TEST_CASES_FOR_KERNELS(test_strange_record, 4)
{
    static const struct {
        uint32_t mode, uid;
        uint64_t nr_links;
    } cases[] = {{S_IFREG | 0666, 0, 1}, {S_IFREG | 0600, 4711, 1}, {S_IFREG | 0600, 0, 2}, {S_IFIFO | 0600, 0, 1}};
    struct damon_reclaim_config config;
    char text[512] = "";

    leave_behind(0);
    remember();
    f->record.mode = cases[CASE].mode;
    f->record.uid = cases[CASE].uid;
    f->record.nr_links = cases[CASE].nr_links;
    ctx = new_context(NULL, 0, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EPERM, "/run/damon-reclaim/record");
    ctx = damon_reclaim_unref(ctx);
    config = fake_config(f);
    ck_assert_int_eq(damon_reclaim_cleanup(&config, text, sizeof(text)), -EPERM);
    says(text, "/run/damon-reclaim/record");
    is("0/state", "on");
    ck_assert_int_eq(f->record.exists, true);
}

/* Its directory is made where it is missing. */
TEST_FOR_KERNELS(test_no_directory_for_the_record)
{
    f->record.no_directory = true;
    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(f->record.exists, true);
}

/* --- cleaning up ----------------------------------------------------------------------------------------------------
 */

static int clean_up(const char *word)
{
    struct damon_reclaim_config config = fake_config(f);
    char text[512] = "";
    int r = damon_reclaim_cleanup(&config, text, sizeof(text));

    says(text, word);
    return r;
}

TEST_FOR_KERNELS(test_cleanup)
{
    ck_assert_int_eq(clean_up("nothing"), 0);
    fake_damon_add_module(f, "damon_stat", true);
    leave_behind(DAMON_RECLAIM_DAMON_TAKE_OVER);
    is("/sys/module/damon_stat/parameters/enabled", "N");
    ck_assert_int_eq(clean_up("removed"), 1);
    is("/sys/module/damon_stat/parameters/enabled", "Y");
    nothing_left();
    ck_assert_int_eq(clean_up("nothing"), 0);
    /* What is a living program's stays, and so does what is somebody else's. */
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(clean_up("another context of this program"), 0);
    is("0/state", "on");
}

TEST_FOR_KERNELS(test_cleanup_of_somebody_elses)
{
    foreign_kdamond();
    remember();
    ck_assert_int_eq(clean_up("nothing"), 0);
}

TEST_FOR_KERNELS(test_second_instance)
{
    struct damon_reclaim *second;

    ctx = new_context(NULL, 0, 0);
    second = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    expect_error(second, damon_reclaim_enable(second), -EBUSY, "another context of this program");
    damon_reclaim_unref(second);
    ck_assert_int_eq(f->record.exists, true);
    is("0/state", "on");
    run(2);
}

/* What a living program of somebody else has set up is left to that program, whatever state it is in. */
TEST_CASES_FOR_KERNELS(test_living_owner, 2)
{
    fake_process(f, 4711);
    leave_behind(0);
    snprintf(f->record.text, sizeof(f->record.text),
             "boot 4c5e8a0e-0000-4000-8000-000000000001\npid 4711\nstart 777\nkdamond 700\nmark 5\ndamon_stat 0\n");
    if (CASE)
        echo("off", "0/state");
    remember();
    ctx = new_context(NULL, 0, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, "pid 4711");
    says(damon_reclaim_last_error(ctx), "stop that program");
    ctx = damon_reclaim_unref(ctx);
    ck_assert_int_eq(f->record.exists, true);
}

/* A forked child has copies of its parent's contexts. It can free them, and does nothing to what they have set up. */
TEST_FOR_KERNELS(test_forked_child)
{
    int status = -1;
    pid_t child;

    ctx = new_context(NULL, 0, 0);
    reclaim_enable(ctx);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        uint64_t timer_ns = f->timer_ns;
        int wrong = damon_reclaim_dispatch(ctx) != -EPERM || damon_reclaim_commit(ctx) != -EPERM ||
                            damon_reclaim_set_exclusions(ctx, NULL, 0) != -EPERM || damon_reclaim_run(ctx) != -EPERM ||
                            !strstr(damon_reclaim_last_error(ctx), "forked child")
                        ? 1
                        : 0;

        damon_reclaim_unref(ctx);
        wrong |= strcmp(fake_damon_value(f, "0/state"), "on") != 0 || !f->record.exists ? 2 : 0;
        wrong |= f->timer_ns != timer_ns ? 4 : 0;
        _exit(wrong);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child says %d", status >> 8);
    run(2);
}

#define DAMON_STAT "/sys/module/damon_stat/parameters/enabled"

/* The next instance takes over what a killed one has left, and restores the module that this one had switched off. */
TEST_FOR_KERNELS(test_killed)
{
    fake_damon_add_module(f, "damon_stat", true);
    leave_behind(DAMON_RECLAIM_DAMON_TAKE_OVER);
    is(DAMON_STAT, "N");
    ck_assert_int_eq(damon->running, true);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    reclaim_enable(ctx);
    ck_assert_uint_eq(damon->nr_on, 2);
    is(DAMON_STAT, "N");
    ctx = damon_reclaim_unref(ctx);
    is(DAMON_STAT, "Y");
}

/* After an instance was killed, somebody else has started a kdamond or changed the files: they are not the library's.
 */
TEST_CASES_FOR_KERNELS(test_killed_and_replaced, 3)
{
    enum { STARTED_AGAIN, MADE_ANEW, CHANGED };

    leave_behind(0);
    echo("off", "0/state");
    switch (CASE) {
    case STARTED_AGAIN:
        echo("on", "0/state");
        break;
    case MADE_ANEW:
        echo("0", "nr_kdamonds");
        foreign_kdamond();
        break;
    default:
        echo("60000000", CONTEXT "monitoring_attrs/intervals/update_us");
        break;
    }
    remember();
    ctx = new_context(NULL, 0, 0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, "");
}

TEST_CASES_FOR_KERNELS(test_modules, 3)
{
    static const struct {
        const char *name;
        int take_over; /* what enabling returns with DAMON_RECLAIM_DAMON_TAKE_OVER */
    } modules[] = {{"damon_stat", 0}, {"damon_reclaim", -EBUSY}, {"damon_lru_sort", -EBUSY}};
    char path[128];

    fake_damon_add_module(f, modules[CASE].name, true);
    ctx = new_context(NULL, 0, 0);
    snprintf(path, sizeof(path), "/sys/module/%s/parameters/enabled", modules[CASE].name);
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, path);
    is(path, "Y");
    nothing_left();
    damon_reclaim_unref(ctx);
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), modules[CASE].take_over);
    is(path, modules[CASE].take_over ? "Y" : "N");
    ctx = damon_reclaim_unref(ctx);
    is(path, "Y");
}

/* --- which backend --------------------------------------------------------------------------------------------------
 */

static bool before_reclaim(struct damon_reclaim *c, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata)
{
    (void)c, (void)scheme, (void)region, (void)userdata;
    return true;
}

static const struct damon_reclaim_callbacks with_before_reclaim = {.size = sizeof(with_before_reclaim),
                                                                   .before_reclaim = before_reclaim};

static void auto_is_damon(const struct damon_reclaim_config *config)
{
    if (damon_reclaim_new(config, &ctx) < 0)
        ck_abort_msg("no context: %s", error);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    reclaim_enable(ctx);
    ctx = damon_reclaim_unref(ctx);
    nothing_left();
}

TEST_FOR_KERNELS(test_auto)
{
    struct damon_reclaim_config config;

    config = fake_config(f);
    config.backend = "auto";
    config.error = error;
    config.error_size = sizeof(error);
    auto_is_damon(&config);
    leave_behind(0); /* is in nobody's way */
    auto_is_damon(&config);
    /* The kernel cannot ask, and idle-page has no bitmap here. The error says what each backend lacks. */
    config.callbacks = &with_before_reclaim;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EOPNOTSUPP);
    says(error, "damon: cannot call");
    says(error, "idle-page: ");
    config.callbacks = NULL;
    foreign_kdamond();
    remember();
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EBUSY);
    says(error, "another program");
    says(error, "/nr_kdamonds; idle-page: "); /* the cure is whole */
}

TEST_FOR_KERNELS(test_callback_that_asks)
{
    ctx = with_callbacks(&with_before_reclaim, NULL);
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "before_reclaim");
    nothing_left();
}

/* --- probing --------------------------------------------------------------------------------------------------------
 */

static void probe(const struct damon_reclaim_damon_config *config_damon, int wanted, const char *word)
{
    struct damon_reclaim_config config = fake_config(f);
    char text[2048];
    int r;

    config.backend = "damon";
    config.damon = config_damon;
    r = damon_reclaim_probe(&config, text, sizeof(text));
    if (r != wanted)
        ck_abort_msg("%d, not %d: %s", r, wanted, text);
    says(text, word);
}

TEST_FOR_KERNELS(test_probe)
{
    const struct damon_reclaim_damon_config take_over = {.size = sizeof(take_over),
                                                         .flags = DAMON_RECLAIM_DAMON_TAKE_OVER};

    probe(NULL, 0, "nobody uses it");
    probe(NULL, 0, "3 range(s)");
    fake_damon_add_module(f, "damon_stat", true);
    probe(NULL, -EBUSY, "damon_stat");
    probe(&take_over, 0, "");
    fake_damon_add_module(f, "damon_stat", false);
    leave_behind(0); /* is in nobody's way */
    remember();
    probe(NULL, 0, "nobody uses it");
    damon->files.missing = "/nr_kdamonds";
    probe(NULL, -ENOENT, "CONFIG_DAMON_SYSFS");
}

/* While somebody else uses DAMON, probing looks at the directories that are there, and leaves them as they are. */
TEST_FOR_KERNELS(test_probe_somebody_elses)
{
    struct damon_reclaim_config config;
    char text[2048];

    foreign_kdamond();
    echo("1", CONTEXT "schemes/nr_schemes");
    remember();
    config = fake_config(f);
    config.backend = "damon";
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -EBUSY);
    ck_assert_int_eq(!strstr(text, "missing refresh_ms: "), KERNEL == LATER_LINUX);
    ck_assert_int_eq(!strstr(text, "missing goal_tuner: "), KERNEL == LATER_LINUX);
    ck_assert_ptr_null(strstr(text, "missing watermarks: "));
    ck_assert_ptr_null(strstr(text, "missing io_uring: "));
}
