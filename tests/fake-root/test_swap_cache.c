/* SPDX-License-Identifier: MIT */
/* Swap on a disk: what is paged out stays in the swap cache until it is written and somebody frees it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pages_life.h"

#define CGROUP 17

static struct damon_reclaim_released released;
static struct fake_cgroup *cgroup;

/* @p has @pages pages of the cgroup /a, which are paged out. */
static void page_out_pages(uint64_t pages)
{
    f->disk = true;
    cgroup = fake_cgroup(f, "/a", CGROUP);
    fake_map(f, p, BASE, pages, FAKE_SMALL);
    fake_charge(f, p, BASE, pages, CGROUP);
    request_pages(0, pages);
    mark_and_reclaim();
    EXPECT(swapcached, pages);
}

static void page_out(void)
{
    page_out_pages(64);
}

static void add_up(void *data, const struct damon_reclaim_released *report)
{
    ck_assert_ptr_eq(data, &released);
    ck_assert_uint_eq(report->target, 1);
    released.freed += report->freed;
    released.returned += report->returned;
}

static void release(uint64_t deadline_ns)
{
    released = (struct damon_reclaim_released){.size = sizeof(released)};
    f->now_ns += 20 * SEC; /* however long the pause between two looks is */
    ck_assert_int_eq(ops->release(backend, request.scheme, deadline_ns, add_up, &released), 0);
}

/* What all of them together have released. */
static void release_all(void)
{
    struct damon_reclaim_released sum = {0};

    for (int i = 0; i < 20; i++) {
        release(0);
        sum.freed += released.freed;
        sum.returned += released.returned;
    }
    released = sum;
}

#define EXPECT_RELEASED(member, pages) ck_assert_uint_eq(released.member, (uint64_t)(pages)*PAGE)
#define EXPECT_SWAPCACHED(pages)       ck_assert_uint_eq(fake_swapcached(f, 0), (uint64_t)(pages)*PAGE)

TEST_FOR_TARGETS(test_counted_when_free)
{
    page_out();
    EXPECT(tried, 64);
    EXPECT(reclaimed, 0);
    EXPECT(swapcached, 64);
    release(0); /* they are still being written */
    EXPECT_RELEASED(freed, 0);
    ck_assert_uint_eq(f->nr_reclaim, 0);
    fake_disk_written(f);
    release(0);
    EXPECT_RELEASED(freed, 64);
    EXPECT_RELEASED(returned, 0);
    EXPECT_SWAPCACHED(0);
    ck_assert_uint_eq(f->reclaim_asked, 64 * PAGE);
    release(0); /* nothing is left */
    EXPECT_RELEASED(freed, 0);
}

/* Zswap is full and must not write to the disk: the kernel cannot free these, and would look for others. */
TEST_FOR_TARGETS(test_nobody_writes)
{
    f->unwritten = true;
    page_out();
    EXPECT(reclaimed, 0);
    release(0);
    EXPECT_RELEASED(freed, 0);
    ck_assert_uint_eq(f->nr_reclaim, 0);
    EXPECT_SWAPCACHED(64);
    fake_disk_written(f); /* after all */
    release(0);
    EXPECT_RELEASED(freed, 64);
}

/* More and more would go there in vain. */
TEST_OF(A_PROCESS, test_nobody_writes_hopeless)
{
    f->disk = f->unwritten = true;
    fake_map(f, p, BASE, 4096, FAKE_SMALL);
    request_pages(0, 4096);
    mark_and_reclaim();
    ck_assert_uint_ge(result.swapcached, 4 * PAGE);
    ck_assert_uint_le(result.swapcached, 4 * 512 * PAGE);
    ck_assert_uint_eq(result.reclaimed, 0);
}

