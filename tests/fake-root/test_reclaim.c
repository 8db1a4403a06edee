/* SPDX-License-Identifier: MIT */
/* Reclaiming: which pages go, which stay, and how they are counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define OPS  drcl_backend_idle_page.ops
#define BASE UINT64_C(0x7f0000000000)

static struct fake *f;
static struct fake_process *p;
static void *backend;
static struct damon_reclaim_request request;
static struct damon_reclaim_result result;

static void setup(void)
{
    f = fake_open();
    p = fake_process(f, 4242);
    request = (struct damon_reclaim_request){
        .size = sizeof(request), .target = 1, .start = BASE, .marked = true, .max_bytes = UINT64_MAX};
}

static void teardown(void)
{
    if (backend)
        fake_backend_free(f, backend);
    backend = NULL;
    fake_close(f);
}

static int reclaim_only(size_t pages)
{
    request.end = request.start + pages * PAGE;
    if (request.limit_end < request.end)
        request.limit_end = request.end;
    result = (struct damon_reclaim_result){.size = sizeof(result), .end = request.end};
    return OPS->reclaim(backend, &request, &result);
}

/* Marks and reclaims @pages pages from the start of the request on, of memory that nobody touches. */
static void reclaim(size_t pages)
{
    if (!backend)
        backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 2048 * PAGE), 0);
    ck_assert_int_eq(reclaim_only(pages), 0);
}

#define EXPECT(member, pages) ck_assert_uint_eq(result.member, (uint64_t)(pages)*PAGE)

START_TEST(test_cold_goes)
{
    static const enum fake_kind kinds[] = {FAKE_SMALL, FAKE_SPREAD, FAKE_HUGE, FAKE_MEDIUM, FAKE_FILE};
    size_t pages = kinds[_i] == FAKE_SPREAD ? 400 : 2048;

    fake_map(f, p, BASE, pages, kinds[_i]);
    fake_map(f, p, BASE + 4096 * PAGE, 16, FAKE_SMALL);
    reclaim(pages);
    EXPECT(tried, pages);
    EXPECT(reclaimed, pages);
    EXPECT(filter_passed, pages);
    ck_assert_uint_eq(result.end, request.end);
    ck_assert_uint_eq(f->paged_out, pages * PAGE);
    ck_assert_uint_eq(f->nr_torn, 0);
    ck_assert_uint_eq(fake_resident(p, BASE, pages), 0);
    /* The second time there is nothing left. */
    reclaim(pages);
    EXPECT(tried, 0);
    EXPECT(absent, pages);
}
END_TEST

START_TEST(test_accessed_stays)
{
    fake_map(f, p, BASE, 256, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 256 * PAGE), 0);
    for (uint64_t i = 10; i < 256; i += 10)
        fake_touch(f, p, BASE + i * PAGE);
    ck_assert_int_eq(reclaim_only(256), 0);
    EXPECT(accessed, 25);
    EXPECT(tried, 231);
    EXPECT(reclaimed, 231);
    EXPECT(filter_passed, 256);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 25);
    ck_assert_uint_eq(f->nr_advise, 2); /* one to ask for permission, one for all 26 ranges */
}
END_TEST

/* Without a mark nothing is known to be idle: then either nothing goes, or whatever is there if that is what is asked
 * for. */
START_TEST(test_unmarked)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(reclaim_only(64), 0);
    EXPECT(accessed, 64);
    EXPECT(tried, 0);
    request.marked = false;
    ck_assert_int_eq(reclaim_only(64), 0);
    EXPECT(reclaimed, 64);
}
END_TEST

START_TEST(test_huge_whole)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    request.limit_end = BASE + 2048 * PAGE;
    reclaim(700); /* ends in the second, which goes whole */
    EXPECT(tried, 1024);
    EXPECT(reclaimed, 1024);
    ck_assert_uint_eq(result.end, request.end);
    request.start = BASE + 700 * PAGE; /* begins in it, where nothing is left */
    request.limit_end = 0;
    reclaim(600); /* ends in the third, which may not go whole */
    EXPECT(tried, 0);
    EXPECT(absent, 324);
    ck_assert_uint_eq(result.end, request.end);
    request.start = BASE + 1300 * PAGE; /* begins in the third */
    request.limit_end = BASE + 2048 * PAGE;
    reclaim(748);
    EXPECT(tried, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 2048), 512);
    ck_assert_uint_eq(f->nr_torn, 0);
}
END_TEST

