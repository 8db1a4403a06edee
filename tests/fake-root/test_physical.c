/* SPDX-License-Identifier: MIT */
/* Physical memory: which frames go, which stay, and how they are counted. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "physical_life.h"

/* --- what goes --------------------------------------------------------------------------------------------------- */

START_TEST(test_cold_goes)
{
    static const enum fake_kind kinds[] = {FAKE_SMALL, FAKE_SPREAD, FAKE_HUGE, FAKE_MEDIUM, FAKE_FILE};
    size_t pages = kinds[_i] == FAKE_SPREAD ? 200 : 1024;

    fake_map(f, p, BASE, pages, kinds[_i]);
    fake_map(f, q, OTHER, pages, kinds[_i]);
    fake_map(f, q, BASE, 16, FAKE_SMALL);
    reclaim();
    EXPECT(tried, 2 * pages + 16);
    EXPECT(reclaimed, 2 * pages + 16);
    EXPECT(filter_passed, 2 * pages + 16);
    ck_assert_uint_eq(result.end, END);
    ck_assert_uint_eq(fake_resident(p, BASE, pages) + fake_resident(q, OTHER, pages) + fake_resident(q, BASE, 16), 0);
    reclaim(); /* nothing is left */
    EXPECT(tried, 0);
    EXPECT(absent, 2 * pages + 16);
}
END_TEST

START_TEST(test_accessed_stays)
{
    fake_map(f, p, BASE, 256, FAKE_SMALL);
    fake_map(f, q, BASE, 1024, FAKE_HUGE);
    mark();
    for (uint64_t i = 10; i < 256; i += 10)
        fake_touch(f, p, BASE + i * PAGE);
    fake_touch(f, q, BASE + 700 * PAGE); /* a tail */
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(accessed, 25 + 512);
    EXPECT(tried, 231 + 512);
    EXPECT(reclaimed, 231 + 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 25);
    ck_assert_uint_eq(fake_resident(q, BASE + 512 * PAGE, 512), 512);
}
END_TEST

START_TEST(test_unmarked)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(accessed, 64);
    request.marked = false;
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(reclaimed, 64);
}
END_TEST

START_TEST(test_not_reclaimable)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGETLB);
    fake_map(f, p, BASE + 1024 * PAGE, 16, FAKE_FILE);
    for (uint64_t i = 0; i < 8; i++)
        *fake_entry(p, BASE + i * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    fake_flag(f, p, BASE + 8 * PAGE, 8, DRCL_KPF_UNEVICTABLE);
    fake_flag(f, p, BASE + 1024 * PAGE, 8, DRCL_KPF_DIRTY);
    fake_flag(f, p, BASE + 1032 * PAGE, 4, DRCL_KPF_WRITEBACK);
    for (size_t i = f->next_frame; i < FAKE_FRAMES; i++)
        f->frames[i].flags = i % 2 ? DRCL_KPF_BUDDY : UINT32_C(1) << 7; /* free, and of a slab */
    request.start = 64 * PAGE;
    request.end = f->next_frame / 2 * 2 * PAGE + 20 * PAGE;
    reclaim();
    EXPECT(tried, 48 + 4);
    EXPECT(reclaimed, 48 + 4);
    EXPECT(absent, 10);
    EXPECT(accessed, 0);
    ck_assert_uint_eq(result.not_reclaimable, request.end - request.start - (48 + 4 + 10) * PAGE);
}
END_TEST

START_TEST(test_shared_huge)
{
    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    *fake_entry(p, BASE + 300 * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    reclaim();
    EXPECT(tried, 512);
    EXPECT(reclaimed, 512);
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 512);
}
END_TEST

/* A huge page that the range divides goes whole with the part that has its head, if it may. */
START_TEST(test_divided_huge)
{
    uint64_t first;

    fake_map(f, p, BASE, 1024, FAKE_HUGE);
    first = (*fake_entry(p, BASE) & DRCL_PAGEMAP_PFN) * PAGE;
    request.start = first;
    request.end = request.limit_end = first + 100 * PAGE;
    reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_ge(result.end, request.end);
    request.limit_end = first + 1024 * PAGE;
    reclaim();
    EXPECT(reclaimed, 512);
    request.start = first + 600 * PAGE;
    request.end = request.limit_end = first + 1024 * PAGE;
    reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_eq(fake_resident(p, BASE, 1024), 512);
}
END_TEST

