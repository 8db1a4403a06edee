/* SPDX-License-Identifier: MIT */
/* Reclaiming pages of a process, and of physical memory: which are reclaimed, which stay, and how they are counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pages_life.h"

/* --- which pages ----------------------------------------------------------------------------------------------------
 */

TEST_CASES_FOR_TARGETS(test_cold_goes, 5)
{
    static const enum fake_kind kinds[] = {FAKE_SMALL, FAKE_SPREAD, FAKE_HUGE, FAKE_MEDIUM, FAKE_FILE};
    size_t pages = kinds[CASE] == FAKE_SPREAD ? 400 : 2048, all = pages + (TARGET == PHYSICAL_MEMORY ? 16 : 0);

    fake_map(f, p, BASE, pages, kinds[CASE]);
    fake_map(f, q, BASE, 16, FAKE_SMALL);
    request_pages(0, pages);
    mark_and_reclaim();
    EXPECT(tried, all);
    EXPECT(reclaimed, all);
    EXPECT(filter_passed, all);
    ck_assert_uint_eq(result.end, request.end);
    ck_assert_uint_eq(f->paged_out, all * PAGE);
    ck_assert_uint_eq(fake_resident(p, BASE, pages), 0);
    ck_assert_uint_eq(fake_resident(q, BASE, 16), TARGET == PHYSICAL_MEMORY ? 0 : 16);
    mark_and_reclaim(); /* nothing is left */
    EXPECT(tried, 0);
    EXPECT(absent, all);
}

TEST_FOR_TARGETS(test_accessed_stays)
{
    fake_map(f, p, BASE, 256, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 1024, FAKE_HUGE);
    mark();
    for (uint64_t i = 10; i < 256; i += 10)
        fake_touch(f, p, BASE + i * PAGE);
    fake_touch(f, p, BASE + 1200 * PAGE); /* in the middle of the second huge page */
    reclaim();
    EXPECT(accessed, 25 + 512);
    EXPECT(tried, 231 + 512);
    EXPECT(reclaimed, 231 + 512);
    EXPECT(filter_passed, 256 + 1024);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 25);
    ck_assert_uint_eq(fake_resident(p, BASE + 512 * PAGE, 1024), 512);
}

/* The first call of process_madvise() asks whether it is permitted, the second is for all 26 ranges. */
TEST_OF(A_PROCESS, test_many_ranges_in_a_call)
{
    fake_map(f, p, BASE, 256, FAKE_SMALL);
    mark();
    for (uint64_t i = 10; i < 256; i += 10)
        fake_touch(f, p, BASE + i * PAGE);
    reclaim();
    EXPECT(reclaimed, 231);
    ck_assert_uint_eq(f->nr_advise, 2);
}

/* However long the range is, the kernel looks a few times at each page of it for what is there. */
TEST_CASES_OF(A_PROCESS, test_pages_are_scanned_once, 3)
{
    const size_t pages[] = {0, 512, 4096};
    size_t marking;

    fake_map(f, p, BASE, pages[_i], FAKE_SMALL);
    fake_map(f, p, BASE + pages[_i] * PAGE, 4096 - pages[_i], FAKE_NONE);
    mark();
    marking = f->nr_scanned;
    reclaim();
    EXPECT(reclaimed, pages[_i]);
    EXPECT(absent, 4096 - pages[_i]);
    ck_assert_uint_le(marking, 2 * 4096);
    ck_assert_uint_le(f->nr_scanned - marking, 2 * 4096);
}

/* Without a mark no page is known to be idle. A request says whether it wants marked pages or all. */
TEST_FOR_TARGETS(test_unmarked)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    reclaim();
    EXPECT(accessed, 64);
    EXPECT(tried, 0);
    request.marked = false;
    reclaim();
    EXPECT(reclaimed, 64);
}