/* A large page that lies across two windows, and one that ends where the limit is. */
START_TEST(test_medium_anywhere)
{
    uint64_t start = BASE + 8 * PAGE;

    fake_map(f, p, BASE, 8, FAKE_SMALL);
    fake_map(f, p, start, 1600, FAKE_MEDIUM);
    reclaim(8 + 1600);
    EXPECT(tried, 1608);
    EXPECT(reclaimed, 1608);
    ck_assert_uint_eq(f->nr_torn, 0);
}
END_TEST

START_TEST(test_touched_huge)
{
    uint64_t addr = BASE + 5 * PAGE;
    uint8_t accessed;

    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 1024 * PAGE), 0);
    fake_touch(f, p, addr);
    for (int i = 0; i < 3; i++) { /* sampling makes it idle again, which does not make it cold */
        ck_assert_int_eq(OPS->prepare(backend, 1, &addr, 1), 0);
        ck_assert_int_eq(OPS->check(backend, 1, &addr, 1, &accessed), 0);
        ck_assert_int_eq(accessed, i == 0);
    }
    ck_assert_int_eq(reclaim_only(1024), 0);
    EXPECT(accessed, 512);
    EXPECT(tried, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 512);
}
END_TEST

START_TEST(test_not_reclaimable)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGETLB);
    fake_map(f, p, BASE + 1024 * PAGE, 16, FAKE_FILE);
    fake_map(f, p, BASE + 1040 * PAGE, 16, FAKE_ZERO);
    for (uint64_t i = 0; i < 8; i++)
        *fake_entry(p, BASE + i * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    fake_flag(f, p, BASE + 8 * PAGE, 8, DRCL_KPF_UNEVICTABLE);
    fake_flag(f, p, BASE + 1024 * PAGE, 8, DRCL_KPF_DIRTY);
    fake_flag(f, p, BASE + 1032 * PAGE, 4, DRCL_KPF_WRITEBACK);
    fake_flag(f, p, BASE + 16 * PAGE, 4, DRCL_KPF_DIRTY); /* swap-backed: that is what swap is for */
    reclaim(1056);
    EXPECT(not_reclaimable, 8 + 8 + 512 + 12 + 16);
    EXPECT(tried, 48 + 4);
    EXPECT(reclaimed, 48 + 4);
    EXPECT(absent, 1056 - 64 - 512 - 32);
}
END_TEST

/* A huge page of which another process maps a part. */
START_TEST(test_shared_huge)
{
    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    *fake_entry(p, BASE + 300 * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    reclaim(1024);
    EXPECT(not_reclaimable, 512);
    EXPECT(tried, 512);
    EXPECT(reclaimed, 512);
}
END_TEST

START_TEST(test_swap)
{
    fake_map(f, p, BASE, 1024, FAKE_SMALL);
    fake_map(f, p, BASE + 1024 * PAGE, 64, FAKE_FILE);
    f->swap_total = _i ? 1024 * PAGE : 0;
    f->swap_free = 0;
    reclaim(1088);
    EXPECT(not_reclaimable, 1024);
    EXPECT(tried, 64); /* files need no swap */
    EXPECT(reclaimed, 64);
    f->swap_total = 1024 * PAGE;
    f->swap_free = 100 * PAGE;
    reclaim(1024);
    EXPECT(tried, 100);
    EXPECT(reclaimed, 100);
    EXPECT(not_reclaimable, 924);
}
END_TEST

START_TEST(test_max_bytes)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGE);
    request.max_bytes = 100 * PAGE;
    reclaim(1024);
    EXPECT(tried, 100);
    ck_assert_uint_eq(result.end, BASE + 100 * PAGE);
    request.start = BASE + 400 * PAGE;
    request.max_bytes = 300 * PAGE;
    reclaim(624); /* the huge page does not fit behind the small ones */
    EXPECT(tried, 112);
    ck_assert_uint_eq(result.end, BASE + 512 * PAGE);
    request.max_bytes = 0;
    reclaim(624);
    EXPECT(tried, 0);
}
END_TEST

START_TEST(test_deadline)
{
    uint64_t spent;

    fake_map(f, p, BASE, 2048, FAKE_SMALL);
    f->page_ns = 20000;
    request.deadline_ns = f->now_ns;
    reclaim(2048); /* over before it began */
    EXPECT(tried, 0);
    ck_assert_uint_eq(result.end, BASE);
    for (int i = 0; i < 5; i++) {
        uint64_t begin = f->now_ns;

        request.deadline_ns = begin + 5000000;
        ck_assert_int_eq(reclaim_only(2048 - (size_t)((request.start - BASE) / PAGE)), 0);
        spent = f->now_ns - begin;
        ck_assert_uint_le(spent, 5500000);
        ck_assert_uint_ge(result.tried, 150 * PAGE); /* of 250 */
        EXPECT(reclaimed, result.tried / PAGE);
        request.start = result.end;
    }
}
END_TEST

