/* SPDX-License-Identifier: MIT */
/* Which process maps a frame: what is found, at which cost, and what happens when processes, memory or the system fail.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/idle_page/rmap.h"
#include "fake.h"

#define BASE  UINT64_C(0x7f0000000000)
#define FIRST 100 /* the pids of the processes */
#define BOUND ((size_t)1 << 20)

static struct fake *f;
static struct drcl_rmap *rmap;

static void set_up(void)
{
    f = fake_open();
    ck_assert_int_eq(drcl_rmap_new(&f->env, BOUND, &rmap), 0);
}

static void tear_down(void)
{
    drcl_rmap_free(rmap);
    fake_close(f);
}

/* Three processes with pages of all sizes, and who is not to be read: a kernel thread and the caller. */
static void populate(void)
{
    fake_process(f, 2);
    for (pid_t pid = FIRST; pid < FIRST + 3; pid++) {
        struct fake_process *p = fake_process(f, pid);

        fake_map(f, p, BASE, 1024, FAKE_HUGE);
        fake_map(f, p, BASE + 4096 * PAGE, 64, FAKE_SMALL);
        fake_map(f, p, BASE + 8192 * PAGE, 32, FAKE_MEDIUM);
        fake_map(f, p, BASE + 9000 * PAGE, 16, FAKE_FILE);
        fake_map(f, p, BASE + 10000 * PAGE, 20000, FAKE_NONE);
    }
    fake_map(f, fake_process(f, getpid()), BASE, 16, FAKE_SMALL);
}

static struct fake_process *process(pid_t pid)
{
    for (size_t i = 0; i < f->nr_processes; i++)
        if (f->processes[i].pid == pid)
            return &f->processes[i];
    ck_abort_msg("no process %d", (int)pid);
}

/* Whether an answer about the frame behind an address is that of @p, and right to the end of the run. */
static bool is_found(struct fake_process *p, uint64_t addr)
{
    uint64_t pfn = *fake_entry(p, addr) & DRCL_PAGEMAP_PFN;
    struct drcl_rmap_run run;

    if (!drcl_rmap_find(rmap, pfn, &run))
        return false;
    if (run.pid != p->pid || run.addr != addr || run.pages == 0)
        ck_abort_msg("frame %llu: wrong answer", (unsigned long long)pfn);
    for (size_t i = 0; i < run.pages; i++)
        if ((*fake_entry(p, addr + i * PAGE) & DRCL_PAGEMAP_PFN) != pfn + i)
            ck_abort_msg("a run of %zu pages is wrong at %zu", run.pages, i);
    return true;
}

/* How many of the process' pages are found. */
static size_t nr_found(struct fake_process *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->nr_areas; i++)
        for (size_t k = 0; k < p->areas[i].pages; k++)
            n += p->areas[i].entries[k] && is_found(p, p->areas[i].start + k * PAGE);
    return n;
}

#define ALL (1024 + 64 + 32 + 16)

static void want_all(void)
{
    drcl_rmap_want(rmap, 0, FAKE_FRAMES);
}

static bool knows_all(void)
{
    return drcl_rmap_knows(rmap, 0, FAKE_FRAMES);
}

static void check_all(void)
{
    ck_assert(knows_all());
    for (pid_t pid = FIRST; pid < FIRST + 3; pid++)
        ck_assert_uint_eq(nr_found(process(pid)), ALL);
}

START_TEST(test_find)
{
    struct drcl_rmap_run run;

    set_up();
    populate();
    f->no_scan = _i == 1;
    f->max_read = _i == 2 ? 40 : 0;
    *fake_entry(process(FIRST), BASE + 4096 * PAGE) = 0;
    ck_assert(!knows_all());
    ck_assert(!drcl_rmap_find(rmap, 64, &run));
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1); /* nothing is wanted */
    ck_assert(!knows_all());
    want_all();
    ck_assert(!knows_all());
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert(knows_all());
    ck_assert_uint_eq(nr_found(process(FIRST)), ALL - 1);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_uint_eq(nr_found(process(getpid())), 0);
    ck_assert(drcl_rmap_find(rmap, (*fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN) + 10, &run));
    ck_assert_uint_eq(run.addr, BASE + 10 * PAGE);
    ck_assert_uint_eq(run.pages, 502); /* the rest of a huge page */
    ck_assert_str_eq(f->env.error, "");
    tear_down();
}
END_TEST

