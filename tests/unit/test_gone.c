/* SPDX-License-Identifier: MIT */
/* What becomes of a target whose process exits, and of a context whose backend fails. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_target process(pid_t pid)
{
    return (struct damon_reclaim_target){.size = sizeof(struct damon_reclaim_target), .pid = pid};
}

static struct {
    size_t n;
    uint32_t target;
    pid_t pid;
    uint64_t nr_targets;
} gone;
static struct damon_reclaim_event last_event;

static void note_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    (void)userdata;
    gone.n++;
    gone.target = target;
    gone.pid = pid;
    gone.nr_targets = reclaim_stats(ctx).nr_targets;
}

static void note_state(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx, (void)userdata;
    last_event = *event;
}

/* Two processes; one exits, the other goes on; then that exits too. */
static struct damon_reclaim *two_processes(uint32_t flags)
{
    struct damon_reclaim *ctx;

    memset(&gone, 0, sizeof(gone));
    s.callbacks.target_gone = note_gone;
    s.callbacks.state_changed = note_state;
    s.processes[0].pid = 100;
    s.processes[1].pid = 101;
    ctx = scripted_new(&s, flags);
    for (pid_t pid = 100; pid < 102; pid++) {
        struct damon_reclaim_target target = process(pid);

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    reclaim_enable(ctx);
    return ctx;
}

TEST_CASES(test_exit, 2)
{
    static const uint32_t flags[] = {0, DAMON_RECLAIM_ALLOW_NO_TARGET};
    struct damon_reclaim *ctx = two_processes(flags[_i]);
    size_t fds = scripted_open_fds(&s);

    reclaim_aggregate(ctx, 3);
    s.processes[0].exited = true;
    reclaim_run_until(ctx, s.now_ns + 1100 * MS);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_uint_eq(gone.target, 1);
    ck_assert_int_eq(gone.pid, 100);
    ck_assert_uint_eq(gone.nr_targets, 1); /* removed already */
    ck_assert_uint_eq(scripted_open_fds(&s), fds - 1);
    expect_partition(ctx, 1, NULL, 0, PAGE);
    expect_partition(ctx, 2, s.ranges, 1, PAGE);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    s.processes[1].exited = true;
    for (int i = 0; i < 300 && reclaim_stats(ctx).nr_targets; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(gone.n, 2);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 0);
    if (flags[_i] & DAMON_RECLAIM_ALLOW_NO_TARGET) {
        for (int i = 0; i < 50; i++)
            reclaim_dispatch(ctx);
        ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
        ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 0);
    } else {
        ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
        ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
        ck_assert_int_eq(last_event.reason, DAMON_RECLAIM_REASON_NO_TARGET);
        ck_assert_uint_eq(s.nr_disable, 1);
    }
}

enum { ADDED_AT_ONCE, ADDED_AFTER_NOTICE, NR_MOMENTS };

/* The pid is used again while the first one is a target still: the new process is another one. */
TEST_CASES(test_reused_pid, NR_MOMENTS)
{
    struct damon_reclaim *ctx = two_processes(0);
    struct damon_reclaim_target target = process(100);
    uint32_t id;

    reclaim_aggregate(ctx, 2);
    s.processes[0].pid = 0; /* has exited and is waited for */
    s.processes[2].pid = 100;
    if (_i == ADDED_AFTER_NOTICE) {
        reclaim_run_until(ctx, s.now_ns + 1100 * MS);
        ck_assert_uint_eq(gone.n, 1);
        ck_assert_uint_eq(gone.target, 1);
        expect_partition(ctx, 1, NULL, 0, PAGE);
    }
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0); /* also before the end of the first is noticed */
    ck_assert_uint_eq(id, 3);
    reclaim_run_until(ctx, s.now_ns + 1100 * MS);
    ck_assert_uint_eq(gone.n, 1);
    expect_partition(ctx, 1, NULL, 0, PAGE);
    expect_partition(ctx, 3, s.ranges, 1, PAGE);
}

/* -ESRCH of any operation on a target: that target is gone, the other stays. */
TEST_CASES(test_gone_by_backend, 5)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM};
    struct damon_reclaim *ctx = two_processes(0);

    reclaim_set(ctx, "min_age=500ms");
    reclaim_commit(ctx);
    reclaim_aggregate(ctx, ops[_i] == OP_MARK ? 1 : 4);
    s.fail[ops[_i]] = -ESRCH;
    for (int i = 0; i < 400 && !gone.n; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    expect_partition(ctx, gone.target, NULL, 0, PAGE);
    expect_partition(ctx, 3 - gone.target, s.ranges, 1, PAGE);
    reclaim_aggregate(ctx, 12);
    ck_assert_uint_gt(reclaim_stats(ctx).bytes_reclaimed_regions, 0);
    ck_assert_uint_eq(scripted_open_fds(&s), 2); /* the timer and a pidfd */
}

