/* SPDX-License-Identifier: MIT */
/* The backend "damon" when the kdamond or its directories are made anew: nothing that was counted is lost or counted
 * twice; and when the program is killed, at any point: the next one cleans up what is left. */
#include <errno.h>

#include "damon_life.h"

#define BYTES 5000

static uint32_t first;

/* A context for two processes, watched for a while. */
static void watch_processes(void)
{
    ctx = new_context(NULL, 0, DAMON_RECLAIM_KEEP_ON_INVALID);
    first = add_process(42);
    add_process(43);
}

static void watch_and_enable(void)
{
    watch_processes();
    reclaim_enable(ctx);
    warm_up(3);
}

/* So much was reclaimed, as the statistics say after a while. */
static void reclaimed(uint64_t bytes)
{
    warm_up(3);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, bytes);
}

static void kernel_reclaims(void)
{
    damon->counters[0].nr_tried += 10;
    damon->counters[1].sz_applied += BYTES;
}

/* --- counters ----------------------------------------------------------------------------------------------------- */

/* Removing a target takes a new kdamond. What the old one counted has been read, or has not; its numbers stay in the
 * files until the new one writes its own. */
TEST_CASES_FOR_KERNELS(test_target_removed, 2)
{
    enum { HAS_BEEN_READ, HAS_NOT_BEEN_READ };

    watch_and_enable();
    kernel_reclaims();
    if (CASE == HAS_BEEN_READ)
        reclaimed(BYTES);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    ck_assert_uint_eq(damon->nr_on, 2);
    reclaimed(BYTES);
    kernel_reclaims();
    reclaimed(2 * BYTES);
}

/* So near to a watermark that the kdamond may be asleep, a new one is started instead of a commit. */
TEST_FOR_KERNELS(test_near_watermark)
{
    watch_processes();
    f->free_kib = 490000;
    reclaim_set(ctx, "wmarks_mid=500");
    reclaim_enable(ctx);
    warm_up(3);
    kernel_reclaims();
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    reclaimed(BYTES);
}

/* New directories of schemes begin with zeros, whatever the kdamond has counted. */
TEST_FOR_KERNELS(test_scheme_added)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_sz = 4096, .min_age_us = 1000000, .action = DAMON_RECLAIM_ACTION_COLD};
    uint32_t id;

    watch_and_enable();
    kernel_reclaims();
    reclaimed(BYTES);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, &id), 0);
    reclaimed(BYTES);
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, id), 0);
    reclaimed(BYTES);
    kernel_reclaims();
    reclaim_disable(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, 2 * BYTES);
}

/* --- killed ------------------------------------------------------------------------------------------------------- */

static void live(void)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_sz = 4096, .min_age_us = 1000000, .action = DAMON_RECLAIM_ACTION_COLD};

    reclaim_enable(ctx);
    warm_up(3);
    reclaim_set(ctx, "min_age=10s");
    reclaim_commit(ctx);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, first), 0);
    warm_up(3);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    reclaim_disable(ctx);
}

/* Before each of the writes of a life, one after the other. */
TEST_CASES(test_killed_anywhere, NR_KERNELS)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        begin(KERNEL);
        watch_processes();
        damon->kill_write = n;
        live();
        done = !damon->killed;
        damon->kill_write = 0;
        ctx = damon_reclaim_unref(ctx);
        if (!done)
            fake_damon_find(f, damon->killed);
        ctx = new_context(NULL, 0, 0);
        add_process(43);
        if (damon_reclaim_enable(ctx) < 0)
            ck_abort_msg("killed before write %zu: %s", n, damon_reclaim_last_error(ctx));
        is("0/state", "on");
        end();
    }
    ck_assert_uint_gt(n, 50);
}

/* The start after that, with each of its reads or writes failing: it may be refused, but then the next one succeeds. */
static void recovery_faults(enum kernel kernel, bool writes, int fault)
{
    bool done = false;
    size_t n;

    for (n = 1; !done; n++) {
        begin(kernel);
        fake_damon_add_module(f, "damon_stat", true);
        leave_behind(DAMON_RECLAIM_DAMON_TAKE_OVER);
        damon->nr_reads = damon->nr_writes = 0;
        damon->read_error = damon->write_error = fault;
        *(writes ? &damon->fail_write : &damon->fail_read) = n;
        ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
        damon_reclaim_enable(ctx);
        done = (writes ? damon->nr_writes : damon->nr_reads) < n;
        damon_reclaim_unref(ctx);
        damon->fail_read = damon->fail_write = 0;
        ctx = new_context(NULL, DAMON_RECLAIM_DAMON_TAKE_OVER, 0);
        if (damon_reclaim_enable(ctx) < 0)
            ck_abort_msg("%s number %zu: %s", writes ? "write" : "read", n, damon_reclaim_last_error(ctx));
        ctx = damon_reclaim_unref(ctx);
        is("/sys/module/damon_stat/parameters/enabled", "Y");
        end();
    }
    ck_assert_uint_gt(n, 10);
}

static const int errors[] = {-EIO, -EBUSY, -ENOMEM, -EMFILE};

TEST_CASES(test_recovery_reads, NUMBER_OF(errors) * NR_KERNELS)
{
    recovery_faults(KERNEL, false, errors[CASE]);
}

TEST_CASES(test_recovery_writes, NUMBER_OF(errors) * NR_KERNELS)
{
    recovery_faults(KERNEL, true, errors[CASE]);
}

/* A record that cannot be read now is kept. */
TEST_FOR_KERNELS(test_unreadable_record)
{
    leave_behind(0);
    ctx = new_context(NULL, 0, 0);
    f->record.open_error = -EMFILE;
    expect_error(ctx, damon_reclaim_enable(ctx), -EMFILE, RECORD);
    ck_assert_int_eq(f->record.exists, true);
    is("0/state", "on");
    reclaim_enable(ctx);
}
