/* SPDX-License-Identifier: MIT */
/* Finding accesses: what is watched, and what counts as accessed. */
#include <errno.h>
#include <string.h>

#include "pages_life.h"

#define TICK_NS UINT64_C(5000000)

TEST_CASES_OF(A_PROCESS, test_ranges, 5)
{
    struct damon_reclaim_range ranges[3];
    size_t n = 0;

    f->max_read = (size_t)_i * 8; /* short reads: lines come in pieces */
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 3, &n), 0);
    ck_assert_uint_eq(n, 0);
    fake_map(f, p, 0x1000, 2, FAKE_NONE);
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 3, &n), 0);
    ck_assert_uint_eq(n, 1);
    fake_map(f, p, 0x3000, 1, FAKE_NONE); /* touches the first: no gap */
    fake_map(f, p, 0x8000, 1, FAKE_NONE);
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 3, &n), 0);
    ck_assert_uint_eq(n, 2);
    fake_map(f, p, 0xa000, 1, FAKE_NONE); /* a small gap, which is watched */
    fake_map(f, p, BASE, 16, FAKE_NONE);
    fake_map(f, p, BASE + MIB, 16, FAKE_NONE);
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 1, &n), 0); /* too little room: told how much it takes */
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 3, &n), 0);
    ck_assert_uint_eq(ranges[0].start, 0x1000);
    ck_assert_uint_eq(ranges[0].end, 0xb000);
    ck_assert_uint_eq(ranges[1].start, BASE);
    ck_assert_uint_eq(ranges[1].end, BASE + 16 * PAGE);
    ck_assert_uint_eq(ranges[2].start, BASE + MIB);
    ck_assert_uint_eq(ranges[2].end, BASE + MIB + 16 * PAGE);
    p->exited = true;
    ck_assert_int_eq(ops->ranges(backend, 1, ranges, 3, &n), -ESRCH);
}

TEST_CASES_OF(A_PROCESS, test_small, 2)
{
    static const enum fake_kind kinds[] = {FAKE_SMALL, FAKE_SPREAD};
    uint64_t addrs[] = {BASE, BASE + PAGE, BASE + 9 * PAGE, BASE + 30 * PAGE};

    fake_map(f, p, BASE, 64, kinds[_i]);
    prepare(addrs, 4);
    if (kinds[_i] == FAKE_SMALL)
        ck_assert_uint_eq(f->nr_idle_write, 1); /* their frames are neighbours: one call */
    fake_touch(f, p, addrs[1]);
    fake_touch(f, p, BASE + 2 * PAGE); /* not looked at */
    expect_accessed(addrs, 4, "0100");
    prepare(addrs, 4);
    expect_accessed(addrs, 4, "0000");
    /* Regions that went away in between. */
    prepare(addrs, 4);
    fake_touch(f, p, addrs[2]);
    expect_accessed(addrs + 1, 3, "010");
    prepare(addrs, 4);
    fake_touch(f, p, addrs[3]);
    addrs[1] = 0x5000;
    expect_accessed(addrs, 4, "0001");
}

TEST_OF(A_PROCESS, test_absent)
{
    uint64_t addrs[] = {BASE, BASE + 5 * PAGE, BASE + 4096 * PAGE};

    fake_map(f, p, BASE, 64, FAKE_NONE);
    prepare(addrs, 3);
    expect_accessed(addrs, 3, "000");
    prepare(addrs, 3);
    fake_touch(f, p, addrs[1]); /* a fault is an access */
    expect_accessed(addrs, 3, "010");
    prepare(addrs, 3);
    expect_accessed(addrs, 3, "000");
}

