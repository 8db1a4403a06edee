/* SPDX-License-Identifier: MIT */
/* Targets: what may be one, what becomes of one whose process exits, and the errors of a backend. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripted.h"

static struct scripted s;

static struct damon_reclaim_target process(pid_t pid)
{
    return (struct damon_reclaim_target){.size = sizeof(struct damon_reclaim_target), .pid = pid};
}

static void expect_refused(struct damon_reclaim *ctx, struct damon_reclaim_target target, int error,
                           const char *culprit)
{
    uint64_t targets = stats_of(ctx).nr_targets;
    size_t fds = scripted_open_fds(&s), blocks = s.memory.nr_blocks;
    uint32_t id = 99;

    expect_error(ctx, damon_reclaim_add_target(ctx, &target, &id), error, culprit);
    expect(id == 99 && stats_of(ctx).nr_targets == targets && scripted_open_fds(&s) == fds);
    expect(s.memory.nr_blocks <= blocks + 1); /* the list of targets may have grown */
}

START_TEST(test_bad_ranges)
{
    struct damon_reclaim_range ranges[3] = {{BASE, BASE + MIB}, {BASE + MIB, BASE + 2 * MIB}};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges, .nr_ranges = 1};
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    ranges[0].end = ranges[0].start;
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]");
    ranges[0].end = ranges[0].start - 1;
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]");
    ranges[0].end = BASE + MIB + 1;
    target.nr_ranges = 2;
    expect_refused(ctx, target, -EINVAL, "target.ranges[1]");
    ranges[0] = (struct damon_reclaim_range){BASE + 4 * MIB, BASE + 5 * MIB};
    expect_refused(ctx, target, -EINVAL, "target.ranges[1]");
    target.nr_ranges = 0;
    expect_refused(ctx, target, -EINVAL, "target.ranges");
    target.ranges = NULL;
    target.nr_ranges = 1;
    expect_refused(ctx, target, -EINVAL, "target.ranges");
    target.size = 5;
    expect_refused(ctx, target, -EINVAL, "target");
    ck_assert_int_eq(damon_reclaim_add_target(ctx, NULL, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_add_target(NULL, &target, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_remove_target(NULL, 1), -EINVAL);
    expect_error(ctx, damon_reclaim_remove_target(ctx, 1), -ENOENT, "target 1");
    /* Ranges that touch are fine. */
    ranges[0] = (struct damon_reclaim_range){BASE, BASE + MIB};
    target = (struct damon_reclaim_target){.size = sizeof(target), .ranges = ranges, .nr_ranges = 2};
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

static struct damon_reclaim_target memory(const struct damon_reclaim_range *ranges, size_t n)
{
    return (struct damon_reclaim_target){.size = sizeof(struct damon_reclaim_target), .ranges = ranges, .nr_ranges = n};
}

/* One memory, of which no page is watched twice; between the ranges of another target there is room. */
START_TEST(test_overlaps)
{
    struct damon_reclaim_range apart[2] = {{BASE, BASE + MIB}, {BASE + 2 * MIB, BASE + 3 * MIB}};
    struct damon_reclaim_range between[2] = {{BASE + MIB, BASE + 2 * MIB}, {BASE + 4 * MIB, BASE + 5 * MIB}};
    struct damon_reclaim_target target = memory(apart, 2);
    struct damon_reclaim *ctx;
    uint32_t id;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    enable(ctx); /* all memory, which goes when a target comes */
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
    expect_refused(ctx, memory(apart, 2), -EINVAL, "target.ranges[0]: 0x100000000-0x100100000 overlaps");
    expect_refused(ctx, memory(NULL, 0), -EINVAL, "target 1");
    between[1].start = BASE + 3 * MIB - 1;
    expect_refused(ctx, memory(between, 2), -EINVAL, "target.ranges[1]");
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "of target 1;"));
    between[1].start = BASE + 3 * MIB;
    target = memory(between, 2);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_refused(ctx, memory(between, 1), -EINVAL, "target 2");
    s.processes[0].pid = 100; /* has addresses of its own */
    target = (struct damon_reclaim_target){.size = sizeof(target), .pid = 100, .ranges = apart, .nr_ranges = 2};
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, id), 0);
    target = memory(apart, 2);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

