/* SPDX-License-Identifier: MIT */
/* The backend "damon" when the kernel's thread begins anew, or its directories do: nothing that was counted is lost or
 * counted twice; and when the program is killed, wherever that is: the next start finds what it left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "damon_life.h"

#define BYTES 5000

static struct damon_reclaim *ctx;
static uint32_t first;

/* Two processes, watched for a while. */
static void begin(bool later)
{
    damon_fs_new(later);
    fs->alive[0] = 42;
    fs->alive[1] = 43;
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    first = add_process(ctx, 42);
    add_process(ctx, 43);
}

static void end(void)
{
    ctx = damon_reclaim_unref(ctx);
    nothing_left();
    damon_fs_free();
}

static uint64_t reclaimed(void)
{
    return stats_of(ctx).bytes_reclaimed_regions;
}

static void kernel_reclaims(void)
{
    fs->counters[0].nr_tried += 10;
    fs->counters[1].sz_applied += BYTES;
}

/* --- counters ----------------------------------------------------------------------------------------------------- */

/* What was counted before a target went, which takes another thread, and since the last look. */
START_TEST(test_target_removed)
{
    begin(_i);
    enable(ctx);
    warm_up(ctx);
    kernel_reclaims();
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    ck_assert_uint_eq(fs->nr_on, 2);
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    kernel_reclaims();
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), 2 * BYTES);
    end();
}
END_TEST

/* The files still tell of the thread before when the next one has begun. */
START_TEST(test_counted_before)
{
    begin(_i);
    enable(ctx);
    warm_up(ctx);
    kernel_reclaims();
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    ck_assert_uint_eq(fs->nr_on, 2);
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    kernel_reclaims();
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), 2 * BYTES);
    end();
}
END_TEST

/* So near to a watermark that the thread may be asleep it is started anew to commit. */
START_TEST(test_near_watermark)
{
    begin(_i);
    fs->free_kib = 490000;
    set(ctx, "wmarks_mid", "500");
    enable(ctx);
    warm_up(ctx);
    kernel_reclaims();
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    end();
}
END_TEST

/* Directories of schemes that are made anew begin with zeros, whatever the thread has counted. */
START_TEST(test_scheme_added)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_sz = 4096, .min_age_us = 1000000, .action = DAMON_RECLAIM_ACTION_COLD};
    uint32_t id;

    begin(_i);
    enable(ctx);
    warm_up(ctx);
    kernel_reclaims();
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    warm_up(ctx);
    ck_assert_uint_eq(reclaimed(), BYTES);
    kernel_reclaims();
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
    ck_assert_uint_eq(reclaimed(), 2 * BYTES);
    end();
}
END_TEST

/* --- killed --------------------------------------------------------------------------------------------------------
 */

static void live(void)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_sz = 4096, .min_age_us = 1000000, .action = DAMON_RECLAIM_ACTION_COLD};

    enable(ctx);
    warm_up(ctx);
    set(ctx, "min_age", "10s");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    warm_up(ctx);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
}

/* Before each of the writes of a life, one after the other. */
START_TEST(test_killed_anywhere)
{
    size_t n = 1;

    for (bool done = false; !done; n++) {
        begin(_i);
        fs->kill_write = n;
        live();
        done = !fs->killed;
        fs->kill_write = 0;
        ctx = damon_reclaim_unref(ctx);
        if (!done)
            kill_it(fs->killed);
        ctx = new_context(NULL, 0, 0);
        add_process(ctx, 43);
        if (damon_reclaim_enable(ctx) < 0)
            ck_abort_msg("killed before write %zu: %s", n, damon_reclaim_last_error(ctx));
        is("0/state", "on");
        end();
    }
    ck_assert_uint_gt(n, 50);
}
END_TEST

/* The start after that, with each of its calls failing: it may be refused, but what was left is not forgotten. */
START_TEST(test_recovery_faults)
{
    static const int errors[] = {-EIO, -EBUSY, -ENOMEM, -EMFILE};
    bool writes = _i / 2 % 2;
    size_t n = 1;

    for (bool done = false; !done; n++) {
        damon_fs_new(_i % 2);
        damon_add_module("damon_stat", true);
        leave_behind(true);
        fs->nr_reads = fs->nr_writes = 0;
        fs->read_error = fs->write_error = errors[_i / 4];
        *(writes ? &fs->fail_write : &fs->fail_read) = n;
        ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
        damon_reclaim_enable(ctx);
        done = (writes ? fs->nr_writes : fs->nr_reads) < n;
        damon_reclaim_unref(ctx);
        fs->fail_read = fs->fail_write = 0;
        ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
        if (damon_reclaim_enable(ctx) < 0)
            ck_abort_msg("%s number %zu: %s", writes ? "write" : "read", n, damon_reclaim_last_error(ctx));
        damon_reclaim_unref(ctx);
        nothing_left();
        is("/sys/module/damon_stat/parameters/enabled", "Y");
        damon_fs_free();
    }
    ck_assert_uint_gt(n, 10);
}
END_TEST

/* A record that cannot be read now is kept. */
START_TEST(test_unreadable_record)
{
    damon_fs_new(_i);
    leave_behind(false);
    ctx = new_context(NULL, 0, 0);
    fs->open_record_error = -EMFILE;
    ck_assert_int_eq(damon_reclaim_enable(ctx), -EMFILE);
    says(ctx, RECORD);
    ck_assert(fs->has_record);
    is("0/state", "on");
    enable(ctx);
    end();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_target_removed, 0, 2);
    tcase_add_loop_test(tc, test_counted_before, 0, 2);
    tcase_add_loop_test(tc, test_near_watermark, 0, 2);
    tcase_add_loop_test(tc, test_scheme_added, 0, 2);
    tcase_add_loop_test(tc, test_killed_anywhere, 0, 2);
    tcase_add_loop_test(tc, test_recovery_faults, 0, 16);
    tcase_add_loop_test(tc, test_unreadable_record, 0, 2);
}

int main(void)
{
    return run_suite("damon-restarts", 120, fill);
}
