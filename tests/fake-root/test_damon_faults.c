/* SPDX-License-Identifier: MIT */
/* The backend "damon" when calls fail and files are missing: a clean error that names the file, nothing left behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damon_life.h"

static const int errors[] = {-EINVAL, -EBUSY, -ENOMEM, -EPERM};

/* --- faults
 * ------------------------------------------------------------------------------------------------------------ */

/* A life with something going wrong; afterwards all is well again. */
static void live(void)
{
    struct damon_reclaim *ctx = NULL;

    if (try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, DAMON_RECLAIM_KEEP_ON_INVALID) < 0)
        return;
    if (damon_reclaim_enable(ctx) < 0) /* the file is named, from its last directory on */
        says(ctx, strrchr(fs->faulty, '/') + 1);
    fs->counters[0].nr_tried += 10;
    run(ctx, 2);
    set(ctx, "min_age", "10s");
    damon_reclaim_commit(ctx);
    fs->counters[0].nr_tried += 10;
    run(ctx, 2);
    damon_reclaim_disable(ctx);
    damon_reclaim_unref(ctx);
}

static void live_again(void)
{
    struct damon_reclaim *ctx;

    fs->fail_write = fs->fail_read = 0;
    ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
    enable(ctx);
    is("0/state", "on");
    damon_reclaim_unref(ctx);
    nothing_left();
    is("/sys/module/damon_stat/parameters/enabled", "Y");
}

START_TEST(test_write_faults)
{
    size_t n = 1;

    for (;; n++) {
        bool done;

        damon_fs_new(_i % 2);
        damon_add_module("damon_stat", true);
        fs->fail_write = n;
        fs->write_error = errors[_i / 2 % 4];
        fs->no_writer = _i / 8;
        live();
        done = fs->nr_writes < n;
        live_again();
        damon_fs_free();
        if (done)
            break;
    }
    ck_assert_uint_gt(n, 40);
}
END_TEST

START_TEST(test_read_faults)
{
    static const int read_errors[] = {0, 1, 2, -EIO, -ENODEV};
    size_t n = 1;

    for (;; n++) {
        bool done;

        damon_fs_new(_i % 2);
        damon_add_module("damon_stat", true);
        fs->fail_read = n;
        fs->read_error = read_errors[_i / 2];
        live();
        done = fs->nr_reads < n;
        live_again();
        damon_fs_free();
        if (done)
            break;
    }
    ck_assert_uint_gt(n, 100);
}
END_TEST

/* The kernel's thread takes the lock of the files now and then, so that a read is refused that is not the next time. */
START_TEST(test_busy_reads)
{
    size_t n = 1;

    for (bool done = false; !done; n++) {
        struct damon_reclaim *ctx;
        char pid[16], kdamond[16];

        damon_fs_new(_i);
        fs->fail_read = n;
        fs->read_error = -EBUSY;
        ctx = new_context(NULL, 0, 0);
        damon_reclaim_enable(ctx);
        warm_up(ctx);
        damon_reclaim_get(ctx, "kdamond_pid", pid, sizeof(pid));
        snprintf(kdamond, sizeof(kdamond), "%d", fs->kdamond);
        if (!strcmp(fs->faulty, "") || strstr(fs->faulty, DAMON_DIR)) {
            ck_assert_str_eq(pid, kdamond);
            ck_assert_int_ne(fs->kdamond, 0);
            ck_assert_str_eq(damon_reclaim_last_error(ctx), "");
            ck_assert_int_eq(last_state, DAMON_RECLAIM_STATE_ACTIVE);
        }
        done = fs->nr_reads < n;
        damon_reclaim_unref(ctx);
        if (strcmp(fs->faulty, RECORD) != 0) /* one that could not be read is kept */
            nothing_left();
        damon_fs_free();
    }
    ck_assert_uint_gt(n, 50);
}
END_TEST

/* Every file that there is, missing: either it is not needed, or the refusal names it. */
START_TEST(test_missing_files)
{
    char(*names)[PATH_LEN] = calloc(MAX_FILES, sizeof(*names));
    struct damon_reclaim *ctx;
    size_t n = 0;

    ck_assert_ptr_nonnull(names);
    damon_fs_new(_i);
    ctx = new_context(NULL, 0, 0);
    set(ctx, "skip_anon", "Y");
    set(ctx, "quota_autotune_feedback", "100");
    enable(ctx);
    for (; n < fs->nr_files; n++)
        strcpy(names[n], fs->files[n].path);
    damon_reclaim_unref(ctx);
    damon_fs_free();
    ck_assert_uint_gt(n, 60);
    for (size_t i = 0; i < n; i++) {
        int r;

        damon_fs_new(_i);
        fs->missing = names[i];
        ctx = NULL;
        r = try_context(&ctx, NULL, 0, 0);
        if (r == 0) {
            set(ctx, "skip_anon", "Y");
            set(ctx, "quota_autotune_feedback", "100");
            r = damon_reclaim_enable(ctx);
        }
        if (r == 0) {
            warm_up(ctx);
            set(ctx, "min_age", "10s");
            damon_reclaim_commit(ctx);
            warm_up(ctx);
        } else if (!strstr(ctx ? damon_reclaim_last_error(ctx) : error, strrchr(names[i], '/') + 1)) {
            ck_abort_msg("without %s: %s", names[i], ctx ? damon_reclaim_last_error(ctx) : error);
        }
        damon_reclaim_unref(ctx);
        fs->missing = NULL;
        nothing_left();
        damon_fs_free();
    }
    free(names);
}
END_TEST

/* Whatever is read wrongly, a kdamond of somebody else is not touched. */
START_TEST(test_foreign_faults)
{
    static const int read_errors[] = {0, 1, 2, -EIO};
    size_t n = 1;

    for (bool done = false; !done; n++) {
        struct damon_reclaim *ctx = NULL;
        char *before, *after;

        damon_fs_new(_i % 2);
        foreign_kdamond();
        before = damon_dump();
        fs->fail_read = n;
        fs->read_error = read_errors[_i / 2];
        if (try_context(&ctx, NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0) == 0)
            ck_assert_int_lt(damon_reclaim_enable(ctx), 0);
        damon_reclaim_unref(ctx);
        after = damon_dump();
        ck_assert_str_eq(before, after);
        ck_assert(fs->running);
        done = fs->nr_reads < n;
        free(before);
        free(after);
        damon_fs_free();
    }
    ck_assert_uint_gt(n, 4);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_write_faults, 0, 16);
    tcase_add_loop_test(tc, test_read_faults, 0, 10);
    tcase_add_loop_test(tc, test_busy_reads, 0, 2);
    tcase_add_loop_test(tc, test_missing_files, 0, 2);
    tcase_add_loop_test(tc, test_foreign_faults, 0, 8);
}

int main(void)
{
    return run_suite("damon-faults", 120, fill);
}