/* A block that is sampled a lot is read in whole once a second, and nobody asks for its pages one by one. */
TEST_OF(A_PROCESS, test_many_samples)
{
    uint64_t addrs[40];
    uint8_t accessed[40];
    size_t reads = 0;

    fake_map(f, p, BASE, 256, FAKE_SMALL); /* the other half of the block is empty */
    fake_map(f, p, BASE + 256 * PAGE, 256, FAKE_NONE);
    fake_map(f, p, BASE + HUGE_PAGE, 512, FAKE_NONE);
    for (size_t i = 0; i < 40; i++)
        addrs[i] = BASE + i * 25 * PAGE;
    for (int round = 0; round < 100; round++) {
        f->now_ns += TICK_NS;
        if (round == 10)
            reads = f->nr_pagemap;
        prepare(addrs, 40);
        fake_touch(f, p, addrs[2]);
        ck_assert_int_eq(ops->check(backend, 1, addrs, 40, accessed), 0);
        for (size_t i = 0; i < 40; i++)
            if (accessed[i] != (i == 2))
                ck_abort_msg("round %d, address %zu: %d", round, i, accessed[i]);
    }
    ck_assert_uint_eq(f->nr_pagemap, reads);
    /* What comes meanwhile is noticed within a second, as an access, and watched from then on. */
    fake_touch(f, p, addrs[15]);
    fake_touch(f, p, addrs[30]);
    f->now_ns += SEC;
    prepare(addrs, 40);
    ck_assert_uint_le(f->nr_pagemap, reads + 4);
    ck_assert_int_eq(ops->check(backend, 1, addrs, 40, accessed), 0);
    ck_assert_int_eq(accessed[15], 1);
    ck_assert_int_eq(accessed[30], 1);
    prepare(addrs, 40);
    fake_touch(f, p, addrs[30]);
    ck_assert_int_eq(ops->check(backend, 1, addrs, 40, accessed), 0);
    ck_assert_int_eq(accessed[30], 1);
    ck_assert_int_eq(accessed[15], 0);
}

TEST_OF(A_PROCESS, test_huge)
{
    uint64_t addrs[] = {BASE + PAGE, BASE + 77 * PAGE, BASE + HUGE_PAGE + 3 * PAGE, BASE + 3 * HUGE_PAGE - PAGE};
    size_t reads, writes;

    fake_map(f, p, BASE, 4 * 512, FAKE_HUGE);
    prepare(addrs, 4);
    fake_touch(f, p, BASE + 500 * PAGE); /* any page of it stands for the whole */
    expect_accessed(addrs, 4, "1100");
    reads = f->nr_pagemap + f->nr_kpageflags;
    writes = f->nr_idle_write;
    prepare(addrs, 4);
    ck_assert_uint_eq(f->nr_pagemap + f->nr_kpageflags, reads); /* known for a second */
    ck_assert_uint_eq(f->nr_idle_write, writes + 1);            /* the two others were just seen to be idle */
    fake_touch(f, p, BASE + 2 * HUGE_PAGE);
    expect_accessed(addrs, 4, "0001");
    /* An access between a check that found it idle and a later prepare does not count. */
    prepare(addrs, 1);
    expect_accessed(addrs, 1, "0");
    prepare(addrs + 2, 1);
    fake_touch(f, p, addrs[0]);
    expect_accessed(addrs + 2, 1, "0");
    prepare(addrs, 1);
    expect_accessed(addrs, 1, "0");
    f->now_ns += 2 * SEC;
    prepare(addrs, 4);
    ck_assert_uint_gt(f->nr_pagemap + f->nr_kpageflags, reads); /* looked at again */
    expect_accessed(addrs, 4, "0000");
}

/* It fell apart into small pages: noticed after a second at the latest. */
TEST_OF(A_PROCESS, test_huge_split)
{
    uint64_t addr = BASE + 7 * PAGE;

    fake_map(f, p, BASE, 512, FAKE_HUGE);
    prepare(&addr, 1);
    expect_accessed(&addr, 1, "0");
    for (size_t i = 0; i < 512; i++)
        f->frames[*fake_entry(p, BASE + i * PAGE) & DRCL_PAGEMAP_PFN].flags =
            DRCL_KPF_LRU | DRCL_KPF_ANON | DRCL_KPF_SWAPBACKED;
    f->now_ns += 2 * SEC;
    prepare(&addr, 1);
    fake_touch(f, p, addr);
    expect_accessed(&addr, 1, "1");
    prepare(&addr, 1);
    fake_touch(f, p, BASE);
    expect_accessed(&addr, 1, "0");
}