/* Too little time for a huge page: one goes all the same, and only one. */
START_TEST(test_deadline_huge)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    f->page_ns = 20000;
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 2048 * PAGE), 0);
    request.deadline_ns = f->now_ns + 2000000;
    ck_assert_int_eq(reclaim_only(2048), 0);
    EXPECT(tried, 512);
    ck_assert_uint_eq(result.end, BASE + 512 * PAGE);
}
END_TEST

START_TEST(test_interrupted)
{
    static const int scripts[][FAKE_SCRIPT] = {
        {-EINTR, -EINTR, 0, -EAGAIN, 0}, /* again, and one range at a time */
        {-ENOMEM, 0},                    /* the first range has got a hole */
    };
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 64 * PAGE), 0);
    for (uint64_t i = 3; i < 64; i += 4)
        fake_touch(f, p, BASE + i * PAGE); /* 16 ranges of 3 pages */
    memcpy(f->script, scripts[_i], sizeof(f->script));
    f->script_len = 5;
    ck_assert_int_eq(reclaim_only(64), 0);
    EXPECT(tried, 48);
    EXPECT(reclaimed, _i ? 45 : 48); /* what failed is left, the rest goes */
    EXPECT(accessed, 16);
}
END_TEST

/* Interrupted again and again: passed over, not tried forever. */
START_TEST(test_interrupted_forever)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 64 * PAGE), 0);
    f->advise_error = _i ? -EINTR : -EAGAIN;
    ck_assert_int_eq(reclaim_only(64), 0);
    EXPECT(tried, 0);
    ck_assert_uint_lt(f->nr_advise, 10);
}
END_TEST

/* Locked without the pages showing it: refused by the kernel, and the others go. */
START_TEST(test_refused_range)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL)->locked = true;
    fake_map(f, p, BASE + 65 * PAGE, 63, FAKE_SMALL);
    reclaim(128);
    EXPECT(tried, 63);
    EXPECT(reclaimed, 63);
    EXPECT(not_reclaimable, 64);
}
END_TEST

START_TEST(test_not_permitted)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 64 * PAGE), 0);
    f->advise_error = -EPERM;
    ck_assert_int_eq(reclaim_only(64), -EPERM);
    ck_assert_ptr_nonnull(strstr(f->env.error, "4242"));
    ck_assert_ptr_nonnull(strstr(f->env.error, "CAP_SYS_NICE"));
    f->advise_error = 0;
    ck_assert_int_eq(reclaim_only(64), 0);
    EXPECT(tried, 64);
}
END_TEST

static void exit_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 512 * PAGE)
        fake->processes[0].exited = true;
}

START_TEST(test_exit_in_the_middle)
{
    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 2048 * PAGE), 0);
    f->hook = exit_after_a_while;
    ck_assert_int_eq(reclaim_only(2048), -ESRCH);
}
END_TEST

static void unmap_after_a_while(struct fake *fake)
{
    if (fake->paged_out >= 512 * PAGE && fake->processes[0].nr_areas > 1)
        fake->processes[0].areas[--fake->processes[0].nr_areas].pages = 0;
}

START_TEST(test_unmapped_in_the_middle)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_SMALL);
    backend = fake_backend(f, p);
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 1024 * PAGE), 0);
    f->hook = unmap_after_a_while;
    ck_assert_int_eq(reclaim_only(1024), 0);
    EXPECT(tried, 512);
    EXPECT(absent, 512);
    free(p->areas[1].entries);
}
END_TEST

/* Pinned by a device, or a cgroup without swap: tried a little, then left alone for longer and longer. */
START_TEST(test_hopeless)
{
    uint64_t tried;

    fake_map(f, p, BASE, 2048, FAKE_HUGE);
    f->pinned = true;
    reclaim(2048);
    tried = result.tried;
    EXPECT(reclaimed, 0);
    ck_assert_uint_eq(tried + result.not_reclaimable, 2048 * PAGE);
    reclaim(2048);
    EXPECT(tried, 0);
    EXPECT(not_reclaimable, 2048);
    f->now_ns += 3000000000;
    reclaim(2048);
    EXPECT(tried, 512); /* another look, at one huge page */
    f->now_ns += 1000000000;
    reclaim(2048);
    EXPECT(tried, 0);
    f->pinned = false;
    f->now_ns += 64000000000;
    reclaim(2048);
    EXPECT(reclaimed, 2048);
}
END_TEST

