/* SPDX-License-Identifier: MIT */
/* Targets: what may be one, and what is left of one that is removed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_target process(pid_t pid)
{
    return (struct damon_reclaim_target){.size = sizeof(struct damon_reclaim_target), .pid = pid};
}

static void expect_refused(struct damon_reclaim *ctx, struct damon_reclaim_target target, int error,
                           const char *culprit)
{
    uint64_t targets = reclaim_stats(ctx).nr_targets;
    size_t fds = scripted_open_fds(&s), blocks = s.memory.nr_blocks;
    uint32_t id = 99;

    expect_error(ctx, damon_reclaim_add_target(ctx, &target, &id), error, culprit);
    expect(id == 99 && reclaim_stats(ctx).nr_targets == targets && scripted_open_fds(&s) == fds);
    expect(s.memory.nr_blocks <= blocks + 1); /* the list of targets may have grown */
}

TEST(test_bad_ranges)
{
    struct damon_reclaim_range ranges[3] = {{BASE, BASE + MIB}, {BASE + MIB, BASE + 2 * MIB}};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges, .nr_ranges = 1};
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    ranges[0].end = ranges[0].start;
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]");
    ranges[0].end = ranges[0].start - 1;
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]");
    ranges[0].end = BASE + MIB + 1;
    target.nr_ranges = 2;
    expect_refused(ctx, target, -EINVAL, "target.ranges[1]");
    ranges[0] = (struct damon_reclaim_range){BASE + 4 * MIB, BASE + 5 * MIB};
    expect_refused(ctx, target, -EINVAL, "target.ranges[1]");
    ranges[0] = (struct damon_reclaim_range){BASE + 1, BASE + PAGE + PAGE - 1};
    ranges[1] = (struct damon_reclaim_range){BASE + 2 * PAGE, BASE + 3 * PAGE};
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]: there is no whole page");
    ranges[0] = (struct damon_reclaim_range){UINT64_MAX - 5, UINT64_MAX};
    expect_refused(ctx, target, -EINVAL, "target.ranges[0]: there is no whole page");
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
    ranges[1] = (struct damon_reclaim_range){BASE + MIB, BASE + 2 * MIB};
    target = (struct damon_reclaim_target){.size = sizeof(target), .ranges = ranges, .nr_ranges = 2};
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
}

static struct damon_reclaim_target memory(const struct damon_reclaim_range *ranges, size_t n)
{
    return (struct damon_reclaim_target){.size = sizeof(struct damon_reclaim_target), .ranges = ranges, .nr_ranges = n};
}

/* One memory, of which no page is watched twice; between the ranges of another target there is room. */
TEST(test_overlaps)
{
    struct damon_reclaim_range apart[2] = {{BASE, BASE + MIB}, {BASE + 2 * MIB, BASE + 3 * MIB}};
    struct damon_reclaim_range between[2] = {{BASE + MIB, BASE + 2 * MIB}, {BASE + 4 * MIB, BASE + 5 * MIB}};
    struct damon_reclaim_target target = memory(apart, 2);
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint32_t id;

    reclaim_enable(ctx); /* all memory, which goes when a target comes */
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
}

