/* SPDX-License-Identifier: MIT */
/*
 * A whole life of a context on the backend, with every system call and every allocation failing at its Nth use: it
 * never crashes, nothing is left behind, and afterwards the context works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"

#define BASE UINT64_C(0x7f0000000000)
#define PID  4242

static const int errors[] = {-EIO, -ENOMEM, -EINTR, -ENOENT, -ESRCH, -EPERM};

enum { PROCESS, PHYSICAL, NR_TARGETS };
static bool physical; /* the target is physical memory, not a process */

static void populate(void)
{
    struct fake_process *p = fake_process(f, PID);

    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    fake_map(f, p, BASE + 1024 * PAGE, 100, FAKE_SMALL);
    fake_map(f, p, BASE + 2048 * PAGE, 32, FAKE_MEDIUM);
    fake_map(f, p, BASE + 4096 * PAGE, 16, FAKE_FILE);
    fake_map(f, p, BASE + 8192 * PAGE, 16, FAKE_NONE);
    fake_cgroup(f, "/a", 17);
    fake_cgroup(f, "/excluded", 18);
    fake_cache(f, 50, 17);
}

static int add_target(struct damon_reclaim *ctx)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = physical ? 0 : PID};

    return damon_reclaim_add_target(ctx, &target, NULL);
}

static int exclude(struct damon_reclaim *ctx)
{
    static const struct damon_reclaim_exclusion exclusions[] = {
        {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = PID + 7},
        {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/excluded"},
    };

    return damon_reclaim_set_exclusions(ctx, exclusions, 2);
}

/* Dispatches for @ms of the fake's time. The target may get lost meanwhile and the context be disabled. */
static void dispatch(struct damon_reclaim *ctx, unsigned int ms)
{
    for (unsigned int i = 0; i < ms / 25; i++) {
        f->now_ns += 25000000;
        damon_reclaim_dispatch(ctx);
    }
}

static void set_up(struct damon_reclaim *ctx)
{
    reclaim_set(ctx, "min_age=300000 sample_interval=25000 quota_ms=0 min_nr_regions=3 "
                     "wmarks_high=1000 wmarks_mid=990 wmarks_low=0");
}

/* The life of a context. Whatever fails the first time must work the second time. *ret_calls: the calls that could
 * fail. */
static void live(size_t *ret_calls)
{
    struct damon_reclaim_config config = fake_config(f);
    struct damon_reclaim *ctx = NULL;
    char error[256] = "";

    config.error = error;
    config.error_size = sizeof(error);
    config.flags = DAMON_RECLAIM_ALLOW_NO_TARGET;
    if (damon_reclaim_new(&config, &ctx) < 0) {
        ck_assert_str_ne(error, "");
        ck_assert_uint_eq(f->nr_open, 0);
        ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    }
    set_up(ctx);
    if (add_target(ctx) < 0) {
        ck_assert_str_ne(damon_reclaim_last_error(ctx), "");
        ck_assert_int_eq(add_target(ctx), 0);
    }
    if (exclude(ctx) < 0) {
        ck_assert_str_ne(damon_reclaim_last_error(ctx), "");
        ck_assert_int_eq(exclude(ctx), 0);
    }
    if (damon_reclaim_enable(ctx) < 0) {
        ck_assert_str_ne(damon_reclaim_last_error(ctx), "");
        reclaim_enable(ctx);
    }
    dispatch(ctx, 1200);
    *ret_calls = f->nr_calls;
    f->fail_call = f->memory.fail_at = 0;
    if (!reclaim_stats(ctx).nr_targets) /* the process seemed to be gone */
        ck_assert_int_eq(add_target(ctx), 0);
    reclaim_enable(ctx); /* it may be disabled */
    if (physical)
        f->now_ns += 61000000000; /* what it did not find out stays unknown for so long */
    dispatch(ctx, 2000);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_gt(f->paged_out, 600 * PAGE); /* regions may divide a huge page, which then stays */
    damon_reclaim_unref(ctx);
}

static size_t calls_of_a_life(size_t *ret_allocations)
{
    size_t calls;

    f = fake_open();
    populate();
    f->nr_calls = f->memory.nr_calls = 0;
    live(&calls);
    *ret_allocations = f->memory.nr_calls;
    fake_close(f);
    return calls;
}

#define NR_ERRORS (NUMBER_OF(errors))

/* For a process with each error; for physical memory, which takes longer, with alternating errors. */
TEST_CASES(test_every_call, NR_ERRORS + 1)
{
    size_t allocations, calls, unused;

    physical = _i == NR_ERRORS;
    calls = calls_of_a_life(&allocations);
    for (size_t i = 1; i <= calls; i++) {
        f = fake_open();
        populate();
        f->nr_calls = 0;
        f->fail_call = i;
        f->fail_error = errors[physical ? i % NR_ERRORS : (size_t)_i];
        live(&unused);
        fake_close(f);
    }
}

TEST_CASES(test_every_allocation, NR_TARGETS)
{
    size_t allocations, unused;

    physical = _i == PHYSICAL;
    calls_of_a_life(&allocations);
    for (size_t i = 1; i <= allocations; i++) {
        f = fake_open();
        populate();
        f->memory.nr_calls = 0;
        f->memory.fail_at = i;
        live(&unused);
        fake_close(f);
    }
}

/* Once it works, it allocates nothing more; for physical memory, which it lists again now and then, it keeps nothing.
 */
TEST_CASES(test_steady_state, NR_TARGETS)
{
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;
    size_t allocations, blocks;

    physical = _i == PHYSICAL;
    f = fake_open();
    populate();
    config = fake_config(f);
    ctx = reclaim_new(&config);
    set_up(ctx);
    reclaim_set(ctx, "max_nr_regions=40");
    ck_assert_int_eq(add_target(ctx), 0);
    reclaim_enable(ctx);
    dispatch(ctx, 20000);
    allocations = f->memory.nr_calls;
    blocks = f->memory.nr_blocks;
    dispatch(ctx, 60000);
    ck_assert_uint_le(f->memory.nr_blocks, blocks + (physical ? 1 : 0));
    ck_assert_uint_le(f->memory.nr_calls, allocations + (physical ? 8 : 0));
    damon_reclaim_unref(ctx);
    fake_close(f);
}

/* When one of two processes exits, the other is still watched. */
TEST(test_one_exits)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = PID + 1};
    struct damon_reclaim_config config;
    struct damon_reclaim *ctx = NULL;
    struct fake_process *other;

    physical = false;
    f = fake_open();
    populate();
    other = fake_process(f, PID + 1);
    fake_map(f, other, BASE, 1024, FAKE_SMALL);
    config = fake_config(f);
    ctx = reclaim_new(&config);
    set_up(ctx);
    ck_assert_int_eq(add_target(ctx), 0);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    reclaim_enable(ctx);
    dispatch(ctx, 200);
    f->processes[0].exited = true;
    dispatch(ctx, 3000);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    ck_assert_uint_eq(fake_resident(other, BASE, 1024), 0);
    other->exited = true;
    dispatch(ctx, 2000);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_NO_TARGET);
    damon_reclaim_unref(ctx);
    fake_close(f);
}
