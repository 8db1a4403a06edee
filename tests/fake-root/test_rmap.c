/* SPDX-License-Identifier: MIT */
/* Which process maps a frame: what is found, and at which cost. */
#include <unistd.h>

#include "rmap_life.h"

FIXTURE(begin_populated, tear_down);

TEST_CASES(test_find, 3)
{
    enum { ANY_KERNEL, NO_SCAN, SHORT_READS };
    struct drcl_run run;

    f->no_scan = _i == NO_SCAN;
    f->max_read = _i == SHORT_READS ? 40 : 0;
    *fake_entry(process(FIRST), BASE + 4096 * PAGE) = 0;
    ck_assert_int_eq(knows_all(), false);
    ck_assert_int_eq(drcl_rmap_find(rmap, 64, &run), false);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1); /* nothing is wanted */
    ck_assert_int_eq(knows_all(), false);
    want_all();
    ck_assert_int_eq(knows_all(), false);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_int_eq(knows_all(), true);
    ck_assert_uint_eq(nr_found(process(FIRST)), ALL - 1);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_uint_eq(nr_found(process(getpid())), 0);
    ck_assert_int_eq(drcl_rmap_find(rmap, (*fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN) + 10, &run), true);
    ck_assert_uint_eq(run.addr, BASE + 10 * PAGE);
    ck_assert_uint_eq(run.pages, 502); /* the rest of a huge page */
    ck_assert_str_eq(f->env.error, "");
}

TEST(test_shared)
{
    struct fake_process *p;

    p = process(FIRST);
    for (size_t i = 0; i < 64; i += 2)
        *fake_entry(p, BASE + (4096 + i) * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    fake_map(f, p, BASE + 500000 * PAGE, 16, FAKE_ZERO);
    read_all();
    ck_assert_uint_eq(nr_found(p), ALL - 32);
}

TEST(test_hidden_frames)
{
    struct drcl_run run;

    f->hide_frames = true;
    read_all();
    ck_assert_int_eq(drcl_rmap_find(rmap, 0, &run), false);
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
}

/* Only what is wanted is kept, and what is known is not read again. */
TEST(test_wanted)
{
    uint64_t head;
    size_t calls;

    head = *fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN;
    drcl_rmap_want(rmap, head + 100, head + 600);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_int_eq(drcl_rmap_knows(rmap, head + 100, head + 600), true);
    ck_assert_int_eq(drcl_rmap_knows(rmap, head + 99, head + 600), false);
    ck_assert_int_eq(drcl_rmap_knows(rmap, head + 100, head + 601), false);
    ck_assert_uint_eq(nr_found(process(FIRST)), 500);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), 0);
    calls = f->nr_calls;
    drcl_rmap_want(rmap, head + 200, head + 300);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(f->nr_calls, calls);
    read_all();
    check_all();
}

/* Many small steps find what one does; none goes far beyond its deadline. */
TEST(test_deadline)
{
    size_t steps = 0;
    int r;

    want_all();
    do {
        uint64_t deadline = f->now_ns + 1000;

        r = drcl_rmap_step(rmap, deadline);
        ck_assert_int_ge(r, 0);
        ck_assert_uint_le(f->now_ns, deadline + 10 * 500); /* a call takes 500 ns */
        ck_assert_int_eq(r, knows_all());
        steps++;
        f->now_ns += 1000000;
    } while (r == 0);
    ck_assert_uint_gt(steps, 10);
    check_all();
}

/* What is wanted while a pass goes on is for the next one. */
TEST(test_wanted_meanwhile)
{
    drcl_rmap_want(rmap, 64, 1200);
    ck_assert_int_eq(drcl_rmap_step(rmap, f->now_ns + 8000), 0);
    drcl_rmap_want(rmap, 100, 200); /* the pass is for it already */
    want_all();
    while (!drcl_rmap_knows(rmap, 64, 1200)) {
        ck_assert_int_eq(knows_all(), false);
        ck_assert_int_eq(drcl_rmap_step(rmap, f->now_ns + 1000), 0);
    }
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
}

/* Any number of ranges: they are joined, nothing gets lost. */
TEST(test_many_ranges)
{
    for (uint64_t pfn = 0; pfn < FAKE_FRAMES; pfn += 2)
        drcl_rmap_want(rmap, pfn, pfn + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    for (uint64_t pfn = 0; pfn < FAKE_FRAMES; pfn += 2)
        ck_assert_int_eq(drcl_rmap_knows(rmap, pfn, pfn + 1), true);
    for (uint64_t pfn = 1; pfn < FAKE_FRAMES; pfn += 2)
        drcl_rmap_want(rmap, pfn, pfn + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
}

/* Scattered over many passes, what is known grows without bound, if nothing is done about it. */
TEST(test_many_passes)
{
    uint64_t at;

    at = *fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN;
    for (uint64_t pass = 0; pass < 24; pass++) {
        for (uint64_t pfn = pass * 1200; pfn < pass * 1200 + 1000; pfn += 4)
            drcl_rmap_want(rmap, UINT64_C(1000000) + pfn, UINT64_C(1000000) + pfn + 1);
        drcl_rmap_want(rmap, at, at + 1024);
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        ck_assert_int_eq(drcl_rmap_knows(rmap, UINT64_C(1000000) + pass * 1200, UINT64_C(1000000) + pass * 1200 + 1),
                         true);
    }
    drcl_rmap_want(rmap, at, at + 1024);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(process(FIRST)), 1024);
}

TEST(test_age)
{
    struct fake_process *p;

    p = process(FIRST);
    read_all();
    fake_unmap_all(p);
    fake_map(f, p, BASE, 16, FAKE_SMALL);
    f->now_ns += 59 * SEC;
    want_all();
    ck_assert_int_eq(knows_all(), true);
    ck_assert_uint_eq(nr_found(p), 0);
    f->now_ns += SEC;
    want_all();
    ck_assert_int_eq(knows_all(), false);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(p), 16);
}