TEST(test_all_overlaps)
{
    struct damon_reclaim_range range = {BASE, BASE + MIB};
    struct damon_reclaim_target target = memory(NULL, 0);
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    expect_refused(ctx, memory(NULL, 0), -EINVAL, "target 1");
    expect_refused(ctx, memory(&range, 1), -EINVAL, "target 1");
    damon_reclaim_unref(ctx);
    s.ops.features &= ~(uint32_t)DAMON_RECLAIM_BACKEND_WHOLE; /* then each has a memory of its own */
    ctx = scripted_new(&s, 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
}

TEST(test_bad_processes)
{
    struct damon_reclaim_target target;
    struct damon_reclaim *ctx;

    s.processes[0] = (struct scripted_process){.pid = 100};
    s.processes[1] = (struct scripted_process){.pid = 101, .kernel_thread = true};
    s.processes[2] = (struct scripted_process){.pid = 102, .exited = true};
    s.processes[3] = (struct scripted_process){.pid = 103, .process = 100};
    s.processes[4] = (struct scripted_process){.pid = 104, .process = getpid()};
    s.processes[5] = (struct scripted_process){.pid = 105, .exited = true, .nr_threads = 3};
    ctx = scripted_new(&s, 0);
    expect_refused(ctx, process(105), -ESRCH, "pid 105: its first thread has exited while 2 others run");
    expect_refused(ctx, process(getpid()), -EPERM, "caller itself");
    expect_refused(ctx, process(99), -ESRCH, "pid 99");
    expect_refused(ctx, process(-1), -EINVAL, "pid -1");
    expect_refused(ctx, process(101), -EPERM, "pid 101");
    expect_refused(ctx, process(102), -ESRCH, "pid 102");
    expect_refused(ctx, process(103), -EINVAL, "pid 103");
    expect_refused(ctx, process(104), -EPERM, "pid 104");
    s.system_fail_at = s.nr_system_calls + 1;
    s.system_error = -EMFILE;
    expect_refused(ctx, process(100), -EMFILE, "limit of open files");
    ck_assert_ptr_null(strstr(damon_reclaim_last_error(ctx), "mounted"));
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
    reclaim_enable(ctx);
    for (int i = 0; i < 50; i++)
        reclaim_dispatch(ctx);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
}

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

static struct damon_reclaim_target process_of(int pidfd)
{
    return (struct damon_reclaim_target){
        .size = sizeof(struct damon_reclaim_target), .flags = DAMON_RECLAIM_TARGET_PIDFD, .pidfd = pidfd};
}

/* A process by pidfd: it is the same one, or it is refused. The descriptor stays the program's. */
TEST(test_pidfd)
{
    struct damon_reclaim_target target;
    struct damon_reclaim *ctx;
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), pipe_fds[2];
    uint32_t id = 0;
    pid_t pid;

    if (pidfd < 0 && errno == ENOSYS) {
        puts("no pidfd_open() here, as below old versions of valgrind: not checked");
        return;
    }
    close(pidfd);
    s.real_system = true;
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    ck_assert_int_ge(pidfd, 0);
    target = process_of(pidfd);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
    ck_assert_int_eq(fcntl(pidfd, F_GETFD), FD_CLOEXEC); /* still open */
    expect_refused(ctx, process(pid), -EEXIST, "is target 1");
    target = process_of(pidfd);
    target.pid = pid;
    expect_refused(ctx, target, -EINVAL, "target.pid");
    target = process_of(pidfd);
    target.flags |= 2;
    expect_refused(ctx, target, -EINVAL, "target.flags: 0x2");
    expect_refused(ctx, process_of(-1), -EINVAL, "target.pidfd: -1");
    expect_refused(ctx, process_of(9999), -EINVAL, "target.pidfd: 9999 is not open");
    expect_refused(ctx, process_of(pipe_fds[0]), -EINVAL, "is not a pidfd");
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, id), 0);
    kill(pid, SIGKILL);
    /* A zombie, and then nobody. */
    ck_assert_int_eq(poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 10000), 1);
    expect_refused(ctx, process_of(pidfd), -ESRCH, "exited");
    waitpid(pid, NULL, 0);
    expect_refused(ctx, process_of(pidfd), -ESRCH, "target.pidfd");
    close(pidfd);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* A table with descriptors of its own gives no meaning to one of ours. */
TEST(test_pidfd_of_another_table)
{
    expect_refused(scripted_new(&s, 0), process_of(3), -EOPNOTSUPP, "target.pidfd");
}

/* A /proc where we have another number is that of another pid namespace: its numbers mean others than ours. */
TEST(test_other_namespace)
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
    snprintf(name, sizeof(name), "%s/proc/self/stat", root);
    unlink(name);
    snprintf(name, sizeof(name), "%s/proc/self", root);
    rmdir(name);
    snprintf(name, sizeof(name), "%s/proc", root);
    rmdir(name);
    ck_assert_int_eq(rmdir(root), 0);
}