START_TEST(test_no_swap)
{
    fake_map(f, p, BASE, 1024, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_FILE);
    f->swap_free = _i * 100 * PAGE;
    reclaim();
    EXPECT(tried, 64 + _i * 100);
    EXPECT(reclaimed, 64 + _i * 100);
}
END_TEST

START_TEST(test_cold_action)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->swap_free = 0;
    request.action = DAMON_RECLAIM_ACTION_COLD;
    reclaim();
    EXPECT(tried, 64);
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------------------ */

START_TEST(test_max_bytes)
{
    fake_map(f, p, BASE, 512, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 512, FAKE_HUGE);
    fake_cgroup(f, "/a", 17);
    fake_cache(f, 100, 17);
    request.max_bytes = 100 * PAGE;
    for (int i = 0; i < 6; i++) {
        reclaim();
        ck_assert_uint_le(result.tried, 100 * PAGE);
        request.start = result.end < END ? result.end : 0;
    }
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 0);
    ck_assert_uint_eq(fake_resident(p, BASE + 512 * PAGE, 512), 512);
    request.max_bytes = 0;
    reclaim();
    EXPECT(tried, 0);
}
END_TEST

/* However little time there is, it is kept to, and the whole gets done. */
START_TEST(test_deadline)
{
    uint64_t begin, longest = 0;
    size_t rounds = 0;

    fake_map(f, p, BASE, 2048, FAKE_SMALL);
    fake_map(f, q, BASE, 2048, FAKE_SMALL);
    f->page_ns = 20000;
    mark();
    request.deadline_ns = f->now_ns;
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(tried, 0);
    ck_assert_uint_eq(result.end, 0);
    while (request.start < END && rounds++ < 200) {
        begin = f->now_ns;
        request.deadline_ns = begin + 5000000;
        ck_assert_int_eq(reclaim_only(), 0);
        longest = f->now_ns - begin > longest ? f->now_ns - begin : longest;
        request.start = result.end;
    }
    ck_assert_uint_eq(request.start, END);
    ck_assert_uint_eq(fake_resident(p, BASE, 2048) + fake_resident(q, BASE, 2048), 0);
    ck_assert_uint_le(longest, 6000000);
    ck_assert_uint_le(rounds, 30); /* 4096 pages, 250 of them a round */
}
END_TEST

/* --- what is excluded -------------------------------------------------------------------------------------------- */

START_TEST(test_caller)
{
    struct fake_process *self = fake_process(f, getpid());

    fake_map(f, self, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(self, BASE, 64), 64);
}
END_TEST

START_TEST(test_excluded_process)
{
    struct damon_reclaim_exclusion exclusion = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 4242};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    ck_assert_int_eq(OPS->exclude(backend, &exclusion, 1), 0);
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
    ck_assert_int_eq(OPS->exclude(backend, NULL, 0), 0);
    f->now_ns += 61000000000; /* whoever was passed over comes with the next table */
    reclaim();
    EXPECT(reclaimed, 64);
}
END_TEST

/* A cgroup with what is below it, also what comes to be there later. */
START_TEST(test_excluded_cgroup)
{
    struct damon_reclaim_exclusion exclusion = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a"};
    struct fake_process *r = fake_process(f, 4444);

    fake_cgroup(f, "/a", 17);
    fake_cgroup(f, "/a/b", 18);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_map(f, r, BASE, 64, FAKE_SMALL);
    fake_charge(f, p, BASE, 32, 17);
    fake_charge(f, p, BASE + 32 * PAGE, 32, 18);
    fake_charge(f, q, BASE, 64, 19);
    ck_assert_int_eq(OPS->exclude(backend, &exclusion, 1), 0);
    fake_cgroup(f, "/a/c", 19);
    f->now_ns += 2000000000;
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64) + fake_resident(q, BASE, 64), 128);
    f->missing = "/sys/fs/cgroup/a";
    f->now_ns += 2000000000;
    reclaim();
    ck_assert_str_eq(f->env.error, "");
}
END_TEST

START_TEST(test_cgroup_without_kpagecgroup)
{
    struct damon_reclaim_exclusion exclusion = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a"};

    fake_cgroup(f, "/a", 17);
    f->missing = "/proc/kpagecgroup";
    ck_assert_int_eq(OPS->exclude(backend, &exclusion, 1), -ENOENT);
    ck_assert_ptr_nonnull(strstr(f->env.error, "CONFIG_MEMCG"));
}
END_TEST

/* --- filters ----------------------------------------------------------------------------------------------------- */