/* Sampling makes an accessed huge page idle again, which does not make it cold. */
TEST_OF(A_PROCESS, test_sampled_since)
{
    uint64_t addr = BASE + 5 * PAGE;

    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    mark();
    fake_touch(f, p, addr);
    for (int i = 0; i < 3; i++) {
        prepare(&addr, 1);
        expect_accessed(&addr, 1, i == 0 ? "1" : "0");
    }
    request_pages(0, 1024);
    reclaim();
    EXPECT(accessed, 512);
    EXPECT(tried, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 512);
}

TEST_FOR_TARGETS(test_not_reclaimable)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGETLB);
    fake_map(f, p, BASE + 1024 * PAGE, 16, FAKE_FILE);
    fake_map(f, p, BASE + 1040 * PAGE, 16, FAKE_ZERO);
    fake_share(p, BASE, 8);
    fake_flag(f, p, BASE + 8 * PAGE, 8, DRCL_KPF_UNEVICTABLE);
    fake_flag(f, p, BASE + 16 * PAGE, 4, DRCL_KPF_DIRTY); /* can go: swap is for that */
    fake_flag(f, p, BASE + 1024 * PAGE, 8, DRCL_KPF_DIRTY);
    fake_flag(f, p, BASE + 1032 * PAGE, 4, DRCL_KPF_WRITEBACK);
    request_pages(0, 1056);
    if (TARGET == PHYSICAL_MEMORY) {
        for (size_t i = f->next_frame; i < FAKE_FRAMES; i++)
            f->frames[i].flags = i % 2 ? DRCL_KPF_BUDDY : UINT32_C(1) << 7; /* free, or a slab's */
        request.start = 64 * PAGE;
        request.end = request.limit_end = f->next_frame / 2 * 2 * PAGE + 20 * PAGE;
    }
    mark_and_reclaim();
    EXPECT(tried, 48 + 4);
    EXPECT(reclaimed, 48 + 4);
    EXPECT(accessed, 0);
    EXPECT(absent, TARGET == PHYSICAL_MEMORY ? 10 : 1056 - 64 - 512 - 32);
    if (TARGET == A_PROCESS)
        EXPECT(not_reclaimable, 8 + 8 + 512 + 12 + 16);
    else
        EXPECT(not_reclaimable, (request.end - request.start) / PAGE - 52 - 10);
}

/* A huge page of which another process maps a page. */
TEST_FOR_TARGETS(test_shared_huge)
{
    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    fake_share(p, BASE + 300 * PAGE, 1);
    mark_and_reclaim();
    EXPECT(tried, 512);
    EXPECT(reclaimed, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 512);
}

TEST_CASES_FOR_TARGETS(test_swap, 3)
{
    static const struct {
        uint64_t total, free; /* pages */
    } cases[] = {{0, 0}, {1024, 0}, {1024, 100}};
    uint64_t can_go = cases[CASE].free + 64; /* files need no swap */

    fake_map(f, p, BASE, 1024, FAKE_SMALL);
    fake_map(f, p, BASE + 1024 * PAGE, 64, FAKE_FILE);
    f->swap_total = cases[CASE].total * PAGE;
    f->swap_free = cases[CASE].free * PAGE;
    request_pages(0, 1088);
    mark_and_reclaim();
    EXPECT(tried, can_go);
    EXPECT(reclaimed, can_go);
    if (TARGET == A_PROCESS)
        EXPECT(not_reclaimable, 1088 - can_go);
}

TEST_FOR_TARGETS(test_cold_action)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->swap_free = 0; /* which it does not need */
    request.action = DAMON_RECLAIM_ACTION_COLD;
    mark_and_reclaim();
    EXPECT(tried, 64);
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

