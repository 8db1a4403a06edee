/* SPDX-License-Identifier: MIT */
/* Groups: members wake together, and come, go and fail without harm to the others. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

#define MANY 1000

static struct damon_reclaim_group *group;
static struct damon_reclaim *members[MANY + 1];
static struct damon_reclaim *failed;
static int failed_with;
static size_t nr_failed;

static void note_failed(struct damon_reclaim_group *of, struct damon_reclaim *ctx, int error, void *userdata)
{
    ck_assert_ptr_eq(of, group);
    ck_assert_ptr_eq(userdata, &s);
    failed = ctx;
    failed_with = error;
    nr_failed++;
}

/* A group on the clock of the test; members whose memory is looked at every 5 ms. */
static void begin(void)
{
    struct damon_reclaim_config as = scripted_config(&s);
    struct damon_reclaim_group_config config = {.size = sizeof(config),
                                                .system_ops = as.system_ops,
                                                .system_data = as.system_data,
                                                .allocator = as.allocator,
                                                .member_failed = note_failed,
                                                .userdata = &s};

    failed = NULL;
    nr_failed = 0;
    s.ops.now = NULL;
    s.ops.advance = NULL;
    ck_assert_int_eq(damon_reclaim_group_new(&config, &group), 0);
}

static struct damon_reclaim *join(void)
{
    struct damon_reclaim_config config = scripted_config(&s);
    struct damon_reclaim *ctx;

    config.group = group;
    ctx = reclaim_new(&config);
    ck_assert_int_eq(damon_reclaim_get_fd(ctx), damon_reclaim_group_get_fd(group));
    return ctx;
}

static void start(size_t n)
{
    begin();
    for (size_t i = 0; i < n; i++) {
        members[i] = join();
        reclaim_enable(members[i]);
        s.system_ns += 7 * US; /* not all at the same time */
    }
}

static void end(size_t n)
{
    for (size_t i = 0; i < n; i++)
        members[i] = damon_reclaim_unref(members[i]);
    group = damon_reclaim_group_unref(group);
}

/* The next time that the group wakes. */
static void wake(void)
{
    ck_assert_uint_gt(s.timer_ns, 0);
    if (s.timer_ns > s.system_ns)
        s.system_ns = s.timer_ns;
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
}

static uint64_t samples(size_t i)
{
    return reclaim_stats(members[i]).nr_samples;
}

/* One timer and one wakeup for all, at the rate of one. */
TEST(test_together)
{
    uint64_t begin_ns;
    size_t n = 0;

    start(100);
    ck_assert_uint_eq(scripted_open_fds(&s), 1);
    wake();
    begin_ns = s.system_ns;
    for (n = 0; s.system_ns < begin_ns + SEC; n++)
        wake();
    ck_assert_uint_le(n, 201); /* 5 ms */
    for (size_t i = 0; i < 100; i++) {
        expect(samples(i) >= 199);
        expect(samples(i) <= 202);
    }
    end(100);
}

/* Nothing is done early, and what is not due is left alone. */
TEST(test_due)
{
    start(2);
    reclaim_set(members[1], "sample_interval=50ms aggr_interval=1s");
    reclaim_commit(members[1]);
    for (int i = 0; i < 100; i++)
        wake();
    ck_assert_uint_ge(samples(0), 90);
    ck_assert_uint_le(samples(1), 12);
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    ck_assert_uint_gt(s.timer_ns, s.system_ns);
    reclaim_disable(members[0]);
    reclaim_disable(members[1]);
    s.system_ns += SEC;
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    ck_assert_uint_eq(s.timer_ns, 0);
    end(2);
}

static size_t nr_woken;

static void note_woken(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    ck_assert_ptr_eq(ctx, members[1]);
    nr_woken++;
}

