/* SPDX-License-Identifier: MIT */
/* Two users of a page of the idle-page bitmap would spoil what the other sees: the second one is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "life.h"
#include "root.h"
#include "sys/page_idle.h"

#define BASE     UINT64_C(0x7f0000000000)
#define STRANGER 555 /* another program */

/* What is watched: a process, or all memory. */
enum { MACHINE = 0, FIRST = 4242, SECOND = 4343 };

static void setup(void)
{
    f = fake_open();
    fake_map(f, fake_process(f, FIRST), BASE, 256, FAKE_SMALL);
    fake_map(f, fake_process(f, SECOND), BASE, 256, FAKE_SMALL);
}

static void teardown(void)
{
    ck_assert_uint_eq(f->nr_locks, 0);
    fake_close(f);
}

FIXTURE(setup, teardown);

static int add(struct damon_reclaim *ctx, pid_t pid, uint32_t *ret_id)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};

    return damon_reclaim_add_target(ctx, &target, ret_id);
}

static struct damon_reclaim *context(pid_t pid)
{
    struct damon_reclaim_config config = fake_config(f);
    struct damon_reclaim *ctx = reclaim_new(&config);

    reclaim_set(ctx, "wmarks_high=1000 wmarks_mid=990 wmarks_low=0");
    if (pid != MACHINE)
        ck_assert_int_eq(add(ctx, pid, NULL), 0);
    return ctx;
}

static void refused(struct damon_reclaim *ctx, int r, const char *word)
{
    ck_assert_int_eq(r, -EBUSY);
    says(damon_reclaim_last_error(ctx), "/sys/kernel/mm/page_idle/bitmap");
    says(damon_reclaim_last_error(ctx), word);
}

/* --- contexts of one program ---------------------------------------------------------------------------------------
 */

TEST_CASES(test_two_contexts, 5)
{
    static const struct {
        pid_t watched, wanted;
        bool refused;
    } cases[] = {{FIRST, FIRST, true},
                 {FIRST, SECOND, false},
                 {FIRST, MACHINE, true},
                 {MACHINE, FIRST, true},
                 {MACHINE, MACHINE, true}};
    struct damon_reclaim *one = context(cases[_i].watched), *two = context(cases[_i].wanted);

    reclaim_enable(one);
    if (cases[_i].refused) {
        refused(two, damon_reclaim_enable(two), "another context of this program");
        ck_assert_int_eq(reclaim_stats(two).state, DAMON_RECLAIM_STATE_DISABLED);
        ck_assert_int_eq(damon_reclaim_disable(one), 0);
    }
    reclaim_enable(two);
    damon_reclaim_unref(one);
    damon_reclaim_unref(two);
}

/* What is added to an enabled context is refused alone; what is removed from one can be watched by the next. */
TEST(test_more_targets)
{
    struct damon_reclaim *one = context(FIRST), *two = context(SECOND);
    uint32_t id;

    reclaim_enable(one);
    reclaim_enable(two);
    refused(one, add(one, SECOND, NULL), "pid 4343 is watched");
    ck_assert_uint_eq(reclaim_stats(one).nr_targets, 1);
    damon_reclaim_unref(two);
    ck_assert_int_eq(add(one, SECOND, &id), 0);
    two = context(SECOND);
    refused(two, damon_reclaim_enable(two), "pid 4343 is watched");
    ck_assert_int_eq(damon_reclaim_remove_target(one, id), 0);
    reclaim_enable(two);
    damon_reclaim_unref(one);
    damon_reclaim_unref(two);
}

/* The memory that is watched for want of a target is let go of with the first target. */
TEST(test_from_machine_to_process)
{
    struct damon_reclaim *one = context(MACHINE), *two = context(SECOND);

    reclaim_enable(one);
    refused(two, damon_reclaim_enable(two), "memory is watched");
    ck_assert_int_eq(add(one, FIRST, NULL), 0);
    reclaim_enable(two);
    damon_reclaim_unref(one);
    damon_reclaim_unref(two);
}