/* Huge pages, and frames far apart. */
TEST_CASES_FOR_TARGETS(test_kinds, 3)
{
    static const enum fake_kind kinds[] = {FAKE_HUGE, FAKE_MEDIUM, FAKE_SPREAD};
    size_t pages = kinds[CASE] == FAKE_SPREAD ? 400 : 1024;

    f->disk = true;
    fake_cgroup(f, "/a", CGROUP);
    fake_map(f, p, BASE, pages, kinds[CASE]);
    fake_charge(f, p, BASE, pages, CGROUP);
    request_pages(0, pages);
    mark_and_reclaim();
    EXPECT(swapcached, pages);
    EXPECT(reclaimed, 0);
    fake_disk_written(f);
    release_all();
    EXPECT_RELEASED(freed, pages);
    EXPECT_SWAPCACHED(0);
}

/* Zram and zswap take a page at once. */
TEST_FOR_TARGETS(test_nothing_to_wait_for)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    request_pages(0, 64);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    EXPECT(swapcached, 0);
    release(0);
    EXPECT_RELEASED(freed, 0);
    ck_assert_uint_eq(f->nr_reclaim, 0);
}

TEST_FOR_TARGETS(test_in_use_again)
{
    uint64_t frame;

    f->disk = true;
    fake_cgroup(f, "/a", CGROUP);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_charge(f, p, BASE, 64, CGROUP);
    request_pages(0, 64);
    frame = fake_physical(p, BASE) / PAGE;
    mark_and_reclaim();
    fake_disk_written(f);
    fake_swap_in(f, p, BASE, frame);
    release(0);
    EXPECT_RELEASED(freed, 63);
    EXPECT_RELEASED(returned, 1);
    ck_assert_uint_eq(f->reclaim_asked, 63 * PAGE);
    mark_and_reclaim(); /* the page goes once more, and counts once more */
    EXPECT(tried, 1);
    EXPECT(swapcached, 1);
}

/* Somebody else has freed them, for want of memory. */
TEST_FOR_TARGETS(test_freed_by_the_kernel)
{
    page_out();
    fake_disk_written(f);
    fake_free_swapcached(f, CGROUP, 10 * PAGE);
    cgroup->reclaim_error = -EINVAL;
    release(0);
    EXPECT_RELEASED(freed, 10);
    EXPECT_SWAPCACHED(54);
}

/* The file's page was unmapped, and stays since it was written to. */
TEST_OF(A_PROCESS, test_file_pages_that_stay)
{
    f->file_pages_stay = true;
    fake_map(f, p, BASE, 64, FAKE_FILE);
    request_pages(0, 64);
    mark_and_reclaim();
    EXPECT(tried, 64);
    EXPECT(reclaimed, 0);
    EXPECT(swapcached, 0);
    EXPECT(not_reclaimable, 64);
}

/* --- whom the library asks ---------------------------------------------------------------------------------------- */

/* The words that the kernel knows: none, those of Linux 6.9, and those of 6.15. */
TEST_CASES_OF(A_PROCESS, test_words_of_the_kernel, 3)
{
    static const char *const swappiness[] = {NULL, "200", "max"};

    page_out();
    f->swappiness = swappiness[_i];
    fake_disk_written(f);
    release(0);
    EXPECT_RELEASED(freed, 64);
    ck_assert_uint_eq(f->nr_reclaim, 1);
}

/* What keeps the library from asking a cgroup. */
enum {
    KERNEL_TOO_OLD,
    CGROUP_BELOW,
    CGROUP_EXCLUDED,
    PROCESS_EXCLUDED,
    ADDRESSES_EXCLUDED,
    NOT_IN_A_CGROUP,
    NO_KPAGECGROUP,
    NR_OBSTACLES
};