/* Another thread wakes one member, by the timer of all, also if it is disabled. */
TEST(test_woken)
{
    nr_woken = 0;
    s.callbacks.woken = note_woken;
    start(3);
    reclaim_disable(members[1]);
    damon_reclaim_wake(members[1]);
    ck_assert_uint_eq(s.timer_ns, 1);
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    ck_assert_uint_eq(nr_woken, 1);
    ck_assert_uint_gt(s.timer_ns, s.system_ns);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(samples(i), 0);
    wake();
    ck_assert_uint_eq(nr_woken, 1);
    end(3);
}

/* What of a virtual clock is always due. */
TEST(test_virtual_clock)
{
    struct damon_reclaim_backend_ops ops = s.ops;

    begin();
    s.ops = ops;
    members[0] = join();
    reclaim_enable(members[0]);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    ck_assert_uint_ge(samples(0), 90);
    ck_assert_uint_eq(s.timer_ns, 1);
    end(1);
}

/* A member that fails is told of with its error, and the others go on. */
TEST(test_failing_member)
{
    uint64_t before;

    start(3);
    wake();
    s.fail[OP_CHECK] = -EIO;
    while (!failed)
        wake();
    ck_assert_int_eq(failed_with, -EIO);
    ck_assert_int_eq(reclaim_stats(failed).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(failed), "failed"));
    before = samples(0) + samples(1) + samples(2);
    for (int i = 0; i < 10; i++)
        wake();
    ck_assert_uint_ge(samples(0) + samples(1) + samples(2), before + 16);
    ck_assert_uint_eq(nr_failed, 1);
    end(3);
}

static size_t victim, comes;

/* Any member may free any other, and itself, and make new ones. */
static void change_members(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata, (void)ctx;
    if (!members[victim])
        return;
    members[victim] = damon_reclaim_unref(members[victim]);
    members[comes] = join();
    reclaim_enable(members[comes]);
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), -EBUSY);
}

TEST_CASES(test_changes_inside, 25)
{
    size_t actor = (size_t)_i / 5;

    s.callbacks.after_aggregation = NULL;
    begin();
    victim = (size_t)_i % 5;
    comes = 5;
    for (size_t i = 0; i < 5; i++) {
        s.callbacks.after_aggregation = i == actor ? change_members : NULL;
        members[i] = join();
        reclaim_enable(members[i]);
    }
    s.callbacks.after_aggregation = NULL;
    for (int i = 0; i < 100; i++)
        wake();
    ck_assert_ptr_null(members[victim]);
    for (size_t i = 0; i < 6; i++)
        if (i != victim)
            expect(samples(i) >= 60);
    end(6);
}

static void give_up_all(struct damon_reclaim *ctx, void *userdata)
{
    (void)ctx, (void)userdata;
    end(3);
}

/* All members and the group go while it dispatches. */
TEST(test_all_go_inside)
{
    struct damon_reclaim_group *mine;

    s.callbacks.after_aggregation = give_up_all;
    start(3);
    mine = group;
    for (int i = 0; i < 100 && group; i++) {
        s.system_ns = s.timer_ns > s.system_ns ? s.timer_ns : s.system_ns;
        ck_assert_int_eq(damon_reclaim_group_dispatch(mine), 0);
    }
    ck_assert_ptr_null(group);
    ck_assert_uint_eq(scripted_open_fds(&s), 0);
}

/* A group that is dropped before its members lives as long as they do. */
TEST(test_group_first)
{
    struct damon_reclaim_group *mine;

    start(2);
    mine = damon_reclaim_group_ref(group);
    damon_reclaim_group_unref(group);
    damon_reclaim_group_unref(mine);
    s.system_ns += SEC;
    ck_assert_int_eq(damon_reclaim_dispatch(members[0]), 0); /* one alone may still be dispatched */
    ck_assert_uint_eq(samples(0), 1);
    members[0] = damon_reclaim_unref(members[0]);
    ck_assert_uint_eq(scripted_open_fds(&s), 1);
    members[1] = damon_reclaim_unref(members[1]);
    ck_assert_uint_eq(scripted_open_fds(&s), 0);
}

