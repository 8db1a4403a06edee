/* SPDX-License-Identifier: MIT */
/* The backend "damon" when calls fail and files are missing: the error names the file, and nothing is left behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damon_life.h"

#define DAMON_STAT "/sys/module/damon_stat/parameters/enabled"

/* A life with something going wrong. */
static void live(void)
{
    if (try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, DAMON_RECLAIM_KEEP_ON_INVALID) < 0)
        return;
    if (damon_reclaim_enable(ctx) < 0) /* names the file, at least its last part */
        says(damon_reclaim_last_error(ctx), strrchr(damon->faulty, '/') + 1);
    damon->counters[0].nr_tried += 10;
    run(2);
    reclaim_set(ctx, "min_age=10s");
    damon_reclaim_commit(ctx);
    damon->counters[0].nr_tried += 10;
    run(2);
    damon_reclaim_disable(ctx);
    ctx = damon_reclaim_unref(ctx);
}

static void live_again(void)
{
    damon->fail_write = damon->fail_read = 0;
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    reclaim_enable(ctx);
    is("0/state", "on");
    ctx = damon_reclaim_unref(ctx);
    is(DAMON_STAT, "Y");
    end();
}

static const int write_errors[] = {-EINVAL, -EBUSY, -ENOMEM, -EPERM};

/* With and without writes that are not waited for. */
static void write_faults(enum kernel kernel, int write_error, bool no_writer)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        begin(kernel);
        fake_damon_add_module(f, "damon_stat", true);
        damon->fail_write = n;
        damon->write_error = write_error;
        f->no_writer = no_writer;
        live();
        done = damon->nr_writes < n;
        live_again();
    }
    ck_assert_uint_gt(n, 40);
}

TEST_CASES(test_write_faults, NUMBER_OF(write_errors) * NR_KERNELS)
{
    write_faults(KERNEL, write_errors[CASE], false);
}

TEST_CASES(test_write_faults_without_writer, NUMBER_OF(write_errors) * NR_KERNELS)
{
    write_faults(KERNEL, write_errors[CASE], true);
}

static const int read_errors[] = {READ_GARBAGE, READ_NOTHING, READ_HALF, -EIO, -ENODEV};

TEST_CASES(test_read_faults, NUMBER_OF(read_errors) * NR_KERNELS)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        begin(KERNEL);
        fake_damon_add_module(f, "damon_stat", true);
        damon->fail_read = n;
        damon->read_error = read_errors[CASE];
        live();
        done = damon->nr_reads < n;
        live_again();
    }
    ck_assert_uint_gt(n, 100);
}

/* The kdamond holds the lock of its files now and then: a read that is refused succeeds the next time. */
TEST_CASES(test_busy_reads, NR_KERNELS)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        char pid[16], kdamond[16];

        begin(KERNEL);
        damon->fail_read = n;
        damon->read_error = -EBUSY;
        ctx = new_context(NULL, 0, 0);
        damon_reclaim_enable(ctx);
        warm_up(3);
        damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
        snprintf(kdamond, sizeof(kdamond), "%d", damon->kdamond);
        if (!strcmp(damon->faulty, "") || strstr(damon->faulty, DAMON_DIR)) {
            ck_assert_str_eq(pid, kdamond);
            ck_assert_int_ne(damon->kdamond, 700);
            ck_assert_str_eq(damon_reclaim_last_error(ctx), "");
            ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
        }
        done = damon->nr_reads < n;
        ctx = damon_reclaim_unref(ctx);
        if (!strcmp(damon->faulty, RECORD)) /* a record that could not be read is kept */
            remember();
        end();
    }
    ck_assert_uint_gt(n, 50);
}

/* Works on a kernel that lacks a file as far as it goes. A refusal must name the file. */
static void without(enum kernel kernel, const char *path)
{
    int r;

    begin(kernel);
    f->missing = damon->files.missing = path;
    r = try_context(&ctx, NULL, 0, 0);
    if (r == 0) {
        reclaim_set(ctx, "skip_anon=Y quota_autotune_feedback=100");
        r = damon_reclaim_enable(ctx);
    }
    if (r == 0) {
        warm_up(3);
        reclaim_set(ctx, "min_age=10s");
        damon_reclaim_commit(ctx);
        warm_up(3);
    } else {
        says(ctx ? damon_reclaim_last_error(ctx) : error, strrchr(path, '/') + 1);
    }
    ctx = damon_reclaim_unref(ctx);
    damon->files.missing = NULL;
    end();
}

TEST_CASES(test_missing_files, NR_KERNELS)
{
    static const char *const others[] = {"/proc/iomem", "/proc/meminfo", "/proc/pressure/memory",
                                         "/proc/sys/kernel/random/boot_id"};
    struct fake_damon_files *files = malloc(sizeof(*files));

    ck_assert_ptr_nonnull(files);
    begin(KERNEL);
    ctx = new_context(NULL, 0, 0);
    reclaim_set(ctx, "skip_anon=Y quota_autotune_feedback=100");
    reclaim_enable(ctx);
    *files = damon->files;
    end();
    ck_assert_uint_gt(files->n, 60);
    for (size_t i = 0; i < files->n; i++)
        without(KERNEL, files->at[i].path);
    for (size_t i = 0; i < NUMBER_OF(others); i++)
        without(KERNEL, others[i]);
    free(files);
}

/* Whatever is read wrongly, somebody else's kdamond is left alone. */
TEST_CASES(test_foreign_faults, 4 * NR_KERNELS)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        begin(KERNEL);
        foreign_kdamond();
        remember();
        damon->fail_read = n;
        damon->read_error = read_errors[CASE];
        if (try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0) == 0)
            ck_assert_int_lt(damon_reclaim_enable(ctx), 0);
        ctx = damon_reclaim_unref(ctx);
        ck_assert_int_eq(damon->running, true);
        done = damon->nr_reads < n;
        end();
    }
    ck_assert_uint_gt(n, 4);
}