START_TEST(test_cold_action)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->swap_free = 0; /* of no concern to it */
    request.action = DAMON_RECLAIM_ACTION_COLD;
    reclaim(64);
    EXPECT(tried, 64);
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}
END_TEST

START_TEST(test_filters)
{
    struct damon_reclaim_filter filter = {.matching = true};

    fake_map(f, p, BASE, 512, FAKE_HUGE);
    fake_map(f, p, BASE + 512 * PAGE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 576 * PAGE, 32, FAKE_FILE);
    fake_flag(f, p, BASE + 512 * PAGE, 16, DRCL_KPF_ACTIVE);
    request.filters = &filter;
    request.nr_filters = 1;
    filter.type = DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE;
    filter.start = filter.end = HUGE_PAGE;
    reclaim(608); /* all but huge pages */
    EXPECT(filter_passed, 96);
    EXPECT(reclaimed, 96);
    ck_assert_uint_eq(fake_resident(p, BASE, 608), 512);
    filter.type = DAMON_RECLAIM_FILTER_ANON;
    reclaim(608);
    EXPECT(filter_passed, 0);
    EXPECT(tried, 0);
    filter.type = DAMON_RECLAIM_FILTER_UNMAPPED;
    filter.allow = true; /* nothing else */
    reclaim(608);
    EXPECT(tried, 0);
    filter.matching = false;
    reclaim(608);
    EXPECT(reclaimed, 512);
}
END_TEST

START_TEST(test_filter_active)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_flag(f, p, BASE, 16, DRCL_KPF_ACTIVE);
    request.filters = &filter;
    request.nr_filters = 1;
    reclaim(64);
    EXPECT(reclaimed, 48);
    EXPECT(filter_passed, 48);
}
END_TEST

/* The same on a kernel that cannot skip what is absent, and with reads that come in pieces. */
START_TEST(test_old_kernel)
{
    fake_map(f, p, BASE + 1000 * PAGE, 512, FAKE_HUGE);
    fake_map(f, p, BASE + 1600 * PAGE, 64, FAKE_SPREAD);
    f->no_scan = _i & 1;
    f->max_read = _i & 2 ? 24 : 0;
    reclaim(2048);
    EXPECT(reclaimed, 576);
    EXPECT(absent, 2048 - 576);
}
END_TEST

/* Terabytes of address space that was never touched cost next to nothing. */
START_TEST(test_vast)
{
    fake_map(f, p, BASE + 1000 * PAGE, 16, FAKE_SMALL);
    backend = fake_backend(f, p);
    f->nr_calls = 0;
    ck_assert_int_eq(OPS->mark(backend, 1, BASE, BASE + 100 * 1024 * MIB), 0);
    ck_assert_int_eq(reclaim_only(100 * 1024 * 256), 0);
    EXPECT(reclaimed, 16);
    ck_assert_uint_lt(f->nr_calls, 30);
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_cold_goes, 0, 5);
    tcase_add_test(tc, test_accessed_stays);
    tcase_add_test(tc, test_unmarked);
    tcase_add_test(tc, test_huge_whole);
    tcase_add_test(tc, test_medium_anywhere);
    tcase_add_test(tc, test_touched_huge);
    tcase_add_test(tc, test_not_reclaimable);
    tcase_add_test(tc, test_shared_huge);
    tcase_add_loop_test(tc, test_swap, 0, 2);
    tcase_add_test(tc, test_max_bytes);
    tcase_add_test(tc, test_deadline);
    tcase_add_test(tc, test_deadline_huge);
    tcase_add_loop_test(tc, test_interrupted, 0, 2);
    tcase_add_loop_test(tc, test_interrupted_forever, 0, 2);
    tcase_add_test(tc, test_refused_range);
    tcase_add_test(tc, test_not_permitted);
    tcase_add_test(tc, test_exit_in_the_middle);
    tcase_add_test(tc, test_unmapped_in_the_middle);
    tcase_add_test(tc, test_hopeless);
    tcase_add_test(tc, test_cold_action);
    tcase_add_test(tc, test_filters);
    tcase_add_test(tc, test_filter_active);
    tcase_add_loop_test(tc, test_old_kernel, 0, 4);
    tcase_add_test(tc, test_vast);
}

int main(void)
{
    return run_suite("reclaim", 120, fill);
}