START_TEST(test_shared)
{
    struct fake_process *p;

    set_up();
    populate();
    p = process(FIRST);
    for (size_t i = 0; i < 64; i += 2)
        *fake_entry(p, BASE + (4096 + i) * PAGE) &= ~DRCL_PAGEMAP_EXCLUSIVE;
    fake_map(f, p, BASE + 500000 * PAGE, 16, FAKE_ZERO);
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(p), ALL - 32);
    tear_down();
}
END_TEST

START_TEST(test_hidden_frames)
{
    struct drcl_rmap_run run;

    set_up();
    populate();
    f->hide_frames = true;
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert(!drcl_rmap_find(rmap, 0, &run));
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
    tear_down();
}
END_TEST

/* Only what is wanted is kept, and what is known is not read again. */
START_TEST(test_wanted)
{
    uint64_t head;
    size_t calls;

    set_up();
    populate();
    head = *fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN;
    drcl_rmap_want(rmap, head + 100, head + 600);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert(drcl_rmap_knows(rmap, head + 100, head + 600));
    ck_assert(!drcl_rmap_knows(rmap, head + 99, head + 600));
    ck_assert(!drcl_rmap_knows(rmap, head + 100, head + 601));
    ck_assert_uint_eq(nr_found(process(FIRST)), 500);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), 0);
    calls = f->nr_calls;
    drcl_rmap_want(rmap, head + 200, head + 300);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(f->nr_calls, calls);
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    tear_down();
}
END_TEST

/* Many small steps find what one does; none goes far beyond its deadline. */
START_TEST(test_deadline)
{
    size_t steps = 0;
    int r;

    set_up();
    populate();
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
    tear_down();
}
END_TEST

/* What is wanted while a pass goes on is for the next one. */
START_TEST(test_wanted_meanwhile)
{
    set_up();
    populate();
    drcl_rmap_want(rmap, 64, 1200);
    ck_assert_int_eq(drcl_rmap_step(rmap, f->now_ns + 8000), 0);
    drcl_rmap_want(rmap, 100, 200); /* the pass is for it already */
    want_all();
    while (!drcl_rmap_knows(rmap, 64, 1200)) {
        ck_assert(!knows_all());
        ck_assert_int_eq(drcl_rmap_step(rmap, f->now_ns + 1000), 0);
    }
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    tear_down();
}
END_TEST

/* Any number of ranges: they are joined, nothing gets lost. */
START_TEST(test_many_ranges)
{
    set_up();
    populate();
    for (uint64_t pfn = 0; pfn < FAKE_FRAMES; pfn += 2)
        drcl_rmap_want(rmap, pfn, pfn + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    for (uint64_t pfn = 0; pfn < FAKE_FRAMES; pfn += 2)
        ck_assert(drcl_rmap_knows(rmap, pfn, pfn + 1));
    for (uint64_t pfn = 1; pfn < FAKE_FRAMES; pfn += 2)
        drcl_rmap_want(rmap, pfn, pfn + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    tear_down();
}
END_TEST

/* Scattered over many passes, what is known grows without bound, if nothing is done about it. */
START_TEST(test_many_passes)
{
    uint64_t at;

    set_up();
    populate();
    at = *fake_entry(process(FIRST), BASE) & DRCL_PAGEMAP_PFN;
    for (uint64_t pass = 0; pass < 24; pass++) {
        for (uint64_t pfn = pass * 1200; pfn < pass * 1200 + 1000; pfn += 4)
            drcl_rmap_want(rmap, UINT64_C(1000000) + pfn, UINT64_C(1000000) + pfn + 1);
        drcl_rmap_want(rmap, at, at + 1024);
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        ck_assert(drcl_rmap_knows(rmap, UINT64_C(1000000) + pass * 1200, UINT64_C(1000000) + pass * 1200 + 1));
    }
    drcl_rmap_want(rmap, at, at + 1024);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(process(FIRST)), 1024);
    tear_down();
}
END_TEST

START_TEST(test_age)
{
    struct fake_process *p;

    set_up();
    populate();
    p = process(FIRST);
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    fake_unmap_all(p);
    fake_map(f, p, BASE, 16, FAKE_SMALL);
    f->now_ns += UINT64_C(59000000000);
    want_all();
    ck_assert(knows_all());
    ck_assert_uint_eq(nr_found(p), 0);
    f->now_ns += UINT64_C(1000000000);
    want_all();
    ck_assert(!knows_all());
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(p), 16);
    tear_down();
}
END_TEST

