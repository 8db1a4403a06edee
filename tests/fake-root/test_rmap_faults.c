/* SPDX-License-Identifier: MIT */
/* Which process maps a frame, when processes, memory or the system fail. */
#include <errno.h>

#include "rmap_life.h"

static size_t change_at;

static void exit_at(struct fake *fake)
{
    if (fake->nr_calls + 1 == change_at)
        process(FIRST + 1)->exited = true;
}

static void exec_at(struct fake *fake)
{
    if (fake->nr_calls + 1 == change_at)
        fake_exec(process(FIRST + 1));
}

/* A process exits, or begins another program, at any call: the others are found. */
TEST_CASES(test_vanish, 2)
{
    static void (*const hooks[])(struct fake *) = {exit_at, exec_at};

    for (change_at = 1;; change_at++) {
        size_t calls;

        begin_populated();
        f->nr_calls = 0;
        f->hook = hooks[_i];
        read_all();
        f->hook = NULL;
        calls = f->nr_calls;
        ck_assert_int_eq(knows_all(), true);
        ck_assert_uint_eq(nr_found(process(FIRST)), ALL);
        ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
        ck_assert_str_eq(f->env.error, "");
        tear_down();
        if (calls < change_at)
            break;
    }
    ck_assert_uint_gt(change_at, 50);
}

static const int errors[] = {-EIO, -ENOMEM, -EMFILE, -EACCES, -EPERM, -ESRCH, -ENOENT, -EINTR, -EINVAL};

/* Any call fails: either the step says so and the next one does its work, or a process is passed over until the table
 * is made anew. */
TEST_CASES(test_every_call, NUMBER_OF(errors))
{
    bool reached = true;
    size_t i;

    for (i = 1; reached; i++) {
        int r;

        begin_populated();
        want_all();
        f->nr_calls = 0;
        f->fail_call = i;
        f->fail_error = errors[_i];
        r = drcl_rmap_step(rmap, 0);
        reached = f->nr_calls >= i;
        f->fail_call = 0;
        if (r < 0) {
            ck_assert_int_eq(r, errors[_i]);
            ck_assert_str_ne(f->env.error, "");
            ck_assert_int_eq(knows_all(), false);
            ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
            check_all();
        } else {
            ck_assert_int_eq(r, 1);
            ck_assert_int_eq(knows_all(), true);
            ck_assert_uint_ge(nr_found(process(FIRST)) + nr_found(process(FIRST + 1)) + nr_found(process(FIRST + 2)),
                              2 * ALL);
        }
        f->now_ns += 60 * SEC;
        read_all();
        check_all();
        tear_down();
    }
    ck_assert_uint_gt(i, 50);
}

/* Without memory frames are not found, or not known; later they are. */
TEST(test_every_allocation)
{
    const pid_t pid = 1;
    size_t n = 1;

    for (size_t i = 1; i <= n; i++) {
        f = fake_open();
        populate();
        f->memory.nr_calls = 0;
        f->memory.fail_at = i;
        if (drcl_rmap_new(&f->env, BOUND, &rmap) < 0)
            ck_assert_int_eq(drcl_rmap_new(&f->env, BOUND, &rmap), 0);
        drcl_rmap_exclude(rmap, &pid, 1);
        want_all();
        drcl_rmap_step(rmap, 0);
        n = n > f->memory.nr_calls ? n : f->memory.nr_calls;
        f->memory.fail_at = 0;
        f->now_ns += 60 * SEC;
        read_all();
        check_all();
        tear_down();
    }
    ck_assert_uint_ge(n, 8);
}

/* Later passes take what the first one had, and a pass that is given up leaves nothing in the table. */
TEST(test_steady_state)
{
    size_t allocations, bytes;

    begin_populated();
    read_all();
    drcl_rmap_want(rmap, FAKE_FRAMES, FAKE_FRAMES + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    allocations = f->memory.nr_calls;
    bytes = drcl_rmap_bytes(rmap);
    for (int i = 0; i < 20; i++) {
        f->now_ns += 60 * SEC;
        want_all();
        for (int k = 0; k < 5; k++) {
            f->fail_call = f->nr_calls + 60;
            f->fail_error = -EMFILE;
            ck_assert_int_eq(drcl_rmap_step(rmap, 0), -EMFILE);
        }
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        check_all();
        drcl_rmap_want(rmap, FAKE_FRAMES, FAKE_FRAMES + 1);
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    }
    ck_assert_uint_eq(f->memory.nr_calls, allocations);
    ck_assert_uint_eq(drcl_rmap_bytes(rmap), bytes);
    tear_down();
}

/* In the middle of a pass: nothing is left open. */
TEST(test_free)
{
    drcl_rmap_free(NULL);
    for (int i = 0; i < 60; i++) {
        begin_populated();
        want_all();
        drcl_rmap_step(rmap, f->now_ns + (uint64_t)i * 500);
        tear_down();
    }
}