static void raise_obstacle(int obstacle)
{
    const struct damon_reclaim_exclusion a = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a"};
    const struct damon_reclaim_exclusion process = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 4343};

    const struct damon_reclaim_exclusion range = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {BASE, BASE + PAGE}};

    q->cgroup = "/a";
    if (obstacle == KERNEL_TOO_OLD)
        cgroup->reclaim_error = -EINVAL;
    else if (obstacle == CGROUP_BELOW)
        fake_cgroup(f, "/a/b", 18);
    else if (obstacle == CGROUP_EXCLUDED)
        ck_assert_int_eq(ops->exclude(backend, &a, 1), 0);
    else if (obstacle == PROCESS_EXCLUDED)
        ck_assert_int_eq(ops->exclude(backend, &process, 1), 0);
    else if (obstacle == ADDRESSES_EXCLUDED)
        ck_assert_int_eq(ops->exclude(backend, &range, 1), 0);
    else if (obstacle == NO_KPAGECGROUP)
        f->missing = "/proc/kpagecgroup";
    else
        for (size_t i = 0; i < FAKE_FRAMES; i++)
            f->frames[i].memcg = 0;
}

static char last_line[1024];

static void keep_line(void *data, uint32_t level, const char *text)
{
    (void)data;
    ck_assert_int_eq(level, DAMON_RECLAIM_LOG_WARNING);
    snprintf(last_line, sizeof(last_line), "%s", text);
}

/* The figures stay true, and the library says once what would help. */
TEST_CASES_FOR_TARGETS(test_nobody_to_ask, NR_OBSTACLES)
{
    page_out_pages(2048);
    raise_obstacle(CASE);
    fake_disk_written(f);
    f->env.log = keep_line;
    last_line[0] = '\0';
    release(0);
    EXPECT_RELEASED(freed, 0);
    EXPECT_SWAPCACHED(2048);
    says(last_line, "swap cache");
    says(last_line, "zswap");
    last_line[0] = '\0';
    release(0);
    EXPECT_RELEASED(freed, 0);
    ck_assert_str_eq(last_line, "");
    ck_assert_str_eq(f->env.error, "");
}

/* Linux 6.17 and newer: the memory node is asked, unless something is excluded. */
TEST_CASES_FOR_TARGETS(test_node, NR_OBSTACLES)
{
    bool excluded = CASE == CGROUP_EXCLUDED || CASE == PROCESS_EXCLUDED || CASE == ADDRESSES_EXCLUDED;

    page_out();
    f->has_node_reclaim = true;
    raise_obstacle(CASE);
    fake_disk_written(f);
    release(0);
    EXPECT_RELEASED(freed, excluded ? 0 : 64);
    EXPECT_SWAPCACHED(excluded ? 64 : 0);
    ck_assert_uint_eq(f->reclaim_asked, excluded ? 0 : 64 * PAGE);
}

/* The library begins with little. As long as the right memory goes, it asks for twice as much each time. Where other
 * memory goes, nobody is asked for a while, and then for little again. */
TEST_OF(A_PROCESS, test_gives_others)
{
    static const uint64_t asked[] = {256, 256, 768, 768, 1792, 1792, 1792, 2048};

    page_out_pages(4096);
    fake_disk_written(f);
    for (size_t i = 0; i < NUMBER_OF(asked); i++) {
        cgroup->gives_others = i >= 4;
        if (i >= 6)
            f->now_ns -= 19 * SEC;
        release(0);
        ck_assert_msg(f->reclaim_asked == asked[i] * PAGE, "call %zu: asked for %llu pages", i,
                      (unsigned long long)(f->reclaim_asked / PAGE));
    }
    cgroup->gives_others = false;
    release_all();
    EXPECT_SWAPCACHED(0);
}

/* The same where some of the right memory goes, but little. */
TEST_OF(A_PROCESS, test_gives_mostly_others)
{
    static const uint64_t asked[] = {256, 256, 256, 512};

    page_out_pages(4096);
    fake_disk_written(f);
    cgroup->gives_others = true;
    for (size_t i = 0; i < NUMBER_OF(asked); i++) {
        release(0);
        ck_assert_uint_eq(f->reclaim_asked, asked[i] * PAGE);
        if (i == 0)
            fake_free_swapcached(f, CGROUP, 10 * PAGE);
        else if (i == 1)
            EXPECT_RELEASED(freed, 10);
    }
}