START_TEST(test_all_overlaps)
{
    struct damon_reclaim_range range = {BASE, BASE + MIB};
    struct damon_reclaim_target target = memory(NULL, 0);
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_refused(ctx, memory(NULL, 0), -EINVAL, "target 1");
    expect_refused(ctx, memory(&range, 1), -EINVAL, "target 1");
    damon_reclaim_unref(ctx);
    s.ops.features &= ~(uint32_t)DAMON_RECLAIM_BACKEND_WHOLE; /* then each has a memory of its own */
    ctx = scripted_new(&s, 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

START_TEST(test_bad_processes)
{
    struct damon_reclaim_target target;
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.processes[0] = (struct scripted_process){.pid = 100};
    s.processes[1] = (struct scripted_process){.pid = 101, .kernel_thread = true};
    s.processes[2] = (struct scripted_process){.pid = 102, .exited = true};
    s.processes[3] = (struct scripted_process){.pid = 103, .process = 100};
    s.processes[4] = (struct scripted_process){.pid = 104, .process = getpid()};
    ctx = scripted_new(&s, 0);
    expect_refused(ctx, process(getpid()), -EPERM, "caller itself");
    expect_refused(ctx, process(99), -ESRCH, "pid 99");
    expect_refused(ctx, process(-1), -EINVAL, "pid -1");
    expect_refused(ctx, process(101), -EPERM, "pid 101");
    expect_refused(ctx, process(102), -ESRCH, "pid 102");
    expect_refused(ctx, process(103), -EINVAL, "pid 103");
    expect_refused(ctx, process(104), -EPERM, "pid 104");
    s.fail[OP_TARGET_ADD] = -EACCES;
    expect_refused(ctx, process(100), -EACCES, "pid 100");
    target = process(100);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_refused(ctx, process(100), -EEXIST, "pid 100");
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 1), 0);
    damon_reclaim_unref(ctx);
    s.ops.features = DAMON_RECLAIM_BACKEND_NEEDS_PID;
    ctx = scripted_new(&s, 0);
    expect_refused(ctx, process(0), -EOPNOTSUPP, "target.pid");
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "target");
    damon_reclaim_unref(ctx);
    ctx = scripted_new(&s, DAMON_RECLAIM_ALLOW_NO_TARGET);
    enable(ctx);
    for (int i = 0; i < 50; i++)
        dispatch(ctx);
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

static void write_file(const char *root, const char *name, const char *text)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* A /proc where we have another number is that of another pid namespace: its numbers mean others than ours. */
START_TEST(test_other_namespace)
{
    char root[] = "/tmp/damon-reclaim-test-XXXXXX", name[300], text[128];
    struct damon_reclaim_target target = process(getppid());
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx;

    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(name, sizeof(name), "%s/proc", root);
    ck_assert_int_eq(mkdir(name, 0700), 0);
    snprintf(name, sizeof(name), "%s/proc/self", root);
    ck_assert_int_eq(mkdir(name, 0700), 0);
    scripted_init(&s);
    s.real_system = true;
    config = scripted_config(&s);
    config.root = root;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    snprintf(text, sizeof(text), "%d (me) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 9 9\n", (int)getpid() + 1);
    write_file(root, "proc/self/stat", text);
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EINVAL, "another pid namespace");
    snprintf(text, sizeof(text), "pid %d", (int)getppid());
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), text));
    /* The same with our own number is fine, and the process is just not there. */
    snprintf(text, sizeof(text), "%d (me) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 9 9\n", (int)getpid());
    write_file(root, "proc/self/stat", text);
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -ESRCH, "in this pid namespace");
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
    snprintf(name, sizeof(name), "%s/proc/self/stat", root);
    unlink(name);
    snprintf(name, sizeof(name), "%s/proc/self", root);
    rmdir(name);
    snprintf(name, sizeof(name), "%s/proc", root);
    rmdir(name);
    ck_assert_int_eq(rmdir(root), 0);
}
END_TEST

