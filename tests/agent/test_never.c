/* SPDX-License-Identifier: MIT */
/* The never-reclaim list: what is read from the configuration, and processes that come and go. */
#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <unistd.h>

#include "agent/never.h"
#include "agent/options.h"
#include "scratch.h"
#include "suite.h"

static const struct config_option *const tables[] = {agent_options, NULL};
static const struct config_program program = {.name = "test", .summary = "is a test", .options = tables};
static const char *root;
static struct config *config;
static struct never *never;
static struct error_text error;

static int open_list(const char *words[])
{
    struct config_sources sources = {.words = (char *const *)(uintptr_t)words, .root = ""};
    int r = config_load(&program, &sources, &config, &error);

    return r < 0 ? r : never_new(config, root, &never, &error);
}

static void begin(void)
{
    root = scratch_directory();
    scratch_file(root, "proc/1/comm", "init\n");
    scratch_file(root, "proc/7/comm", "postgres\n");
    scratch_file(root, "proc/30/comm", "postgres\n");
    scratch_file(root, "proc/31/comm", "a-very-long-nam\n");
    scratch_file(root, "proc/meminfo", "");
}

static void end(void)
{
    never_free(never);
    config_free(config);
}

FIXTURE(begin, end);

TEST(test_items)
{
    const char *words[] = {"--never-pids=1, 5", "--never-ranges=0x1000-0x2000,4096-1048576",
                           "--never-cgroups=system.slice", "--never-commands=postgres,a-very-long-name", NULL};
    const struct damon_reclaim_exclusion *items;

    ck_assert_msg(open_list(words) == 0, "%s", error.text);
    ck_assert_uint_eq(never_exclusions(never, &items), 7);
    ck_assert_int_eq(items[0].pid, 1);
    ck_assert_uint_eq(items[2].range.start, 0x1000);
    ck_assert_uint_eq(items[3].range.end, MIB);
    ck_assert_str_eq(items[4].cgroup, "system.slice");
    ck_assert_int_eq(items[5].type, DAMON_RECLAIM_EXCLUDE_COMMAND);
    ck_assert_str_eq(items[5].command, "postgres");
    ck_assert_str_eq(items[6].command, "a-very-long-name");
    ck_assert_int_eq(never_has_pid(never, 5), true);
    ck_assert_int_eq(never_has_pid(never, 30), true);
    ck_assert_int_eq(never_has_pid(never, 31), true);
    ck_assert_int_eq(never_has_pid(never, 6), false);
}

/* Processes that come and go: by what they run when one asks. */
TEST(test_now)
{
    const char *words[] = {"--never-commands=post*", NULL};
    char path[4200];

    ck_assert_int_eq(open_list(words), 0);
    ck_assert_int_eq(never_has_pid(never, 99), false);
    scratch_file(root, "proc/99/comm", "postgres\n");
    ck_assert_int_eq(never_has_pid(never, 99), true);
    snprintf(path, sizeof(path), "%s/proc/7/comm", root);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(never_has_pid(never, 7), false);
}

/* A process whose name cannot be read for want of files may be one of those. */
TEST(test_no_files_left)
{
    const char *words[] = {"--never-commands=post*", NULL};
    bool has;

    ck_assert_int_eq(open_list(words), 0);
    ck_assert_int_eq(never_has_pid(never, 1), false);
    limit_files(0);
    has = never_has_pid(never, 1);
    unlimit_files();
    ck_assert_int_eq(has, true);
}

TEST(test_mistakes)
{
    const char *bad[] = {"--never-pids=0",          "--never-pids=x",         "--never-pids=99999999999",
                         "--never-ranges=5",        "--never-ranges=9-5",     "--never-ranges=5-5",
                         "--never-ranges=0x1-0xzz", "--never-ranges=-1-0x10", "--never-ranges=1-99999999999999999999"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *words[] = {bad[i], NULL};

        ck_assert_msg(open_list(words) == -EINVAL, "%s", bad[i]);
    }
}

TEST(test_apply)
{
    const char *words[] = {"--never-ranges=0x1000-0x2000", NULL};
    struct damon_reclaim_config new = {.size = sizeof(new), .backend = "sim"};
    struct damon_reclaim *ctx;

    ck_assert_int_eq(damon_reclaim_new(&new, &ctx), 0);
    ck_assert_int_eq(open_list(words), 0);
    ck_assert_msg(never_apply(never, ctx, &error) == 0, "%s", error.text);
    damon_reclaim_unref(ctx);
}

/* What the backend cannot protect is an error, whether it is there already or not. */
TEST_CASES(test_cannot, 2)
{
    const char *words[] = {_i ? "--never-cgroups=none" : "--never-commands=none", "--log-level=error", NULL};
    struct damon_reclaim_config new = {.size = sizeof(new), .backend = "sim"};
    struct damon_reclaim *ctx;

    ck_assert_int_eq(damon_reclaim_new(&new, &ctx), 0);
    ck_assert_int_eq(open_list(words), 0);
    ck_assert_int_eq(never_apply(never, ctx, &error), -EOPNOTSUPP);
    ck_assert_msg(strstr(error.text, "the backend sim cannot tell") != NULL, "%s", error.text);
    damon_reclaim_unref(ctx);
}