/* The last target is gone as soon as it is looked at: enable() does not leave a context that watches nothing. */
TEST_CASES(test_gone_at_enable, 2)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE};
    struct damon_reclaim_target target = process(100);
    struct damon_reclaim *ctx;

    memset(&gone, 0, sizeof(gone));
    s.callbacks.target_gone = note_gone;
    s.processes[0].pid = 100;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    s.fail[ops[_i]] = -ESRCH;
    damon_reclaim_enable(ctx);
    damon_reclaim_dispatch(ctx);
    damon_reclaim_dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
    ck_assert_uint_eq(s.nr_disable, s.nr_calls[OP_ENABLE]);
}

/* An error that is none of the moment disables, with a text that names the backend; enabling works again. */
TEST_CASES(test_backend_error, 6)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM, OP_ADVANCE};
    struct damon_reclaim *ctx = two_processes(0);
    int r = 0;

    reclaim_set(ctx, "min_age=500ms");
    reclaim_commit(ctx);
    reclaim_aggregate(ctx, ops[_i] == OP_MARK ? 1 : 4);
    s.fail[ops[_i]] = -EIO;
    for (int i = 0; i < 400 && r == 0; i++)
        r = damon_reclaim_dispatch(ctx);
    expect_error(ctx, r, -EIO, "scripted");
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_BACKEND);
    ck_assert_int_eq(last_event.state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_uint_eq(s.nr_disable, 1);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 2);
    ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 8);
    ck_assert_uint_gt(reclaim_stats(ctx).bytes_reclaimed_regions, 0);
}

/* Errors of the moment leave a step out, once or many times. */
TEST_CASES(test_passing_error, 6)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM, OP_ADVANCE};
    struct damon_reclaim *ctx = two_processes(0);

    reclaim_set(ctx, "min_age=500ms");
    reclaim_commit(ctx);
    for (int i = 0; i < 800; i++) {
        if (i % 3 == 0)
            s.fail[ops[_i]] = i % 2 ? -ENOMEM : -EINTR;
        reclaim_dispatch(ctx);
        s.nr_acts = 0;
    }
    memset(s.fail, 0, sizeof(s.fail));
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 2);
    reclaim_aggregate(ctx, 14);
    ck_assert_uint_gt(reclaim_stats(ctx).bytes_reclaimed_regions, 0);
    expect_partition(ctx, 1, s.ranges, 1, PAGE);
}

/* enable() of the backend refuses: the text says so, and disable() is not called. */
TEST(test_enable_refused)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    s.fail[OP_ENABLE] = -EBUSY;
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, "scripted");
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_uint_eq(s.nr_disable, 0);
    reclaim_enable(ctx);
    ck_assert_int_eq(damon_reclaim_enable(ctx), 0); /* it is */
    ck_assert_uint_eq(s.nr_calls[OP_ENABLE], 2);
    damon_reclaim_disable(ctx);
    damon_reclaim_disable(ctx);
    ck_assert_uint_eq(s.nr_disable, 1);
}

/* What was given to prepare() stays where it is until check(), as the header says. */
static int check_array(void *data, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    (void)data, (void)target;
    expect(n <= s.nr_prepared);
    for (size_t i = 0; i < n; i++)
        expect(s.prepared[i] == addrs[i]);
    memset(accessed, 0, n);
    return 0;
}

TEST(test_prepared_array)
{
    struct damon_reclaim *ctx;

    s.ops.check = check_array;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    for (uint64_t n = 1000; n < 20000; n += 1000) {
        for (int i = 0; i < 3; i++)
            reclaim_dispatch(ctx);
        reclaim_set(ctx, "max_nr_regions=%" PRIu64, n);
        reclaim_commit(ctx);
    }
    ck_assert_uint_gt(reclaim_stats(ctx).nr_samples, 30);
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* Real processes: this one is no target, a child is one until it dies. */
TEST(test_real_processes)
{
    struct damon_reclaim_target target;
    struct damon_reclaim *ctx;
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
        for (;;)
            pause();
    }
    ck_assert_int_gt(child, 0);
    memset(&gone, 0, sizeof(gone));
    s.real_system = true;
    s.callbacks.target_gone = note_gone;
    ctx = scripted_new(&s, 0);
    target = process(getpid());
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EPERM, "caller itself");
    target = process(child);
    if (damon_reclaim_add_target(ctx, &target, NULL) == -ENOSYS) {
        /* Not a kernel's answer by now, but valgrind's. */
        expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -ENOSYS, "pidfd_open() fails");
        end_child(child);
        return;
    }
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EEXIST, "target 1");
    reclaim_enable(ctx);
    reclaim_run_until(ctx, s.now_ns + 2 * SEC);
    ck_assert_uint_eq(gone.n, 0);
    end_child(child);
    for (int i = 0; i < 300 && !gone.n; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_int_eq(gone.pid, child);
    ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -ESRCH, "no such process");
}