TEST_OF(A_PROCESS, test_medium)
{
    uint64_t addrs[] = {BASE + 3 * PAGE, BASE + 17 * PAGE, BASE + 40 * PAGE};

    fake_map(f, p, BASE, 64, FAKE_MEDIUM);
    for (int i = 0; i < 3; i++) {
        prepare(addrs, 3);
        fake_touch(f, p, BASE + 31 * PAGE);
        expect_accessed(addrs, 3, "010");
    }
}

/* What is on no LRU list is never idle, and for all that not accessed. */
TEST_OF(A_PROCESS, test_takes_no_part)
{
    uint64_t addrs[] = {BASE, BASE + HUGE_PAGE, BASE + 2 * HUGE_PAGE, BASE + 2 * HUGE_PAGE + PAGE};

    fake_map(f, p, BASE, 512, FAKE_HUGETLB);
    fake_map(f, p, BASE + HUGE_PAGE, 4, FAKE_ZERO);
    fake_map(f, p, BASE + 2 * HUGE_PAGE, 4, FAKE_SMALL);
    fake_head(f, p, addrs[2])->flags = 0; /* as if on its way between lists */
    for (int i = 0; i < 3; i++) {
        prepare(addrs, 4);
        fake_touch(f, p, addrs[2]);
        fake_touch(f, p, addrs[3]);
        expect_accessed(addrs, 4, "0001");
    }
    ck_assert_uint_eq(f->frames[1].idle, false);
}

/* Its neighbour was small: taken for small, and found out before it counts as accessed. */
TEST_OF(A_PROCESS, test_mixed_block)
{
    uint64_t small = BASE, tail = BASE + 32 * PAGE + 5 * PAGE;

    fake_map(f, p, BASE, 32, FAKE_SMALL);
    fake_map(f, p, BASE + 32 * PAGE, 32, FAKE_MEDIUM);
    prepare(&small, 1);
    expect_accessed(&small, 1, "0");
    prepare(&tail, 1);
    expect_accessed(&tail, 1, "0");
    prepare(&tail, 1);
    fake_touch(f, p, tail);
    expect_accessed(&tail, 1, "1");
}

/* What is remembered of a block that is sampled a lot is renewed each second, in the same place. */
TEST_OF(A_PROCESS, test_memory)
{
    uint64_t addrs[64];
    size_t after_a_second = 0;

    fake_map(f, p, BASE, 512, FAKE_SMALL);
    for (size_t i = 0; i < 64; i++)
        addrs[i] = BASE + i * 8 * PAGE;
    for (unsigned int tick = 0; tick < 100; tick++) {
        uint8_t accessed[64];

        prepare(addrs, 64);
        ck_assert_int_eq(ops->check(backend, 1, addrs, 64, accessed), 0);
        f->now_ns += UINT64_C(100000000);
        if (tick == 10)
            after_a_second = f->memory.live;
    }
    ck_assert_uint_eq(f->memory.live, after_a_second);
}

static const enum fake_kind small_and_huge[] = {FAKE_SMALL, FAKE_HUGE};

