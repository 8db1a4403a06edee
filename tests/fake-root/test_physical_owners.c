/* SPDX-License-Identifier: MIT */
/* Physical memory: which process maps a page (its owner), and owners that change or go away. */
#include <errno.h>

#include "pages_life.h"

/* Finding the owners may take many requests with short deadlines. Until they are found, no page is passed over. */
TEST_OF(PHYSICAL_MEMORY, test_owners_step_by_step)
{
    size_t rounds = 0;

    for (int i = 0; i < 5; i++)
        fake_map(f, fake_process(f, 5000 + i), BASE, 100, FAKE_SMALL);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    request.start = 64 * PAGE;
    mark();
    do {
        request.deadline_ns = f->now_ns + 12000; /* a few calls of 500 ns, beside those that look at the pages */
        reclaim();
        ck_assert_uint_ge(result.end, request.start);
    } while (result.end == request.start && rounds++ < 1000);
    ck_assert_uint_gt(rounds, 3);
    ck_assert_uint_lt(rounds, 1000);
    request.deadline_ns = 0;
    reclaim();
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 0);
}

/* Owners that are found already are used while other processes have not been read yet. */
TEST_OF(PHYSICAL_MEMORY, test_some_owners)
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
        reclaim();
    }
    ck_assert_uint_gt(f->paged_out, 0);
    ck_assert_uint_lt(f->nr_pagemap, 5 * FAKE_AREAS); /* not all of them were read */
}

/* --- owners that change --------------------------------------------------------------------------------------------
 */

/* Since the owners were found, a page was mapped elsewhere, and another one, which is in use, took its place. */
TEST_OF(PHYSICAL_MEMORY, test_moved)
{
    uint64_t *entry;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, OTHER, 64, FAKE_SMALL);
    request.start = fake_physical(p, OTHER + 63 * PAGE);
    mark_and_reclaim(); /* the owners of all that was marked are known now */
    EXPECT(reclaimed, 64);
    entry = fake_entry(p, BASE + 5 * PAGE);
    *fake_entry(p, OTHER + 3 * PAGE) = *entry;
    *entry = DRCL_PAGEMAP_SWAPPED;
    fake_touch(f, p, BASE + 5 * PAGE);
    fake_head(f, p, BASE + 5 * PAGE)->idle = true; /* so that nothing but the check keeps it */
    fake_head(f, p, BASE + 5 * PAGE)->accessed = false;
    request.start = 0;
    request.end = (f->next_frame - 1) * PAGE;
    reclaim();
    EXPECT(reclaimed, 63);
    EXPECT(tried, 63);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 1);
    ck_assert_uint_eq(fake_resident(p, OTHER, 64), 1);
}

/* A process that starts when all owners are known is found soon. One of which all pages are shared, so that they never
 * get an owner, does not make the library read all processes again and again. */
TEST_OF(PHYSICAL_MEMORY, test_new_process)
{
    size_t rounds = 0, reads;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    fake_map(f, fake_process(f, 4545), BASE, 64, FAKE_SMALL);
    while (f->paged_out < 128 * PAGE && rounds++ < 200)
        mark_and_reclaim();
    ck_assert_uint_gt(rounds, 0);
    ck_assert_uint_lt(rounds, 200);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_share(q, BASE, 64);
    reads = f->nr_pagemap;
    for (rounds = 0; rounds < 100; rounds++)
        mark_and_reclaim();
    ck_assert_uint_lt(f->nr_pagemap - reads, 100);
    ck_assert_uint_eq(fake_resident(q, BASE, 64), 64);
}

static void exit_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 100 * PAGE)
        fake->processes[0].exited = true;
}

TEST_OF(PHYSICAL_MEMORY, test_exit_in_the_middle)
{
    fake_map(f, p, BASE, 2048, FAKE_SMALL);
    fake_map(f, q, BASE, 512, FAKE_SMALL);
    f->hook = exit_after_a_while;
    mark_and_reclaim();
    ck_assert_uint_eq(fake_resident(q, BASE, 512), 0);
    ck_assert_uint_eq(result.end, END);
}

/* Advice is not permitted: it is not tried again for a while. */
TEST_OF(PHYSICAL_MEMORY, test_not_permitted)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->advise_error = -EPERM;
    mark_and_reclaim();
    EXPECT(tried, 0);
    f->advise_error = 0;
    mark_and_reclaim(); /* not for a while */
    EXPECT(tried, 0);
    f->now_ns += 11 * SEC;
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
}

/* An error of advice that is not about one process ends the attempt and comes back, and the next attempt works. */
TEST_OF(PHYSICAL_MEMORY, test_advice_fails)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark();
    f->advise_error = -EIO;
    ck_assert_int_eq(try_reclaim(), -EIO);
    EXPECT(tried, 0);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
    f->advise_error = 0;
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
}

/* When monitoring stops, all files of processes are closed, also those of one that is being read. */
TEST_OF(PHYSICAL_MEMORY, test_stop)
{
    size_t held = f->nr_open, blocks = f->memory.nr_blocks;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    fake_map(f, q, BASE, 2000, FAKE_SMALL);
    while (f->nr_open < held + 5) { /* pidfds and pagemaps of both, and maps */
        request.deadline_ns = f->now_ns + 12000;
        mark_and_reclaim();
    }
    request.deadline_ns = 0;
    ops->disable(backend);
    ck_assert_uint_eq(f->nr_open, held);
    ck_assert_uint_le(f->memory.nr_blocks, blocks + 1); /* the marks of the target */
    fake_map(f, p, OTHER, 64, FAKE_SMALL);
    mark_and_reclaim();
    ck_assert_uint_eq(fake_resident(p, OTHER, 64), 0);
}