START_TEST(test_filters)
{
    static const struct {
        struct damon_reclaim_filter filter;
        size_t pages; /* that pass */
    } cases[] = {
        {{.type = DAMON_RECLAIM_FILTER_ANON, .matching = true}, 32},
        {{.type = DAMON_RECLAIM_FILTER_ANON, .matching = true, .allow = true}, 512 + 64},
        {{.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true}, 512 + 48 + 32},
        {{.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 17}, 512 + 56 + 32},
        {{.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .allow = true, .memcg = 17}, 8},
        {{.type = DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE, .matching = true, .start = HUGE_PAGE, .end = HUGE_PAGE}, 96},
        {{.type = DAMON_RECLAIM_FILTER_UNMAPPED, .matching = true, .allow = true}, 0},
        {{.type = DAMON_RECLAIM_FILTER_UNMAPPED, .matching = true}, 512 + 64 + 32},
        {{.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true}, 512 + 64 + 32},
        {{.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = false}, 0},
    };

    fake_map(f, p, BASE, 512, FAKE_HUGE);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_map(f, q, OTHER, 32, FAKE_FILE);
    fake_flag(f, q, BASE, 16, DRCL_KPF_ACTIVE);
    fake_charge(f, q, BASE, 8, 17);
    request.filters = &cases[_i].filter;
    request.nr_filters = 1;
    reclaim();
    EXPECT(filter_passed, cases[_i].pages);
    EXPECT(reclaimed, cases[_i].pages);
}
END_TEST

START_TEST(test_memcg_without_kpagecgroup)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_MEMCG, .matching = true, .memcg = 17};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->missing = "/proc/kpagecgroup";
    request.filters = &filter;
    request.nr_filters = 1;
    mark();
    ck_assert_int_eq(reclaim_only(), -ENOENT); /* nothing goes by mistake */
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}
END_TEST

/* --- files that nobody maps -------------------------------------------------------------------------------------- */

START_TEST(test_unmapped)
{
    struct fake_cgroup *a = fake_cgroup(f, "/a", 17);
    size_t first = fake_cache(f, 100, 17), other = fake_cache(f, 10, 99);

    f->frames[first + 1].accessed = true;
    f->frames[first + 2].flags |= DRCL_KPF_DIRTY;
    f->frames[first + 3].flags |= DRCL_KPF_SWAPBACKED; /* of tmpfs */
    mark();
    f->frames[first + 1].accessed = true;
    ck_assert_int_eq(reclaim_only(), 0);
    EXPECT(tried, 97);
    EXPECT(reclaimed, 97);
    EXPECT(accessed, 1);
    ck_assert_uint_eq(fake_cached(f, first, 100), 3);
    ck_assert_uint_eq(fake_cached(f, other, 10), 10); /* of a cgroup that is not there */
    ck_assert_uint_eq(f->nr_reclaim, 1);
    (void)a;
}
END_TEST

/* All that keeps a cgroup from being asked. */
START_TEST(test_unmapped_stays)
{
    struct damon_reclaim_exclusion pid = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 4242};
    struct damon_reclaim_exclusion range = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {0, PAGE}};
    struct damon_reclaim_filter active = {.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true};
    struct fake_cgroup *a = fake_cgroup(f, "/a", 17);
    size_t first = fake_cache(f, 100, 17);

    switch (_i) {
    case 0: /* the kernel cannot */
        a->reclaim_error = -EINVAL;
        break;
    case 1: /* the caller is in it */
        f->own_cgroup = "/a";
        break;
    case 2: /* who is excluded is in it */
        p->cgroup = "/a";
        ck_assert_int_eq(OPS->exclude(backend, &pid, 1), 0);
        break;
    case 3: /* the kernel would not know of ranges */
        ck_assert_int_eq(OPS->exclude(backend, &range, 1), 0);
        break;
    case 4: /* nor of filters that look at pages */
        request.filters = &active;
        request.nr_filters = 1;
        break;
    case 5: /* others would suffer */
        fake_cgroup(f, "/a/b", 18);
        break;
    case 6:
        f->missing = "/proc/kpagecgroup";
        break;
    default:
        request.action = DAMON_RECLAIM_ACTION_COLD;
        break;
    }
    reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_ge(result.not_reclaimable, 100 * PAGE);
    ck_assert_uint_eq(fake_cached(f, first, 100), 100);
}
END_TEST