static const struct {
    struct damon_reclaim_filter filter;
    size_t pages; /* that pass, of a huge page, 64 small ones and 32 of a file */
} filters[] = {
    {{.type = DAMON_RECLAIM_FILTER_ANON, .matching = true}, 32},
    {{.type = DAMON_RECLAIM_FILTER_ANON, .matching = true, .allow = true}, 512 + 64},
    {{.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true}, 512 + 48 + 32},
    {{.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 17}, 512 + 56 + 32},
    {{.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .allow = true, .memcg = 17}, 8},
    {{.type = DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE, .matching = true, .start = HUGE_PAGE, .end = HUGE_PAGE}, 64 + 32},
    {{.type = DAMON_RECLAIM_FILTER_UNMAPPED, .matching = true, .allow = true}, 0},
    {{.type = DAMON_RECLAIM_FILTER_UNMAPPED, .matching = false, .allow = true}, 512 + 64 + 32},
    {{.type = DAMON_RECLAIM_FILTER_UNMAPPED, .matching = true}, 512 + 64 + 32},
    {{.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true}, 512 + 64 + 32},
    {{.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = false}, 0},
};

TEST_CASES_FOR_TARGETS(test_filters, NUMBER_OF(filters))
{
    fake_map(f, p, BASE, 512, FAKE_HUGE);
    fake_map(f, p, BASE + 512 * PAGE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 576 * PAGE, 32, FAKE_FILE);
    fake_flag(f, p, BASE + 512 * PAGE, 16, DRCL_KPF_ACTIVE);
    fake_charge(f, p, BASE + 512 * PAGE, 8, 17);
    request.filters = &filters[CASE].filter;
    request.nr_filters = 1;
    mark_and_reclaim();
    EXPECT(filter_passed, filters[CASE].pages);
    EXPECT(reclaimed, filters[CASE].pages);
    ck_assert_uint_eq(fake_resident(p, BASE, 608), 608 - filters[CASE].pages);
}

TEST_FOR_TARGETS(test_memcg_without_kpagecgroup)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 17};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->missing = "/proc/kpagecgroup";
    request.filters = &filter;
    request.nr_filters = 1;
    mark();
    ck_assert_int_eq(try_reclaim(), -ENOENT);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64); /* nothing is reclaimed by mistake */
}

/* --- what the kernel answers ----------------------------------------------------------------------------------------
 */

TEST_CASES_OF(A_PROCESS, test_interrupted, 2)
{
    static const struct {
        int script[FAKE_SCRIPT]; /* errors; 0: one range is done */
        size_t reclaimed;
    } cases[] = {
        {{-EINTR, -EINTR, 0, -EAGAIN, 0}, 48}, /* tried again, and range by range */
        {{-ENOMEM, 0}, 45},                    /* the first range is not mapped any more */
    };

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark();
    for (uint64_t i = 3; i < 64; i += 4)
        fake_touch(f, p, BASE + i * PAGE); /* leaves 16 ranges of 3 pages */
    memcpy(f->script, cases[_i].script, sizeof(f->script));
    f->script_len = 5;
    reclaim();
    EXPECT(tried, 48);
    EXPECT(reclaimed, cases[_i].reclaimed);
    EXPECT(accessed, 16);
}

/* A call that fails is told of, or what was done without it counts: never does a request end with neither. */
TEST_FOR_TARGETS(test_calls_fail)
{
    size_t nr_failed = 0;
    int r = -1;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    request_pages(0, 64);
    mark();
    f->fail_error = -EIO;
    for (size_t n = 1; r < 0; n++) {
        f->fail_call = f->nr_calls + n;
        r = try_reclaim();
        nr_failed += r < 0;
        if (r < 0)
            ck_assert_int_eq(r, -EIO);
        else
            ck_assert_uint_eq(result.end, request.end);
    }
    ck_assert_uint_ge(nr_failed, 2);
}

/* Pages are not tried forever. */
TEST_CASES_OF(A_PROCESS, test_interrupted_forever, 2)
{
    static const int errors[] = {-EAGAIN, -EINTR};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark();
    f->advise_error = errors[_i];
    reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_lt(f->nr_advise, 10);
}