/* Whoever waits for targets does not get all memory of the backend until they come. */
TEST(test_waiting_is_not_whole)
{
    struct damon_reclaim_target target = process(100);
    struct damon_reclaim *ctx;

    s.processes[0].pid = 100;
    ctx = scripted_new(&s, DAMON_RECLAIM_ALLOW_NO_TARGET);
    reclaim_set(ctx, "min_age=500ms");
    reclaim_enable(ctx);
    for (int i = 0; i < 500; i++)
        reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets + reclaim_stats(ctx).monitored_bytes + s.nr_acts, 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    ck_assert_uint_gt(tried_bytes(&s, 0, s.nr_acts), 0);
}

/* Numbers are not used again. */
TEST(test_numbers)
{
    struct damon_reclaim *ctx;
    uint32_t id;

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
}

/* A target that is removed right after it was added has no part in anything any more. */
TEST(test_removed_at_once)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + MIB}, {2 * BASE, 2 * BASE + MIB}};
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "sample_interval=100ms");
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    reclaim_enable(ctx);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 2), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    reclaim_aggregate(ctx, 3);
    expect_partition(ctx, 1, &ranges[0], 1, PAGE);
    expect_partition(ctx, 2, NULL, 0, PAGE);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, MIB);
}

/* What is told of the memory right after a removal is that of the targets that are left. */
TEST(test_removed_is_not_counted)
{
    struct damon_reclaim_range ranges[2] = {{BASE, BASE + MIB}, {2 * BASE, 2 * BASE + 4 * MIB}};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    uint32_t ids[2];
    size_t n;

    reclaim_set(ctx, "sample_interval=100ms");
    for (int i = 0; i < 2; i++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &ranges[i], .nr_ranges = 1};

        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &ids[i]), 0);
    }
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 3);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 5 * MIB);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, ids[1]), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, MIB);
    ck_assert_int_eq(damon_reclaim_get_regions(ctx, NULL, 0, &n), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, n);
}

enum { WHILE_ENABLED, WHILE_DISABLED, NR_WHENS };

/* With targets of its own the program does not get all of the memory besides, whatever was watched before. */
TEST_CASES(test_whole_or_targets, NR_WHENS)
{
    struct damon_reclaim_range range = {BASE + 8 * MIB, BASE + 16 * MIB};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_enable(ctx);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
    if (_i == WHILE_DISABLED) {
        damon_reclaim_disable(ctx);
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
        reclaim_enable(ctx);
    } else {
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
    reclaim_aggregate(ctx, 2);
    expect_partition(ctx, 1, &range, 1, PAGE);
    expect_partition(ctx, 0, NULL, 0, PAGE);
}

/* What a backend returns is checked as what the program gives is: at the start, and while it works. */
TEST_CASES(test_backend_ranges, 8)
{
    static const struct damon_reclaim_range bad[][2] = {
        {{BASE, BASE + 64 * MIB}, {BASE, BASE + 64 * MIB}},
        {{BASE, BASE + 64 * MIB}, {BASE + 64 * MIB - 1, BASE + 65 * MIB}},
        {{BASE + MIB, BASE + 2 * MIB}, {BASE, BASE + MIB}},
        {{BASE, BASE + MIB}, {BASE + 3 * MIB, BASE + 2 * MIB}},
    };
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    int r = 0;

    if (_i % 2) {
        reclaim_enable(ctx);
        reclaim_aggregate(ctx, 30);
    }
    memcpy(s.ranges, bad[_i / 2], sizeof(bad[0]));
    s.nr_ranges = 2;
    if (_i % 2) {
        for (int i = 0; i < 1000 && r == 0; i++)
            r = damon_reclaim_dispatch(ctx);
        expect_error(ctx, r, -EINVAL, "ranges[1] of target 0");
    } else {
        expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "ranges[1] of target 0");
    }
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    s.nr_ranges = 1;
    s.ranges[0] = (struct damon_reclaim_range){BASE, BASE + 64 * MIB};
    reclaim_enable(ctx);
    s.fail[OP_RANGES] = -EIO; /* another error is told as such */
    expect_error(ctx, damon_reclaim_run(ctx), -EIO, "failed");
}