/* A process that is excluded later, when its cgroup was asked before. */
START_TEST(test_excluded_later)
{
    struct damon_reclaim_exclusion pid = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 4242};
    size_t first;

    fake_cgroup(f, "/a", 17);
    p->cgroup = "/a";
    fake_cache(f, 100, 17);
    reclaim();
    EXPECT(reclaimed, 100);
    ck_assert_int_eq(OPS->exclude(backend, &pid, 1), 0);
    first = fake_cache(f, 50, 17);
    reclaim();
    ck_assert_uint_eq(fake_cached(f, first, 50), 50);
}
END_TEST

/* The kernel got less than was asked for: what went is what counts, and it is not asked again at once. */
START_TEST(test_unmapped_less)
{
    struct fake_cgroup *a = fake_cgroup(f, "/a", 17);
    size_t first = fake_cache(f, 100, 17);

    a->reclaim_error = -EAGAIN;
    reclaim();
    EXPECT(tried, 100);
    EXPECT(reclaimed, 0);
    reclaim();
    EXPECT(tried, 0);
    a->reclaim_error = 0;
    f->now_ns += 11000000000;
    reclaim();
    EXPECT(reclaimed, 100);
    ck_assert_uint_eq(fake_cached(f, first, 100), 0);
}
END_TEST

/* --- sampling ---------------------------------------------------------------------------------------------------- */

static uint64_t frame_of(struct fake_process *process, uint64_t addr)
{
    return (*fake_entry(process, addr) & DRCL_PAGEMAP_PFN) * PAGE;
}

START_TEST(test_samples)
{
    uint64_t addrs[8];
    uint8_t accessed[8];

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 1024, FAKE_HUGE);
    fake_map(f, p, BASE + 2048 * PAGE, 64, FAKE_MEDIUM);
    fake_map(f, p, BASE + 4096 * PAGE, 512, FAKE_HUGETLB);
    addrs[0] = frame_of(p, BASE);
    addrs[1] = frame_of(p, BASE + 3 * PAGE);
    addrs[2] = frame_of(p, BASE + 700 * PAGE);
    addrs[3] = frame_of(p, BASE + 1100 * PAGE);
    addrs[4] = frame_of(p, BASE + (2048 + 5) * PAGE);
    addrs[5] = frame_of(p, BASE + (2048 + 37) * PAGE);
    addrs[6] = frame_of(p, BASE + 4200 * PAGE);
    addrs[7] = END - 5 * PAGE; /* free */
    for (int tick = 0; tick < 40; tick++) {
        ck_assert_int_eq(OPS->prepare(backend, 1, addrs, 8), 0);
        fake_touch(f, p, BASE + 3 * PAGE);
        fake_touch(f, p, BASE + 1500 * PAGE); /* another page of the same huge one */
        fake_touch(f, p, BASE + (2048 + 33) * PAGE);
        fake_touch(f, p, BASE + 4100 * PAGE);
        f->now_ns += _i * 300000000;
        ck_assert_int_eq(OPS->check(backend, 1, addrs, 8, accessed), 0);
        ck_assert_mem_eq(accessed, ((uint8_t[]){0, 1, 0, 1, 0, 1, 0, 0}), 8);
    }
}
END_TEST

/* What is no user's memory costs nothing once that is known. */
START_TEST(test_samples_of_nothing)
{
    uint64_t addrs[16];
    uint8_t accessed[16];

    for (int i = 0; i < 16; i++)
        addrs[i] = END - (16 - (uint64_t)i) * 64 * PAGE;
    for (int tick = 0; tick < 50; tick++) {
        if (tick == 10)
            f->nr_calls = 0;
        ck_assert_int_eq(OPS->prepare(backend, 1, addrs, 16), 0);
        ck_assert_int_eq(OPS->check(backend, 1, addrs, 16, accessed), 0);
    }
    ck_assert_uint_le(f->nr_calls, 4);
}
END_TEST

/* An attempt on blocks of nothing looks at a few frames of each, now and then at all; what has come into a block is
 * found when much of it has, at once. */