/* Whoever waits for targets does not get all memory of the backend until they come. */
START_TEST(test_waiting_is_not_whole)
{
    struct damon_reclaim_target target = process(100);
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.processes[0].pid = 100;
    ctx = scripted_new(&s, DAMON_RECLAIM_ALLOW_NO_TARGET);
    set(ctx, "min_age", "500ms");
    enable(ctx);
    for (int i = 0; i < 500; i++)
        dispatch(ctx);
    ck_assert_uint_eq(stats_of(ctx).nr_targets + stats_of(ctx).monitored_bytes + s.nr_acts, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    aggregate(ctx, 9);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 1);
    ck_assert_uint_gt(tried_bytes(&s, 0, s.nr_acts), 0);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* Numbers are not used again. */
START_TEST(test_numbers)
{
    struct damon_reclaim *ctx;
    uint32_t id;

    scripted_init(&s);
    s.processes[0].pid = 100;
    ctx = scripted_new(&s, 0);
    for (uint32_t i = 1; i <= 50; i++) {
        struct damon_reclaim_target target = process(100);

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
        ck_assert_uint_eq(id, i);
        ck_assert_int_eq(damon_reclaim_remove_target(ctx, id), 0);
        expect_error(ctx, damon_reclaim_remove_target(ctx, id), -ENOENT, "target");
    }
    ck_assert_uint_eq(s.nr_target_remove, 50);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

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
    gone.nr_targets = stats_of(ctx).nr_targets;
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

    scripted_init(&s);
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
    enable(ctx);
    return ctx;
}

START_TEST(test_exit)
{
    struct damon_reclaim *ctx = two_processes(_i ? DAMON_RECLAIM_ALLOW_NO_TARGET : 0);
    size_t fds = scripted_open_fds(&s);

    aggregate(ctx, 3);
    s.processes[0].exited = true;
    run_until(ctx, s.now_ns + 1100 * MS);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_uint_eq(gone.target, 1);
    ck_assert_int_eq(gone.pid, 100);
    ck_assert_uint_eq(gone.nr_targets, 1); /* removed already */
    ck_assert_uint_eq(scripted_open_fds(&s), fds - 1);
    expect_partition(ctx, 1, NULL, 0, PAGE);
    expect_partition(ctx, 2, s.ranges, 1, PAGE);
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    s.processes[1].exited = true;
    for (int i = 0; i < 300 && stats_of(ctx).nr_targets; i++)
        dispatch(ctx);
    ck_assert_uint_eq(gone.n, 2);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 0);
    if (_i) {
        for (int i = 0; i < 50; i++)
            dispatch(ctx);
        ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
        ck_assert_uint_eq(stats_of(ctx).nr_regions, 0);
    } else {
        ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
        ck_assert_int_eq(stats_of(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
        ck_assert_int_eq(last_event.reason, DAMON_RECLAIM_REASON_NO_TARGET);
        ck_assert_uint_eq(s.nr_disable, 1);
    }
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* The pid is used again while the first one is a target still: the new process is another one. */
START_TEST(test_reused_pid)
{
    struct damon_reclaim *ctx = two_processes(0);
    struct damon_reclaim_target target = process(100);
    uint32_t id;

    aggregate(ctx, 2);
    s.processes[0].pid = 0; /* has exited and is waited for */
    s.processes[2].pid = 100;
    if (_i) {
        run_until(ctx, s.now_ns + 1100 * MS);
        ck_assert_uint_eq(gone.n, 1);
        ck_assert_uint_eq(gone.target, 1);
        expect_partition(ctx, 1, NULL, 0, PAGE);
    }
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0); /* also before the end of the first is noticed */
    ck_assert_uint_eq(id, 3);
    run_until(ctx, s.now_ns + 1100 * MS);
    ck_assert_uint_eq(gone.n, 1);
    expect_partition(ctx, 1, NULL, 0, PAGE);
    expect_partition(ctx, 3, s.ranges, 1, PAGE);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* -ESRCH of any operation on a target: that target is gone, the other stays. */
START_TEST(test_gone_by_backend)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM};
    struct damon_reclaim *ctx = two_processes(0);

    set(ctx, "min_age", "500ms");
    commit(ctx);
    aggregate(ctx, ops[_i] == OP_MARK ? 1 : 4);
    s.fail[ops[_i]] = -ESRCH;
    for (int i = 0; i < 400 && !gone.n; i++)
        dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 1);
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    expect_partition(ctx, gone.target, NULL, 0, PAGE);
    expect_partition(ctx, 3 - gone.target, s.ranges, 1, PAGE);
    aggregate(ctx, 12);
    ck_assert_uint_gt(stats_of(ctx).bytes_reclaimed_regions, 0);
    ck_assert_uint_eq(scripted_open_fds(&s), 2); /* the timer and a pidfd */
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* The last target is gone as soon as it is looked at: enable() does not leave a context that watches nothing. */
START_TEST(test_gone_at_enable)
{
    struct damon_reclaim_target target = process(100);
    struct damon_reclaim *ctx;

    scripted_init(&s);
    memset(&gone, 0, sizeof(gone));
    s.callbacks.target_gone = note_gone;
    s.processes[0].pid = 100;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    s.fail[_i ? OP_PREPARE : OP_RANGES] = -ESRCH;
    damon_reclaim_enable(ctx);
    damon_reclaim_dispatch(ctx);
    damon_reclaim_dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(stats_of(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
    ck_assert_uint_eq(s.nr_disable, s.nr_calls[OP_ENABLE]);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* An error that is none of the moment disables, with a text that names the backend; enabling works again. */
START_TEST(test_backend_error)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM, OP_ADVANCE};
    struct damon_reclaim *ctx = two_processes(0);
    int r = 0;

    set(ctx, "min_age", "500ms");
    commit(ctx);
    aggregate(ctx, ops[_i] == OP_MARK ? 1 : 4);
    s.fail[ops[_i]] = -EIO;
    for (int i = 0; i < 400 && r == 0; i++)
        r = damon_reclaim_dispatch(ctx);
    expect_error(ctx, r, -EIO, "scripted");
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(stats_of(ctx).reason, DAMON_RECLAIM_REASON_BACKEND);
    ck_assert_int_eq(last_event.state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_uint_eq(s.nr_disable, 1);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 2);
    ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    enable(ctx);
    aggregate(ctx, 8);
    ck_assert_uint_gt(stats_of(ctx).bytes_reclaimed_regions, 0);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* Errors of the moment leave a step out, once or many times. */
START_TEST(test_passing_error)
{
    static const enum scripted_op ops[] = {OP_RANGES, OP_PREPARE, OP_CHECK, OP_MARK, OP_RECLAIM, OP_ADVANCE};
    struct damon_reclaim *ctx = two_processes(0);

    set(ctx, "min_age", "500ms");
    commit(ctx);
    for (int i = 0; i < 800; i++) {
        if (i % 3 == 0)
            s.fail[ops[_i / 2]] = _i % 2 ? -ENOMEM : -EINTR;
        dispatch(ctx);
        s.nr_acts = 0;
    }
    memset(s.fail, 0, sizeof(s.fail));
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 2);
    aggregate(ctx, 14);
    ck_assert_uint_gt(stats_of(ctx).bytes_reclaimed_regions, 0);
    expect_partition(ctx, 1, s.ranges, 1, PAGE);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* enable() of the backend refuses: the text says so, and disable() is not called. */
START_TEST(test_enable_refused)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    s.fail[OP_ENABLE] = -EBUSY;
    expect_error(ctx, damon_reclaim_enable(ctx), -EBUSY, "scripted");
    ck_assert_int_eq(stats_of(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_uint_eq(s.nr_disable, 0);
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_enable(ctx), 0); /* it is */
    ck_assert_uint_eq(s.nr_calls[OP_ENABLE], 2);
    damon_reclaim_disable(ctx);
    damon_reclaim_disable(ctx);
    ck_assert_uint_eq(s.nr_disable, 1);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

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

START_TEST(test_prepared_array)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.ops.check = check_array;
    ctx = scripted_new(&s, 0);
    enable(ctx);
    for (uint64_t n = 1000; n < 20000; n += 1000) {
        for (int i = 0; i < 3; i++)
            dispatch(ctx);
        set_number(ctx, "max_nr_regions", n);
        commit(ctx);
    }
    ck_assert_uint_gt(stats_of(ctx).nr_samples, 30);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* A target that is removed right after it was added has no part in anything any more. */
START_TEST(test_removed_at_once)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + MIB}, {2 * BASE, 2 * BASE + MIB}};
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    set(ctx, "sample_interval", "100ms");
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    enable(ctx);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 2), 0);
    ck_assert_uint_eq(stats_of(ctx).nr_targets, 1);
    aggregate(ctx, 3);
    expect_partition(ctx, 1, &ranges[0], 1, PAGE);
    expect_partition(ctx, 2, NULL, 0, PAGE);
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, MIB);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* What is told of the memory right after a removal is that of the targets that are left. */
START_TEST(test_removed_is_not_counted)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + MIB}, {2 * BASE, 2 * BASE + 4 * MIB}};
    struct damon_reclaim *ctx;
    uint32_t ids[2];
    size_t n;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    set(ctx, "sample_interval", "100ms");
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[i]), 0);
    }
    enable(ctx);
    aggregate(ctx, 3);
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, 5 * MIB);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, ids[1]), 0);
    ck_assert_uint_eq(stats_of(ctx).monitored_bytes, MIB);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, NULL, 0, &n), 0);
    ck_assert_uint_eq(stats_of(ctx).nr_regions, n);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