/* A cgroup is asked for what the library has left there, and no more. */
TEST_OF(A_PROCESS, test_no_more_than_is_there)
{
    page_out();
    fake_disk_written(f);
    for (size_t i = 0, n = 0; i < FAKE_FRAMES && n < 60; i++) { /* all but 4 were moved to another cgroup */
        if (f->frames[i].memcg != CGROUP)
            continue;
        f->frames[i].memcg = 0;
        n++;
    }
    release(0);
    EXPECT_RELEASED(freed, 4);
    ck_assert_uint_eq(f->reclaim_asked, 4 * PAGE);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

TEST_OF(A_PROCESS, test_deadline)
{
    uint64_t asked;

    f->disk = true;
    fake_cgroup(f, "/a", CGROUP);
    fake_map(f, p, BASE, 4096, FAKE_SMALL);
    fake_charge(f, p, BASE, 4096, CGROUP);
    request_pages(0, 4096);
    mark_and_reclaim();
    EXPECT(swapcached, 4096);
    fake_disk_written(f);
    for (int i = 0; i < 8; i++)
        release(0); /* however much it may ask for after a while */
    f->page_ns = 10000;
    asked = f->reclaim_asked;
    release(f->now_ns + 20 * SEC + 5000000);
    ck_assert_uint_ge(f->reclaim_asked - asked, 256 * PAGE);
    ck_assert_uint_le(f->reclaim_asked - asked, 1024 * PAGE);
    release_all(); /* it goes on behind what it has seen */
    EXPECT_SWAPCACHED(0);
}

/* As long as nothing changes, the library looks less and less often. */
TEST_OF(A_PROCESS, test_looks_less_often)
{
    size_t reads;

    page_out();
    reads = f->nr_kpageflags;
    for (int i = 0; i < 1000; i++) { /* of 10 ms */
        f->now_ns += SEC / 100;
        ck_assert_int_eq(ops->release(backend, 0, 0, add_up, &released), 0);
    }
    reads = f->nr_kpageflags - reads;
    ck_assert_uint_ge(reads, 5);
    ck_assert_uint_le(reads, 12);
}

/* What each scheme has reclaimed is counted for that scheme, whichever pages the kernel frees first. */
TEST_OF(A_PROCESS, test_schemes)
{
    uint64_t freed[2] = {0};

    page_out();
    fake_map(f, p, BASE + 64 * PAGE, 64, FAKE_SMALL);
    fake_charge(f, p, BASE + 64 * PAGE, 64, CGROUP);
    request.scheme = 3;
    request_pages(64, 64);
    mark_and_reclaim();
    EXPECT(swapcached, 64);
    fake_disk_written(f);
    for (int i = 0; i < 4; i++) {
        request.scheme = i % 2 ? 0 : 3;
        release(0);
        freed[i % 2] += released.freed;
    }
    EXPECT_SWAPCACHED(0);
    ck_assert_uint_eq(freed[0], 64 * PAGE);
    ck_assert_uint_eq(freed[1], 64 * PAGE);
}

/* --- physical memory ---------------------------------------------------------------------------------------------- */

/* What somebody else has swapped out is freed as well when its turn comes; what the library has is not tried twice. */
TEST_OF(PHYSICAL_MEMORY, test_of_others)
{
    page_out();
    mark_and_reclaim();
    EXPECT(tried, 0);
    EXPECT(swapcached, 0);
    fake_map(f, q, BASE, 16, FAKE_SMALL);
    fake_charge(f, q, BASE, 16, CGROUP);
    for (uint64_t i = 0; i < 16; i++) {
        struct fake_frame *frame = fake_head(f, q, BASE + i * PAGE);

        frame->flags = (frame->flags | DRCL_KPF_SWAPCACHE) & ~DRCL_KPF_MMAP;
        *fake_entry(q, BASE + i * PAGE) = DRCL_PAGEMAP_SWAPPED;
    }
    f->swap_free = 0; /* they need no other place in swap */
    mark_and_reclaim();
    EXPECT(tried, 16);
    EXPECT(swapcached, 16);
    EXPECT(reclaimed, 0);
    fake_disk_written(f);
    release(0);
    EXPECT_RELEASED(freed, 80);
}