/* --- other programs ------------------------------------------------------------------------------------------------
 */

static void stranger(int type, uint64_t start)
{
    f->locks[f->nr_locks++] = (struct fake_lock){.fd = -1, .type = type, .start = start, .len = STRANGER};
}

TEST(test_other_program)
{
    struct damon_reclaim *ctx = context(FIRST);

    stranger(F_RDLCK, 0); /* it watches processes */
    stranger(F_WRLCK, (uint64_t)FIRST << 22);
    refused(ctx, damon_reclaim_enable(ctx), "pid 4242 is watched by pid 555 already");
    damon_reclaim_unref(ctx);
    ctx = context(MACHINE);
    refused(ctx, damon_reclaim_enable(ctx), "memory is watched by pid 555 already");
    damon_reclaim_unref(ctx);
    ctx = context(SECOND);
    reclaim_enable(ctx);
    damon_reclaim_unref(ctx);
    ck_assert_uint_eq(f->nr_locks, 2);
    f->nr_locks = 0;
    stranger(F_WRLCK, 0); /* it watches all memory */
    ctx = context(SECOND);
    refused(ctx, damon_reclaim_enable(ctx), "memory is watched by pid 555 already");
    damon_reclaim_unref(ctx);
    f->nr_locks = 0;
}

/* --- real locks ----------------------------------------------------------------------------------------------------
 */

/* A program that watches the process @pid of its own, and lives until the pipe is closed. */
static pid_t start_user(struct drcl_env *env, pid_t pid, const int end[2], int ready)
{
    struct drcl_page_idle idle = {.fd = -1};
    pid_t child = fork();
    char c = 0;

    ck_assert_int_ge(child, 0);
    if (child)
        return child;
    close(end[1]);
    if (drcl_page_idle_open(&idle, env, O_RDWR) < 0 || drcl_page_idle_lock(&idle, DRCL_PAGE_IDLE_PROCESSES) < 0 ||
        drcl_page_idle_lock_process(&idle, pid) < 0 || write(ready, &c, 1) != 1)
        _exit(1);
    while (read(end[0], &c, 1) > 0)
        ;
    _exit(0);
}

/* The real call, on a file in the place of the bitmap: a program that is killed leaves nothing. */
TEST(test_real_locks)
{
    struct root root;
    struct drcl_page_idle idle = {.fd = -1};
    struct damon_reclaim_config config = {.size = sizeof(config), .root = root.path};
    struct drcl_env env;
    int end[2], ready[2], status;
    char word[32], c;
    pid_t child;

    root_open(&root);
    root_put(&root, "/sys/kernel/mm/page_idle/bitmap", "");
    ck_assert_int_eq(drcl_env_init(&env, &config), 0);
    ck_assert_int_eq(pipe(end), 0);
    ck_assert_int_eq(pipe(ready), 0);
    child = start_user(&env, 4194303, end, ready[1]);
    ck_assert_int_eq((int)read(ready[0], &c, 1), 1);
    ck_assert_int_eq(drcl_page_idle_open(&idle, &env, O_RDWR), 0);
    ck_assert_int_eq(drcl_page_idle_lock(&idle, DRCL_PAGE_IDLE_MEMORY), -EBUSY);
    ck_assert_int_eq(drcl_page_idle_lock(&idle, DRCL_PAGE_IDLE_PROCESSES), 0);
    ck_assert_int_eq(drcl_page_idle_lock_process(&idle, 4194302), 0);
    ck_assert_int_eq(drcl_page_idle_lock_process(&idle, 4194303), -EBUSY);
    snprintf(word, sizeof(word), "by pid %d already", (int)child);
    says(env.error, word);
    close(end[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(drcl_page_idle_lock_process(&idle, 4194303), 0);
    ck_assert_int_eq(drcl_page_idle_lock(&idle, DRCL_PAGE_IDLE_MEMORY), 0);
    drcl_page_idle_close(&idle);
    close(end[0]);
    close(ready[0]);
    close(ready[1]);
    drcl_env_fini(&env);
    root_close(&root);
}