START_TEST(test_wrong)
{
    set_up();
    populate();
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    for (size_t i = 0; i < 3 * ALL / 4; i++) /* a quarter of the answers */
        drcl_rmap_was_wrong(rmap);
    want_all();
    ck_assert(knows_all());
    drcl_rmap_was_wrong(rmap);
    want_all();
    ck_assert(!knows_all());
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    want_all();
    ck_assert(knows_all());
    tear_down();
}
END_TEST

static unsigned int nr_warnings;

static void count_warnings(void *data, enum damon_reclaim_log_level level, const char *text)
{
    (void)data, (void)text;
    nr_warnings += level <= DAMON_RECLAIM_LOG_WARNING;
}

/* Who has most in memory is found first. */
START_TEST(test_largest_first)
{
    set_up();
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
    tear_down();
}
END_TEST

/* The table keeps to its bound. Who had no room comes first the next time. */
START_TEST(test_bound)
{
    const size_t bound = 4096;
    size_t first, second;

    f = fake_open();
    f->env.log = count_warnings;
    nr_warnings = 0;
    ck_assert_int_eq(drcl_rmap_new(&f->env, bound, &rmap), 0);
    for (pid_t pid = FIRST; pid < FIRST + 2; pid++)
        fake_map(f, fake_process(f, pid), BASE, 200, FAKE_SMALL); /* a run each */
    for (int i = 0; i < 4; i++) {
        want_all();
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        ck_assert(knows_all());
        ck_assert_uint_le(drcl_rmap_bytes(rmap), bound);
        first = nr_found(process(FIRST));
        second = nr_found(process(FIRST + 1));
        ck_assert_uint_eq(first + second, 128);
        ck_assert_uint_eq(i % 2 ? second : first, 128);
        f->now_ns += UINT64_C(60000000000);
    }
    ck_assert_uint_eq(nr_warnings, 1);
    tear_down();
}
END_TEST

START_TEST(test_exclude)
{
    const pid_t pids[] = {FIRST, FIRST + 1};
    size_t bytes;

    set_up();
    populate();
    ck_assert_int_eq(drcl_rmap_exclude(rmap, pids, 1), 0);
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    bytes = drcl_rmap_bytes(rmap);
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, pids, 2), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, NULL, 0), 0);
    f->now_ns += UINT64_C(60000000000);
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    check_all();
    ck_assert_uint_ge(drcl_rmap_bytes(rmap), bytes);
    tear_down();
}
END_TEST