/* An access between the mark and a sample is neither lost for monitoring nor for reclaim. */
TEST_CASES_OF(A_PROCESS, test_mark, 2)
{
    uint64_t addrs[] = {BASE + PAGE, BASE + HUGE_PAGE + PAGE};
    size_t writes;

    fake_map(f, p, BASE, 1024, small_and_huge[_i]);
    mark();
    fake_touch(f, p, addrs[0]);
    writes = f->nr_idle_write;
    prepare(addrs, 2);
    ck_assert_uint_eq(f->nr_idle_write, writes); /* marked pages are left as they are */
    expect_accessed(addrs, 2, "10");
    prepare(addrs, 2);
    expect_accessed(addrs, 2, "00"); /* once, then it is watched as before */
    prepare(addrs, 2);
    fake_touch(f, p, addrs[0]);
    expect_accessed(addrs, 2, "10");
}

/* What is marked is looked at now and then only, and no access is lost by that. */
TEST_CASES_OF(A_PROCESS, test_marked_seldom, 2)
{
    uint64_t addrs[] = {BASE + PAGE, BASE + HUGE_PAGE + PAGE};
    size_t reads, found = 0;
    uint8_t accessed[2];

    fake_map(f, p, BASE, 1024, small_and_huge[_i]);
    mark();
    reads = f->nr_idle_read + f->nr_idle_write + f->nr_pagemap;
    for (int tick = 0; tick < 640; tick++) {
        f->now_ns += TICK_NS;
        prepare(addrs, 2);
        expect_accessed(addrs, 2, "00");
    }
    ck_assert_uint_le(f->nr_idle_read + f->nr_idle_write + f->nr_pagemap - reads, 10 * 4);
    fake_touch(f, p, addrs[0]);
    for (int tick = 0; tick < 64; tick++) {
        f->now_ns += TICK_NS;
        prepare(addrs, 2);
        ck_assert_int_eq(ops->check(backend, 1, addrs, 2, accessed), 0);
        found += accessed[0];
        ck_assert_int_eq(accessed[1], 0);
    }
    ck_assert_uint_eq(found, 1);
}

/* In a large page of any size the first page answers for the others, and not for the neighbours. */
TEST_OF(A_PROCESS, test_large)
{
    static const size_t pages[] = {0, 1, 2, 3, 5, 7, 8, 15, 16, 30, 33, 63, 100, 127, 128, 200, 255, 256, 300, 511};
    uint64_t base;
    uint32_t flags;

    fake_map(f, p, BASE, 512, FAKE_HUGE);
    base = *fake_entry(p, BASE) & DRCL_PAGEMAP_PFN;
    flags = f->frames[base].flags & ~DRCL_KPF_COMPOUND_HEAD;
    f->frames[base].flags = f->frames[base + 1].flags = flags; /* small; then 2 pages from the second on, 4, 8, ... */
    for (size_t size = 2; size < 512; size *= 2)
        f->frames[base + size].flags = flags | DRCL_KPF_COMPOUND_HEAD;
    for (size_t i = 0; i < NUMBER_OF(pages); i++) {
        uint64_t addr = BASE + pages[i] * PAGE, other = BASE + (pages[i] < 256 ? 500 : 255) * PAGE;
        size_t reads = f->nr_kpageflags;

        prepare(&addr, 1);
        ck_assert_uint_le(f->nr_kpageflags - reads, 11);
        fake_touch(f, p, pages[i] == 255 ? BASE : other);
        expect_accessed(&addr, 1, "0");
        prepare(&addr, 1);
        fake_touch(f, p, addr);
        expect_accessed(&addr, 1, "1");
        f->now_ns += 2 * SEC;
    }
}

TEST_OF(A_PROCESS, test_exec_and_exit)
{
    uint64_t addrs[] = {BASE, BASE + PAGE};
    uint8_t accessed[2];

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    prepare(addrs, 2);
    expect_accessed(addrs, 2, "00");
    fake_exec(p);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    prepare(addrs, 2);
    fake_touch(f, p, addrs[1]);
    expect_accessed(addrs, 2, "01");
    prepare(addrs, 2);
    p->exited = true;
    ops->check(backend, 1, addrs, 2, accessed); /* the frames may still tell */
    ck_assert_int_eq(ops->prepare(backend, 1, addrs, 2), -ESRCH);
    ck_assert_int_eq(ops->mark(backend, 1, BASE, BASE + 64 * PAGE), -ESRCH);
}

