/* SPDX-License-Identifier: MIT */
/* Physical memory: whose the pages are, and owners that are not who they were. */
#include <errno.h>

#include "physical_life.h"

/* Finding out whose the pages are may take many rounds in which nothing is tried; none of them goes backwards or on. */
START_TEST(test_owners_step_by_step)
{
    size_t rounds = 0;

    for (int i = 0; i < 5; i++)
        fake_map(f, fake_process(f, 5000 + i), BASE, 100, FAKE_SMALL);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    request.start = 64 * PAGE;
    mark();
    do {
        request.deadline_ns = f->now_ns + 12000; /* a few calls of 500 ns, beside those that look at the pages */
        ck_assert_int_eq(reclaim_only(), 0);
        ck_assert_uint_ge(result.end, request.start);
    } while (result.end == request.start && rounds++ < 1000);
    ck_assert_uint_gt(rounds, 3);
    ck_assert_uint_lt(rounds, 1000);
    request.deadline_ns = 0;
    ck_assert_int_eq(reclaim_only(), 0);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 0);
}
END_TEST

/* What is known of a part of the processes is used while the others have not had their turn. */
START_TEST(test_some_owners)
{
    size_t rounds = 0;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    request.end = (uint64_t)f->next_frame * PAGE;
    for (int i = 0; i < 5; i++) {
        struct fake_process *other = fake_process(f, 5000 + i);

        for (uint64_t k = 0; k < FAKE_AREAS; k++)
            fake_map(f, other, BASE + (k << 30), 1, FAKE_SMALL);
    }
    mark();
    for (; f->paged_out == 0 && rounds < 1000; rounds++) {
        request.deadline_ns = f->now_ns + 12000;
        ck_assert_int_eq(reclaim_only(), 0);
    }
    ck_assert_uint_gt(f->paged_out, 0);
    ck_assert_uint_lt(f->nr_pagemap, 5 * FAKE_AREAS); /* not all of them were read */
}
END_TEST

/* --- owners that are not who they were --------------------------------------------------------------------------- */

/* The page is elsewhere by now, and another one, which is in use, where it was. */
START_TEST(test_moved)
{
    uint64_t *entry;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, OTHER, 64, FAKE_SMALL);
    request.start = (*fake_entry(p, OTHER + 63 * PAGE) & DRCL_PAGEMAP_PFN) * PAGE;
    reclaim(); /* the owners of all that was marked are known now */
    EXPECT(reclaimed, 64);
    entry = fake_entry(p, BASE + 5 * PAGE);
    *fake_entry(p, OTHER + 3 * PAGE) = *entry;
    *entry = DRCL_PAGEMAP_SWAPPED;
    fake_touch(f, p, BASE + 5 * PAGE);
    fake_head(f, p, BASE + 5 * PAGE)->idle = true; /* so that nothing but the check keeps it */
    fake_head(f, p, BASE + 5 * PAGE)->accessed = false;
    request.start = 0;
    request.end = (f->next_frame - 1) * PAGE;
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(reclaimed, 63);
    EXPECT(not_reclaimable, result.not_reclaimable / PAGE);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 1);
    ck_assert_uint_eq(fake_resident(p, OTHER, 64), 1);
}
END_TEST

/* A process that comes when it is known already whose all the frames are, and one whose pages are shared for ever: the
 * former is found soon, and the latter does not have the owners be looked for all the time. */
START_TEST(test_new_process)
{
    size_t rounds = 0, reads;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    reclaim();
    EXPECT(reclaimed, 64);
    fake_map(f, fake_process(f, 4545), BASE, 64, FAKE_SMALL);
    while (f->paged_out < 128 * PAGE && rounds++ < 200)
        reclaim();
    ck_assert_uint_gt(rounds, 0);
    ck_assert_uint_lt(rounds, 200);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    for (uint64_t i = 0; i < 64; i++)
        *fake_entry(q, BASE + i * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    reads = f->nr_pagemap;
    for (rounds = 0; rounds < 100; rounds++)
        reclaim();
    ck_assert_uint_lt(f->nr_pagemap - reads, 100);
    ck_assert_uint_eq(fake_resident(q, BASE, 64), 64);
}
END_TEST

static void exit_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 100 * PAGE)
        fake->processes[0].exited = true;
}

START_TEST(test_exit_in_the_middle)
{
    fake_map(f, p, BASE, 2048, FAKE_SMALL);
    fake_map(f, q, BASE, 512, FAKE_SMALL);
    f->hook = exit_after_a_while;
    reclaim();
    ck_assert_uint_eq(fake_resident(q, BASE, 512), 0);
    ck_assert_uint_eq(result.end, END);
}
END_TEST

/* One process must not be advised: it stays, the others go, and the backend works on. */
START_TEST(test_not_permitted)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->advise_error = -EPERM;
    reclaim();
    EXPECT(tried, 0);
    f->advise_error = 0;
    reclaim(); /* not for a while */
    EXPECT(tried, 0);
    f->now_ns += 11000000000;
    reclaim();
    EXPECT(reclaimed, 64);
}
END_TEST

START_TEST(test_locked)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL)->locked = true;
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}
END_TEST

/* Monitoring stops, while processes are held open and another is being read: nothing of theirs is kept. */
START_TEST(test_stop)
{
    size_t held = f->nr_open, blocks = f->memory.nr_blocks;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    reclaim();
    EXPECT(reclaimed, 64);
    fake_map(f, q, BASE, 2000, FAKE_SMALL);
    while (f->nr_open < held + 5) { /* pidfds and pagemaps of both, and maps */
        request.deadline_ns = f->now_ns + 12000;
        reclaim();
    }
    request.deadline_ns = 0;
    OPS->disable(backend);
    ck_assert_uint_eq(f->nr_open, held);
    ck_assert_uint_le(f->memory.nr_blocks, blocks + 1); /* the marks of the target */
    fake_map(f, p, OTHER, 64, FAKE_SMALL);
    reclaim();
    ck_assert_uint_eq(fake_resident(p, OTHER, 64), 0);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_owners_step_by_step);
    tcase_add_test(tc, test_some_owners);
    tcase_add_test(tc, test_moved);
    tcase_add_test(tc, test_new_process);
    tcase_add_test(tc, test_exit_in_the_middle);
    tcase_add_test(tc, test_not_permitted);
    tcase_add_test(tc, test_locked);
    tcase_add_test(tc, test_stop);
}

int main(void)
{
    return run_suite("physical-owners", 120, fill);
}