/* Also the process that is just being read. */
START_TEST(test_exclude_meanwhile)
{
    const pid_t pid = FIRST;
    int r;

    set_up();
    populate();
    want_all();
    r = drcl_rmap_step(rmap, f->now_ns + (uint64_t)_i * 1000);
    ck_assert_int_eq(drcl_rmap_exclude(rmap, &pid, 1), 0);
    if (r == 0)
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ck_assert_uint_eq(nr_found(process(FIRST)), 0);
    ck_assert_uint_eq(nr_found(process(FIRST + 1)), ALL);
    ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
    tear_down();
}
END_TEST

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
START_TEST(test_vanish)
{
    for (change_at = 1;; change_at++) {
        size_t calls;

        set_up();
        populate();
        f->nr_calls = 0;
        f->hook = _i ? exec_at : exit_at;
        want_all();
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        f->hook = NULL;
        calls = f->nr_calls;
        ck_assert(knows_all());
        ck_assert_uint_eq(nr_found(process(FIRST)), ALL);
        ck_assert_uint_eq(nr_found(process(FIRST + 2)), ALL);
        ck_assert_str_eq(f->env.error, "");
        tear_down();
        if (calls < change_at)
            break;
    }
    ck_assert_uint_gt(change_at, 50);
}
END_TEST

static const int errors[] = {-EIO, -ENOMEM, -EMFILE, -EACCES, -EPERM, -ESRCH, -ENOENT, -EINTR, -EINVAL};

/* Any call fails: either the step says so and the next one does its work, or a process is passed over until the table
 * is made anew. */
START_TEST(test_every_call)
{
    bool reached = true;
    size_t i;

    for (i = 1; reached; i++) {
        int r;

        set_up();
        populate();
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
            ck_assert(!knows_all());
            ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
            check_all();
        } else {
            ck_assert_int_eq(r, 1);
            ck_assert(knows_all());
            ck_assert_uint_ge(nr_found(process(FIRST)) + nr_found(process(FIRST + 1)) + nr_found(process(FIRST + 2)),
                              2 * ALL);
        }
        f->now_ns += UINT64_C(60000000000);
        want_all();
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        check_all();
        tear_down();
    }
    ck_assert_uint_gt(i, 50);
}
END_TEST

/* Without memory frames are not found, or not known; later they are. */
START_TEST(test_every_allocation)
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
        f->now_ns += UINT64_C(60000000000);
        want_all();
        ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
        check_all();
        tear_down();
    }
    ck_assert_uint_ge(n, 8);
}
END_TEST

/* Later passes take what the first one had, and a pass that is given up leaves nothing in the table. */
START_TEST(test_steady_state)
{
    size_t allocations, bytes;

    set_up();
    populate();
    want_all();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    drcl_rmap_want(rmap, FAKE_FRAMES, FAKE_FRAMES + 1);
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    allocations = f->memory.nr_calls;
    bytes = drcl_rmap_bytes(rmap);
    for (int i = 0; i < 20; i++) {
        f->now_ns += UINT64_C(60000000000);
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
END_TEST

/* In the middle of a pass: nothing is left open. */
START_TEST(test_free)
{
    drcl_rmap_free(NULL);
    for (int i = 0; i < 60; i++) {
        set_up();
        populate();
        want_all();
        drcl_rmap_step(rmap, f->now_ns + (uint64_t)i * 500);
        tear_down();
    }
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_find, 0, 3);
    tcase_add_test(tc, test_shared);
    tcase_add_test(tc, test_hidden_frames);
    tcase_add_test(tc, test_wanted);
    tcase_add_test(tc, test_deadline);
    tcase_add_test(tc, test_wanted_meanwhile);
    tcase_add_test(tc, test_many_ranges);
    tcase_add_test(tc, test_many_passes);
    tcase_add_test(tc, test_age);
    tcase_add_test(tc, test_wrong);
    tcase_add_test(tc, test_largest_first);
    tcase_add_test(tc, test_bound);
    tcase_add_test(tc, test_exclude);
    tcase_add_loop_test(tc, test_exclude_meanwhile, 1, 40);
    tcase_add_loop_test(tc, test_vanish, 0, 2);
    tcase_add_loop_test(tc, test_every_call, 0, sizeof(errors) / sizeof(errors[0]));
    tcase_add_test(tc, test_every_allocation);
    tcase_add_test(tc, test_steady_state);
    tcase_add_test(tc, test_free);
}

int main(void)
{
    return run_suite("rmap", 120, fill);
}