/* Somebody else got the pid: its files are never looked into. */
TEST_OF(A_PROCESS, test_reused_pid)
{
    struct fake_process *other;
    uint64_t addr = BASE;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    p->exited = true;
    other = fake_process(f, p->pid);
    fake_map(f, other, BASE, 64, FAKE_SMALL);
    ck_assert_int_eq(ops->prepare(backend, 1, &addr, 1), -ESRCH);
    ck_assert_int_eq(ops->mark(backend, 1, BASE, BASE + PAGE), -ESRCH);
    for (size_t i = 0; i < FAKE_FRAMES; i++)
        if (f->frames[i].idle)
            ck_abort_msg("frame %zu was made idle", i);
}

TEST_OF(A_PROCESS, test_refusals)
{
    static const struct {
        const char *path;
        int error, result;
        const char *text;
    } cases[] = {
        {"/sys/kernel/mm/page_idle/bitmap", ENOENT, -ENOENT, "CONFIG_IDLE_PAGE_TRACKING"},
        {"/sys/kernel/mm/page_idle/bitmap", EACCES, -EPERM, "root"},
        {"/proc/kpageflags", ENOENT, -ENOENT, "CONFIG_PROC_PAGE_MONITOR"},
        {"/proc/kpageflags", EPERM, -EPERM, "root"},
        {"/proc/self/pagemap", ENOENT, -ENOENT, "CONFIG_PROC_PAGE_MONITOR"},
    };
    char text[512];
    void *none = NULL;

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        f->missing = cases[i].path;
        f->missing_error = -cases[i].error;
        ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &none), cases[i].result);
        says(f->env.error, cases[i].path);
        says(f->env.error, cases[i].text);
        ck_assert_int_eq(drcl_backend_idle_page.probe(&f->env, NULL, text, sizeof(text)), cases[i].result);
        says(text, cases[i].text);
    }
    f->missing = NULL;
    f->hide_frames = true;
    ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &none), -EPERM);
    says(f->env.error, "CAP_SYS_ADMIN");
    f->hide_frames = false;
    ck_assert_int_eq(drcl_backend_idle_page.probe(&f->env, NULL, text, sizeof(text)), 0);
    says(text, "swap: 1024 of 1024 MiB free");
    ck_assert_int_eq(drcl_backend_idle_page.probe(&f->env, NULL, text, 8), 0);
    ck_assert_uint_le(strlen(text), 7);
    ck_assert_int_eq(drcl_backend_idle_page.probe(&f->env, NULL, NULL, 0), 0);
    f->missing = "/proc/4242/pagemap";
    f->missing_error = -EACCES;
    ops->target_remove(backend, 1);
    ck_assert_int_eq(ops->target_add(backend, 2, 4242, f->pidfd), -EPERM);
    says(f->env.error, "4242");
    f->missing = NULL;
    f->advise_error = -EPERM;
    ck_assert_int_eq(ops->target_add(backend, 2, 4242, f->pidfd), -EPERM);
    says(f->env.error, "CAP_SYS_NICE");
    f->advise_error = -ENOSYS;
    ck_assert_int_eq(ops->target_add(backend, 2, 4242, f->pidfd), -EOPNOTSUPP);
    f->advise_error = 0;
    p->exited = true;
    ck_assert_int_eq(ops->target_add(backend, 2, 4242, f->pidfd), -ESRCH);
}

TEST_OF(A_PROCESS, test_hidden_later)
{
    uint64_t addr = BASE;

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    f->hide_frames = true;
    ck_assert_int_eq(ops->prepare(backend, 1, &addr, 1), -EPERM);
    ck_assert_int_eq(ops->mark(backend, 1, BASE, BASE + 64 * PAGE), -EPERM);
    says(f->env.error, "CAP_SYS_ADMIN");
}
