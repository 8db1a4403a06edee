/* SPDX-License-Identifier: MIT */
/* How far a request to reclaim goes: large pages at its end, its bytes and its deadline. */
#include "pages_life.h"

/* --- huge pages at the ends of a request ----------------------------------------------------------------------------
 */

/* The page at the end of a request is reclaimed whole if it ends before limit_end. */
TEST_OF(A_PROCESS, test_huge_at_the_end)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    request_pages(0, 700);
    request.limit_end = BASE + 2048 * PAGE;
    mark_and_reclaim();
    EXPECT(tried, 1024);
    EXPECT(reclaimed, 1024);
    ck_assert_uint_eq(result.end, request.end);
    request_pages(700, 600); /* begins in the second, which is gone, and ends in the third */
    mark_and_reclaim();
    EXPECT(tried, 0);
    EXPECT(absent, 324);
    ck_assert_uint_eq(result.end, request.end);
    request_pages(1300, 748); /* begins in the third */
    mark_and_reclaim();
    EXPECT(tried, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 2048), 512);
}

TEST_OF(PHYSICAL_MEMORY, test_huge_at_the_end_of_a_physical_range)
{
    uint64_t first;

    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    first = fake_physical(p, BASE);
    request.start = first;
    request.end = request.limit_end = first + 100 * PAGE;
    mark_and_reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_ge(result.end, request.end);
    request.limit_end = first + 1024 * PAGE;
    mark_and_reclaim();
    EXPECT(reclaimed, 512);
    request.start = first + 600 * PAGE; /* in the second, which stays */
    request.end = request.limit_end = first + 1024 * PAGE;
    mark_and_reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_eq(fake_resident(p, BASE, 1024), 512);
}

/* Large pages that lie across two batches, or end at the limit. */
TEST_OF(A_PROCESS, test_medium_anywhere)
{
    fake_map(f, p, BASE, 8, FAKE_SMALL);
    fake_map(f, p, BASE + 8 * PAGE, 1600, FAKE_MEDIUM);
    request_pages(0, 1608);
    mark_and_reclaim();
    EXPECT(tried, 1608);
    EXPECT(reclaimed, 1608);
}

/* --- limits ---------------------------------------------------------------------------------------------------------
 */

TEST_OF(A_PROCESS, test_max_bytes)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGE);
    request.max_bytes = 100 * PAGE;
    request_pages(0, 1024);
    mark_and_reclaim();
    EXPECT(tried, 100);
    ck_assert_uint_eq(result.end, BASE + 100 * PAGE);
    request.max_bytes = 300 * PAGE;
    request_pages(400, 624); /* the huge page does not fit after 112 small ones */
    mark_and_reclaim();
    EXPECT(tried, 112);
    ck_assert_uint_eq(result.end, BASE + 512 * PAGE);
    request.max_bytes = 0;
    mark_and_reclaim();
    EXPECT(tried, 0);
}

TEST_OF(PHYSICAL_MEMORY, test_max_bytes_of_physical_memory)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGE);
    fake_cgroup(f, "/a", 17);
    fake_cache(f, 100, 17);
    request.max_bytes = 100 * PAGE;
    for (int i = 0; i < 6; i++) {
        mark_and_reclaim();
        ck_assert_uint_le(result.tried, 100 * PAGE);
        request.start = result.end < END ? result.end : 0;
    }
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 0);
    ck_assert_uint_eq(fake_resident(p, BASE + 512 * PAGE, 512), 512);
    request.max_bytes = 0;
    mark_and_reclaim();
    EXPECT(tried, 0);
}

/* However short the deadline, it is kept, and request by request all is done: 250 pages fit into each. */
TEST_FOR_TARGETS(test_deadline)
{
    uint64_t longest = 0, stop;
    size_t rounds;

    fake_map(f, p, BASE, 4096, FAKE_SMALL);
    f->page_ns = 20000;
    mark();
    request.deadline_ns = f->now_ns; /* over before it begins */
    reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_eq(result.end, request.start);
    stop = request.end;
    for (rounds = 0; request.start < stop && rounds < 30; rounds++) {
        uint64_t start_ns = f->now_ns;

        request.deadline_ns = start_ns + 5000000;
        reclaim();
        ck_assert_uint_eq(result.reclaimed, result.tried);
        if (f->now_ns - start_ns > longest)
            longest = f->now_ns - start_ns;
        request.start = result.end;
    }
    ck_assert_uint_eq(request.start, stop);
    ck_assert_uint_eq(fake_resident(p, BASE, 4096), 0);
    ck_assert_uint_le(longest, TARGET == A_PROCESS ? 5500000 : 6000000);
}

/* There is too little time for a huge page. One is reclaimed nevertheless, and only one. */
TEST_OF(A_PROCESS, test_deadline_of_a_huge_page)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    f->page_ns = 20000;
    mark();
    request_pages(0, 2048);
    request.deadline_ns = f->now_ns + 2000000;
    reclaim();
    EXPECT(tried, 512);
    ck_assert_uint_eq(result.end, BASE + 512 * PAGE);
}