/* With targets of its own the program does not get all of the memory besides, whatever was watched before. */
START_TEST(test_whole_or_targets)
{
    struct damon_reclaim_range range = {BASE + 8 * MIB, BASE + 16 * MIB};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    enable(ctx);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
    if (_i) {
        damon_reclaim_disable(ctx);
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
        enable(ctx);
    } else {
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    aggregate(ctx, 2);
    expect_partition(ctx, 1, &range, 1, PAGE);
    expect_partition(ctx, 0, NULL, 0, PAGE);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* Real processes: this one is no target, a child is one until it dies. */
START_TEST(test_real_processes)
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
    scripted_init(&s);
    memset(&gone, 0, sizeof(gone));
    s.real_system = true;
    s.callbacks.target_gone = note_gone;
    ctx = scripted_new(&s, 0);
    expect_refused(ctx, process(getpid()), -EPERM, "caller itself");
    target = process(child);
    if (damon_reclaim_add_target(ctx, &target, NULL) == -ENOSYS) {
        /* Not a kernel's answer by now, but valgrind's. */
        expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -ENOSYS, "cannot be held");
        end_child(child);
        damon_reclaim_unref(ctx);
        scripted_fini(&s);
        return;
    }
    expect_refused(ctx, process(child), -EEXIST, "target 1");
    enable(ctx);
    run_until(ctx, s.now_ns + 2 * SEC);
    ck_assert_uint_eq(gone.n, 0);
    end_child(child);
    for (int i = 0; i < 300 && !gone.n; i++)
        dispatch(ctx);
    ck_assert_uint_eq(gone.n, 1);
    ck_assert_int_eq(gone.pid, child);
    ck_assert_int_eq(stats_of(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
    expect_refused(ctx, process(child), -ESRCH, "no such process");
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_test(tc, test_bad_ranges);
    tcase_add_test(tc, test_overlaps);
    tcase_add_test(tc, test_all_overlaps);
    tcase_add_test(tc, test_bad_processes);
    tcase_add_test(tc, test_other_namespace);
    tcase_add_test(tc, test_waiting_is_not_whole);
    tcase_add_test(tc, test_numbers);
    tcase_add_loop_test(tc, test_exit, 0, 2);
    tcase_add_loop_test(tc, test_reused_pid, 0, 2);
    tcase_add_loop_test(tc, test_gone_by_backend, 0, 5);
    tcase_add_loop_test(tc, test_gone_at_enable, 0, 2);
    tcase_add_loop_test(tc, test_backend_error, 0, 6);
    tcase_add_loop_test(tc, test_passing_error, 0, 12);
    tcase_add_test(tc, test_enable_refused);
    tcase_add_test(tc, test_prepared_array);
    tcase_add_test(tc, test_removed_at_once);
    tcase_add_test(tc, test_removed_is_not_counted);
    tcase_add_loop_test(tc, test_whole_or_targets, 0, 2);
    tcase_add_test(tc, test_real_processes);
}

int main(void)
{
    return scripted_run("targets", fill);
}