TEST(test_a_thousand)
{
    start(MANY);
    ck_assert_uint_eq(scripted_open_fds(&s), 1);
    for (int i = 0; i < 50; i++)
        wake();
    for (size_t i = 0; i < MANY; i++)
        expect(samples(i) >= 40);
    end(MANY);
}

/* Free memory is read once for all members that look in one dispatch. */
TEST(test_memory_is_read_once)
{
    uint64_t before;

    s.ops.metrics = NULL;
    s.meminfo = "MemTotal: 1000 kB\nMemFree: 300 kB\n";
    start(50);
    before = s.nr_meminfo;
    s.system_ns += SEC;
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    for (size_t i = 0; i < 50; i++)
        expect(samples(i) == 1);
    ck_assert_uint_eq(s.nr_meminfo - before, 1);
    s.meminfo = "MemTotal: 1000 kB\nMemFree: 900 kB\n"; /* and again in the next */
    s.system_ns += SEC;
    ck_assert_int_eq(damon_reclaim_group_dispatch(group), 0);
    for (size_t i = 0; i < 50; i++)
        expect(reclaim_stats(members[i]).state == DAMON_RECLAIM_STATE_INACTIVE);
    end(50);
}

TEST(test_refused)
{
    struct damon_reclaim_group_config config = {.size = sizeof(config), .beat_us = 1000001};
    char text[128];

    ck_assert_int_eq(damon_reclaim_group_new(NULL, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_group_dispatch(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_group_get_fd(NULL), -EINVAL);
    ck_assert_ptr_null(damon_reclaim_group_unref(NULL));
    ck_assert_ptr_null(damon_reclaim_group_ref(NULL));
    ck_assert_str_eq(damon_reclaim_group_last_error(NULL), "");
    config.error = text;
    config.error_size = sizeof(text);
    ck_assert_int_eq(damon_reclaim_group_new(&config, &group), -ERANGE);
    ck_assert_ptr_nonnull(strstr(text, "beat_us"));
    config.size = 1;
    ck_assert_int_eq(damon_reclaim_group_new(&config, &group), -EINVAL);
    start(1);
    expect_error(members[0], damon_reclaim_run(members[0]), -EINVAL, "group");
    damon_reclaim_stop(members[0]);
    end(1);
}

/* A child neither dispatches the group nor joins it; it frees its own memory alone. */
TEST(test_fork)
{
    struct damon_reclaim_config config = scripted_config(&s);
    struct damon_reclaim *ctx = NULL;
    int status;
    pid_t pid;

    start(2);
    pid = fork();
    if (pid == 0) {
        config.group = group;
        status = damon_reclaim_group_dispatch(group) != -EPERM;
        status |= (damon_reclaim_new(&config, &ctx) != -EPERM) << 1;
        end(2);
        _exit(status);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    wake();
    end(2);
}

/* Every call and every allocation may fail: then nothing is left. */
TEST_CASES(test_cannot_be_made, 12)
{
    struct damon_reclaim_config as = scripted_config(&s);
    struct damon_reclaim_group_config config = {
        .size = sizeof(config), .system_ops = as.system_ops, .system_data = as.system_data, .allocator = as.allocator};

    s.memory.fail_at = s.memory.nr_calls + (uint64_t)_i + 1;
    if (damon_reclaim_group_new(&config, &group) == 0) {
        as.group = group;
        if (damon_reclaim_new(&as, &members[0]) == 0)
            damon_reclaim_unref(members[0]);
        damon_reclaim_group_unref(group);
    }
    s.memory.fail_at = 0;
}

TEST(test_no_timer)
{
    struct damon_reclaim_config as = scripted_config(&s);
    struct damon_reclaim_group_config config = {
        .size = sizeof(config), .system_ops = as.system_ops, .system_data = as.system_data, .allocator = as.allocator};

    s.system_fail_at = s.nr_system_calls + 1;
    s.system_error = -EMFILE;
    ck_assert_int_eq(damon_reclaim_group_new(&config, &group), -EMFILE);
}