START_TEST(test_attempts_on_nothing)
{
    size_t reads, most = 0, whole = 0;

    request.start = END / 2;
    for (int second = 0; second < 128; second++, f->now_ns += 1000000000) {
        reads = f->nr_kpageflags;
        ck_assert_int_eq(reclaim_only(), 0);
        EXPECT(not_reclaimable, (END - request.start) / PAGE);
        reads = f->nr_kpageflags - reads;
        most = reads > most ? reads : most;
        whole += reads == END / 2 / HUGE_PAGE; /* one call takes all of a block */
    }
    ck_assert_uint_eq(most, END / 2 / HUGE_PAGE * 4);
    ck_assert_uint_eq(whole, 2);
    f->next_frame = FAKE_FRAMES / 2 + 1024;
    fake_map(f, p, BASE, 512, _i ? FAKE_HUGE : FAKE_SMALL);
    reclaim();
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 0);
}
END_TEST

/* Nor do samples make an attempt forget what is nobody's, be they ever so few. */
START_TEST(test_attempts_among_samples)
{
    uint64_t addr = END - HUGE_PAGE + 100 * PAGE;
    uint8_t accessed;

    request.start = END - HUGE_PAGE;
    for (int second = 0; second < 30; second++, f->now_ns += 1000000000) {
        size_t reads;

        ck_assert_int_eq(OPS->prepare(backend, 1, &addr, 1), 0);
        ck_assert_int_eq(OPS->check(backend, 1, &addr, 1, &accessed), 0);
        reads = f->nr_kpageflags;
        ck_assert_int_eq(reclaim_only(), 0);
        if (second > 0)
            ck_assert_uint_ne(f->nr_kpageflags - reads, 1); /* one call takes all of the block */
    }
    f->next_frame = FAKE_FRAMES - 400; /* the last block has a page of somebody's now, the very one that is sampled */
    fake_map(f, p, BASE, 1, FAKE_SMALL);
    addr = (*fake_entry(p, BASE) & DRCL_PAGEMAP_PFN) * PAGE;
    ck_assert_int_eq(OPS->prepare(backend, 1, &addr, 1), 0);
    reclaim();
    ck_assert_uint_eq(fake_resident(p, BASE, 1), 0);
}
END_TEST

/* A free block that comes into use is seen, if not at once. */
START_TEST(test_samples_of_new_pages)
{
    uint64_t addr = 1000 * PAGE;
    uint8_t accessed = 0;
    int ticks;

    for (ticks = 0; ticks < 4000; ticks++) {
        f->now_ns += 5000000;
        ck_assert_int_eq(OPS->prepare(backend, 1, &addr, 1), 0);
        ck_assert_int_eq(OPS->check(backend, 1, &addr, 1, &accessed), 0);
        ck_assert_int_eq(accessed, 0);
    }
    f->next_frame = 960;
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    for (ticks = 0; ticks < 4000 && !accessed; ticks++) {
        f->now_ns += 5000000;
        ck_assert_int_eq(OPS->prepare(backend, 1, &addr, 1), 0);
        for (uint64_t i = 0; i < 64; i++)
            fake_touch(f, p, BASE + i * PAGE);
        ck_assert_int_eq(OPS->check(backend, 1, &addr, 1, &accessed), 0);
    }
    ck_assert_int_le(ticks, 1601); /* 8 seconds */
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_cold_goes, 0, 5);
    tcase_add_test(tc, test_accessed_stays);
    tcase_add_test(tc, test_unmarked);
    tcase_add_test(tc, test_not_reclaimable);
    tcase_add_test(tc, test_shared_huge);
    tcase_add_test(tc, test_divided_huge);
    tcase_add_loop_test(tc, test_no_swap, 0, 2);
    tcase_add_test(tc, test_cold_action);
    tcase_add_test(tc, test_max_bytes);
    tcase_add_test(tc, test_deadline);
    tcase_add_test(tc, test_caller);
    tcase_add_test(tc, test_excluded_process);
    tcase_add_test(tc, test_excluded_cgroup);
    tcase_add_test(tc, test_cgroup_without_kpagecgroup);
    tcase_add_loop_test(tc, test_filters, 0, 10);
    tcase_add_test(tc, test_memcg_without_kpagecgroup);
    tcase_add_test(tc, test_unmapped);
    tcase_add_loop_test(tc, test_unmapped_stays, 0, 8);
    tcase_add_test(tc, test_excluded_later);
    tcase_add_test(tc, test_unmapped_less);
    tcase_add_loop_test(tc, test_samples, 0, 2);
    tcase_add_test(tc, test_samples_of_nothing);
    tcase_add_loop_test(tc, test_attempts_on_nothing, 0, 2);
    tcase_add_test(tc, test_attempts_among_samples);
    tcase_add_test(tc, test_samples_of_new_pages);
}

int main(void)
{
    return run_suite("physical", 120, fill);
}