TEST(test_wrong)
{
    read_all();
    check_all();
    for (size_t i = 0; i < 3 * ALL / 4; i++) /* a quarter of the answers */
        drcl_rmap_was_wrong(rmap);
    want_all();
    ck_assert_int_eq(knows_all(), true);
    drcl_rmap_was_wrong(rmap);
    want_all();
    ck_assert_int_eq(knows_all(), true); /* it has just been filled, and that takes time */
    f->now_ns += SEC;
    want_all();
    ck_assert_int_eq(knows_all(), false);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    want_all();
    ck_assert_int_eq(knows_all(), true);
}

/* A table is kept for a hundred times as long as filling it took, so that this takes a hundredth of the time however
 * much memory there is. */
TEST(test_dear_pass)
{
    uint64_t begin = f->now_ns, took;

    f->call_ns = SEC / 20; /* a pass takes several seconds */
    read_all();
    took = f->now_ns - begin;
    ck_assert_uint_gt(took, 2 * SEC);
    f->call_ns = 500;
    f->now_ns += 61 * SEC;
    want_all();
    ck_assert_int_eq(knows_all(), true);
    f->now_ns += 100 * took;
    want_all();
    ck_assert_int_eq(knows_all(), false);
}

static unsigned int nr_warnings;

static void count_warnings(void *data, uint32_t level, const char *text)
{
    (void)data, (void)text;
    nr_warnings += level <= DAMON_RECLAIM_LOG_WARNING;
}

/* Who has most in memory is found first. */
TEST(test_largest_first)
{
    tear_down();
    set_up(); /* without those processes */
    fake_process(f, 2);
    for (pid_t pid = FIRST; pid < FIRST + 5; pid++)
        fake_map(f, fake_process(f, pid), BASE, pid == FIRST + 3 ? 128 : 32, FAKE_SPREAD);
    want_all();
    while (nr_found(process(FIRST + 3)) == 0)
        ck_assert_int_eq(drcl_rmap_step(rmap, 1), 0); /* a piece of work each */
    for (pid_t pid = FIRST; pid < FIRST + 5; pid++)
        if (pid != FIRST + 3)
            ck_assert_uint_eq(nr_found(process(pid)), 0);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    for (pid_t pid = FIRST; pid < FIRST + 5; pid++)
        ck_assert_uint_eq(nr_found(process(pid)), pid == FIRST + 3 ? 128 : 32);
}

/* The table keeps to its bound. Who had no room comes first the next time. */
TEST(test_bound)
{
    const size_t bound = 4096;
    size_t first, second;

    tear_down();
    f = fake_open();
    f->env.log = count_warnings;
    nr_warnings = 0;
    ck_assert_int_eq(drcl_rmap_new(&f->env, bound, &rmap), 0);
    for (pid_t pid = FIRST; pid < FIRST + 2; pid++)
        fake_map(f, fake_process(f, pid), BASE, 200, FAKE_SMALL); /* a run each */
    for (int i = 0; i < 4; i++) {
        read_all();
        ck_assert_int_eq(knows_all(), true);
        ck_assert_uint_le(drcl_rmap_bytes(rmap), bound);
        first = nr_found(process(FIRST));
        second = nr_found(process(FIRST + 1));
        ck_assert_uint_eq(first + second, 128);
        ck_assert_uint_eq(i % 2 ? second : first, 128);
        f->now_ns += 60 * SEC;
    }
    ck_assert_uint_eq(nr_warnings, 1);
}

TEST(test_exclude)
{
    const pid_t pids[] = {FIRST, FIRST + 1};
    size_t bytes;

    ck_assert_int_eq(drcl_rmap_exclude(rmap, pids, 1), 0);
    read_all();
    bytes = drcl_rmap_bytes(rmap);
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, pids, 2), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, NULL, 0), 0);
    f->now_ns += 60 * SEC;
    read_all();
    check_all();
    ck_assert_uint_ge(drcl_rmap_bytes(rmap), bytes);
}

/* Also the process that is just being read. */
TEST_CASES(test_exclude_meanwhile, 40)
{
    const pid_t pid = FIRST;
    int r;

    want_all();
    r = drcl_rmap_step(rmap, f->now_ns + (uint64_t)(_i + 1) * 1000);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, &pid, 1), 0);
    if (r == 0)
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
}