/* Memory that is locked, which its pages do not show. */
TEST_FOR_TARGETS(test_locked)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL)->locked = true;
    fake_map(f, p, BASE + 65 * PAGE, 63, FAKE_SMALL);
    mark_and_reclaim();
    EXPECT(tried, 63);
    EXPECT(reclaimed, 63);
    if (TARGET == A_PROCESS)
        EXPECT(not_reclaimable, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

/* A program of 32 bits reaches no memory above 4 GiB: an error, and not other memory. */
TEST_OF(A_PROCESS, test_unreachable)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark();
    f->advise_error = -EOVERFLOW;
    ck_assert_int_eq(try_reclaim(), -EOVERFLOW);
    says(f->env.error, "above 4 GiB");
    f->advise_error = 0;
}

TEST_OF(A_PROCESS, test_not_permitted)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark();
    f->advise_error = -EPERM;
    ck_assert_int_eq(try_reclaim(), -EPERM);
    says(f->env.error, "4242");
    says(f->env.error, "CAP_SYS_NICE");
    f->advise_error = 0;
    reclaim();
    EXPECT(tried, 64);
}

static void exit_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 512 * PAGE)
        fake->processes[0].exited = true;
}

TEST_OF(A_PROCESS, test_exit_in_the_middle)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    mark();
    f->hook = exit_after_a_while;
    ck_assert_int_eq(try_reclaim(), -ESRCH);
}

static void unmap_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 512 * PAGE && fake->processes[0].nr_areas > 1)
        fake->processes[0].areas[--fake->processes[0].nr_areas].pages = 0;
}

TEST_OF(A_PROCESS, test_unmapped_in_the_middle)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_SMALL);
    mark();
    f->hook = unmap_after_a_while;
    request_pages(0, 1024);
    reclaim();
    EXPECT(tried, 512);
    EXPECT(absent, 512);
    free(p->areas[1].entries);
}

/* Pages that a device has pinned, or of a cgroup without swap: they are tried now and then, at growing intervals. */
TEST_OF(A_PROCESS, test_hopeless)
{
    static const struct {
        unsigned int wait_s;
        size_t tried; /* pages */
    } rounds[] = {{0, 0}, {3, 512}, {1, 0}};

    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    request_pages(0, 2048);
    f->pinned = true;
    mark_and_reclaim();
    EXPECT(reclaimed, 0);
    ck_assert_uint_eq(result.tried + result.not_reclaimable, 2048 * PAGE);
    for (size_t i = 0; i < NUMBER_OF(rounds); i++) {
        f->now_ns += rounds[i].wait_s * SEC;
        mark_and_reclaim();
        EXPECT(tried, rounds[i].tried);
        EXPECT(reclaimed, 0);
    }
    f->pinned = false;
    f->now_ns += 64 * SEC;
    mark_and_reclaim();
    EXPECT(reclaimed, 2048);
}

/* --- cost -----------------------------------------------------------------------------------------------------------
 */

/* A kernel that cannot skip what is not in memory, and reads that return little. */
TEST_CASES_OF(A_PROCESS, test_old_kernel, 4)
{
    enum { NO_SCAN = 1, SHORT_READS = 2 };

    fake_map(f, p, BASE + 1000 * PAGE, 512, FAKE_HUGE);
    fake_map(f, p, BASE + 1600 * PAGE, 64, FAKE_SPREAD);
    f->no_scan = _i & NO_SCAN;
    f->max_read = _i & SHORT_READS ? 24 : 0;
    request_pages(0, 2048);
    mark_and_reclaim();
    EXPECT(reclaimed, 576);
    EXPECT(absent, 2048 - 576);
}

/* Terabytes of address space without a page cost next to nothing. */
TEST_OF(A_PROCESS, test_vast)
{
    fake_map(f, p, BASE + 1000 * PAGE, 16, FAKE_SMALL);
    f->nr_calls = 0;
    ck_assert_int_eq(ops->mark(backend, 1, BASE, BASE + 100 * 1024 * MIB), 0);
    request_pages(0, 100 * 1024 * 256);
    reclaim();
    EXPECT(reclaimed, 16);
    ck_assert_uint_lt(f->nr_calls, 30);
}
