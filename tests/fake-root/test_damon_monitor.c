/* SPDX-License-Identifier: MIT */
/*
 * The backend "damon" with DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel of fake_damon.h tells what was accessed, the
 * one of fake.h has the pages. One table of system calls leads to both, by the path and by the number of the
 * descriptor; the time is that of the latter.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "damon_reclaim/damon_reclaim.h"

#include "fake.h"
#include "fake_damon.h"

#define DAMON_FDS 3000
#define SEC       UINT64_C(1000000000)
#define START     UINT64_C(0x10000000)
#define PAGES     4096 /* 16 MiB a process */

/* --- both kernels as one ------------------------------------------------------------------------------------------ */

static struct fake *memory;
static const struct damon_reclaim_system_ops *damon_ops, *memory_ops;

static bool is_of_damon(const char *path)
{
    static const char *const begins[] = {"/sys/kernel/mm/damon/", "/sys/module/", "/run/", "/proc/sys/", "/proc/iomem"};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (!strncmp(path, begins[i], strlen(begins[i])))
            return true;
    return false;
}

static void tell_time(void)
{
    fs->now_ns = memory->now_ns;
}

static int both_open(void *data, const char *path, int flags)
{
    tell_time();
    return is_of_damon(path) ? damon_ops->open(NULL, path, flags) : memory_ops->open(data, path, flags);
}

static int both_close(void *data, int fd)
{
    return fd >= DAMON_FDS ? damon_ops->close(NULL, fd) : memory_ops->close(data, fd);
}

static int both_inode(void *data, int fd, uint64_t *ret_inode)
{
    return fd >= DAMON_FDS ? damon_ops->inode(NULL, fd, ret_inode) : memory_ops->inode(data, fd, ret_inode);
}

static ssize_t both_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    return fd >= DAMON_FDS ? damon_ops->pread(NULL, fd, buf, len, offset)
                           : memory_ops->pread(data, fd, buf, len, offset);
}

static ssize_t both_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    tell_time();
    return fd >= DAMON_FDS ? damon_ops->pwrite(NULL, fd, buf, len, offset)
                           : memory_ops->pwrite(data, fd, buf, len, offset);
}

static int both_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    if (n)
        return memory_ops->poll(data, fds, n, timeout_ms);
    memory->now_ns += (uint64_t)timeout_ms * 1000000;
    return 0;
}

static uint64_t timer_ns; /* when the loop is to dispatch */

static int both_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    timer_ns = deadline_ns;
    return memory_ops->timer_set(data, fd, deadline_ns);
}

static int both_writer_start(void *data, void *writer, int fd, const void *buf, size_t len)
{
    tell_time();
    return damon_ops->writer_start(data, writer, fd, buf, len);
}

static int both_writer_result(void *data, void *writer, ssize_t *ret_n)
{
    tell_time();
    return damon_ops->writer_result(data, writer, ret_n);
}

/* --- a life ------------------------------------------------------------------------------------------------------- */

static struct damon_reclaim *ctx;
static char error[512];
static unsigned int nr_before, nr_after, nr_aggregated;
static uint64_t told;   /* bytes that the callbacks told were reclaimed */
static uint64_t spared; /* address that before_reclaim objects to */

static bool before_reclaim(struct damon_reclaim *c, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata)
{
    (void)c, (void)scheme, (void)userdata;
    nr_before++;
    return !(region->start <= spared && region->end > spared);
}

static void after_reclaim(struct damon_reclaim *c, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata)
{
    (void)c, (void)scheme, (void)region, (void)userdata;
    nr_after++;
    told += result->reclaimed;
}

static void after_aggregation(struct damon_reclaim *c, void *userdata)
{
    (void)c, (void)userdata;
    nr_aggregated++;
}

static int try_backend(const char *backend, const char *operations)
{
    static const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                             .before_reclaim = before_reclaim,
                                                             .after_reclaim = after_reclaim,
                                                             .after_aggregation = after_aggregation};
    static struct damon_reclaim_system_ops ops;
    static struct damon_reclaim_config config;
    struct damon_reclaim_damon_config damon = {
        .size = sizeof(damon), .operations = operations, .flags = DAMON_RECLAIM_DAMON_MONITOR_ONLY};

    damon_ops = damon_fs_config().system_ops;
    config = fake_config(memory);
    memory_ops = config.system_ops;
    ops = *memory_ops;
    ops.open = both_open;
    ops.close = both_close;
    ops.inode = both_inode;
    ops.pread = both_pread;
    ops.pwrite = both_pwrite;
    ops.poll = both_poll;
    ops.timer_set = both_timer_set;
    ops.create = damon_ops->create;
    ops.lock = damon_ops->lock;
    ops.unlink = damon_ops->unlink;
    ops.writer_new = damon_ops->writer_new;
    ops.writer_start = both_writer_start;
    ops.writer_result = both_writer_result;
    ops.writer_free = damon_ops->writer_free;
    config.backend = backend;
    config.system_ops = &ops;
    config.damon = &damon;
    config.callbacks = &callbacks;
    config.error = error;
    config.error_size = sizeof(error);
    return damon_reclaim_new(&config, &ctx);
}

static int try_new(const char *operations)
{
    return try_backend("damon", operations);
}

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(damon_reclaim_set(ctx, name, value), 0);
}

static void world(bool later, bool bitmap)
{
    damon_fs_new(later);
    memory = fake_open();
    memory->missing = bitmap ? NULL : "/sys/kernel/mm/page_idle/bitmap";
    nr_before = nr_after = nr_aggregated = 0;
    told = spared = 0;
    if (try_new(NULL) < 0)
        ck_abort_msg("no context: %s", error);
    set("min_age", "2s");
    set("quota_ms", "0");
}

/* With nr_ranges of @ranges these alone are watched. */
static struct fake_process *add_ranges(pid_t pid, uint64_t start, const struct damon_reclaim_range *ranges,
                                       size_t nr_ranges, uint32_t *ret_id)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid, .ranges = ranges, .nr_ranges = nr_ranges};
    struct fake_process *p = fake_process(memory, pid);

    fake_map(memory, p, start, PAGES, FAKE_SMALL);
    fs->alive[memory->nr_processes - 1] = pid;
    if (damon_reclaim_add_target(ctx, &target, ret_id) < 0)
        ck_abort_msg("no target: %s", damon_reclaim_last_error(ctx));
    return p;
}

static struct fake_process *add_process(pid_t pid, uint64_t start, uint32_t *ret_id)
{
    return add_ranges(pid, start, NULL, 0, ret_id);
}

static void enable(void)
{
    if (damon_reclaim_enable(ctx) < 0)
        ck_abort_msg("not enabled: %s", damon_reclaim_last_error(ctx));
}

/* Lets time pass; the kernel's thread sees the regions age. */
static void run(unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 100; i++) {
        memory->now_ns += SEC / 100;
        for (size_t r = 0; i % 10 == 0 && r < fs->nr_regions; r++)
            fs->regions[r].age++;
        if (damon_reclaim_dispatch(ctx) < 0)
            ck_abort_msg("dispatch: %s", damon_reclaim_last_error(ctx));
    }
}

/* The same, but dispatches when the timer says, as a loop does. Returns how often; of a loop that spins, no more than
 * @most. */
static unsigned int run_by_timer(unsigned int seconds, unsigned int most)
{
    uint64_t end = memory->now_ns + seconds * SEC;
    unsigned int n = 0;

    for (; timer_ns < end && n < most; n++) {
        if (timer_ns > memory->now_ns)
            memory->now_ns = timer_ns;
        if (damon_reclaim_dispatch(ctx) < 0)
            ck_abort_msg("dispatch: %s", damon_reclaim_last_error(ctx));
    }
    return n;
}

static struct damon_reclaim_stats stats(void)
{
    struct damon_reclaim_stats s = {.size = sizeof(s)};

    ck_assert_int_eq(damon_reclaim_get_stats(ctx, &s), 0);
    return s;
}

static void the_end(void)
{
    damon_reclaim_unref(ctx);
    ck_assert_str_eq(damon_value("nr_kdamonds"), "0");
    ck_assert(!fs->has_record);
    fake_close(memory);
    damon_fs_free();
}

static void add_region(uint64_t start, uint64_t end, uint32_t nr_accesses)
{
    fs->regions[fs->nr_regions++] =
        (struct damon_reclaim_region){.start = start, .end = end, .nr_accesses = nr_accesses};
}

/* The cold half goes, page by page, but for what was accessed since it was marked (with the bitmap); the hot one stays.
 */
START_TEST(test_reclaim)
{
    bool bitmap = _i / 2;
    struct fake_process *p;

    world(_i % 2, bitmap);
    p = add_process(42, START, NULL);
    add_region(START, START + PAGES / 2 * PAGE, 0);
    add_region(START + PAGES / 2 * PAGE, START + PAGES * PAGE, 15);
    enable();
    ck_assert_str_eq(damon_value("0/contexts/0/schemes/nr_schemes"), "1");
    ck_assert_str_eq(damon_value("0/contexts/0/schemes/0/action"), "stat");
    run(1);
    ck_assert_uint_eq(fake_resident(p, START, PAGES), PAGES * PAGE);
    for (int i = 0; i < 60; i++) {
        if (bitmap) /* without it nothing tells that the kernel has missed this */
            fake_touch(memory, p, START + 7 * PAGE);
        run(1);
    }
    ck_assert_uint_eq(fake_resident(p, START, PAGES / 2), bitmap ? PAGE : 0);
    ck_assert_uint_eq(fake_resident(p, START + PAGES / 2 * PAGE, PAGES / 2), PAGES / 2 * PAGE);
    ck_assert_uint_eq(stats().bytes_reclaimed_regions, memory->paged_out);
    ck_assert_uint_eq(told, memory->paged_out);
    ck_assert_uint_ge(nr_before, 1);
    ck_assert_uint_ge(nr_after, 1);
    ck_assert_uint_ge(nr_aggregated, 5);
    ck_assert_uint_ge(stats().nr_aggregations, 550);
    ck_assert_uint_eq(stats().monitored_bytes, PAGES * PAGE);
    if (bitmap)
        ck_assert_uint_ge(stats().bytes_accessed, PAGE);
    the_end();
}
END_TEST

/* Regions are shown target by target, so that none is taken for another's; a quota goes on where it stopped; an
 * objection counts. */
START_TEST(test_processes)
{
    struct fake_process *first, *second;
    uint32_t one, two;

    world(_i % 2, _i / 2);
    set("quota_sz", "2MiB");
    /* The second one's memory lies behind the first one's, so that the addresses tell nothing. */
    first = add_process(42, START, &one);
    second = add_process(43, START + 2 * PAGES * PAGE, &two);
    fs->by_target = true;
    add_region(START, START + PAGES * PAGE, 0);
    fs->regions[0].target = 0;
    add_region(START + 2 * PAGES * PAGE, START + 3 * PAGES * PAGE, 0);
    fs->regions[1].target = 1;
    spared = START + PAGE;
    enable();
    ck_assert_str_eq(damon_value("0/contexts/0/schemes/nr_schemes"), "2");
    ck_assert_str_eq(damon_value(_i % 2 ? "0/contexts/0/schemes/1/core_filters/0/damon_target_idx"
                                        : "0/contexts/0/schemes/1/filters/0/damon_target_idx"),
                     "1");
    run(60);
    ck_assert_uint_eq(fake_resident(first, START, PAGES), PAGES * PAGE);
    ck_assert_uint_eq(fake_resident(second, START + 2 * PAGES * PAGE, PAGES), 0);
    ck_assert_uint_ge(stats().nr_quota_exceeds, 7);
    spared = 0;
    run(60);
    ck_assert_uint_eq(fake_resident(first, START, PAGES), 0);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, one), 0);
    run(2);
    ck_assert_str_eq(damon_value("0/contexts/0/schemes/nr_schemes"), "1");
    the_end();
}
END_TEST

static uint64_t monitored(uint32_t target)
{
    struct damon_reclaim_region regions[16];
    uint64_t bytes = 0;
    size_t n;

    ck_assert_int_eq(damon_reclaim_get_regions(ctx, regions, 16, &n), 0);
    ck_assert_uint_le(n, 16);
    for (size_t i = 0; i < n; i++)
        bytes += regions[i].target == target ? regions[i].end - regions[i].start : 0;
    return bytes;
}

/* A quota that is full is waited for, and each window is used. */
START_TEST(test_full_quota)
{
    struct fake_process *p;

    world(_i % 2, _i / 2);
    set("quota_sz", "1MiB");
    set("quota_reset_interval_ms", "500");
    p = add_process(42, START, NULL);
    add_region(START, START + PAGES * PAGE, 0);
    fs->regions[0].age = 1000;
    enable();
    run(3);
    ck_assert_uint_le(run_by_timer(3, 1000), 100);
    ck_assert_uint_le(fake_resident(p, START, PAGES), (16 - 5) * MIB);
    ck_assert_uint_ge(fake_resident(p, START, PAGES), (16 - 13) * MIB);
    /* Meanwhile the kernel is asked what it sees. */
    set("quota_reset_interval_ms", "60000");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    run(3);
    nr_aggregated = 0;
    run(20);
    ck_assert_uint_ge(nr_aggregated, 8);
    the_end();
}
END_TEST

/* Two processes of which a part is watched, whichever of them has more regions. What is outside of it stays. */
START_TEST(test_ranges)
{
    unsigned int nr[2] = {_i / 2 ? 5 : 1, _i / 2 ? 2 : 4};
    struct fake_process *processes[2];
    uint32_t ids[2];

    world(_i % 2, true);
    fs->by_target = true;
    for (unsigned int t = 0; t < 2; t++) {
        uint64_t start = START + 2 * t * PAGES * PAGE, half = start + PAGES / 2 * PAGE, at = start;
        struct damon_reclaim_range range = {start, half};

        processes[t] = add_ranges(42 + (pid_t)t, start, &range, 1, &ids[t]);
        for (unsigned int i = 0; i < nr[t]; i++) {
            uint64_t end = i + 1 == nr[t] ? half : at + PAGES / 16 * PAGE;

            add_region(at, end, 15 * (i % 2)); /* else they were one */
            fs->regions[fs->nr_regions - 1].target = t;
            at = end;
        }
    }
    enable();
    ck_assert_str_eq(damon_value("0/contexts/0/operations"), "fvaddr");
    ck_assert_str_eq(damon_value("0/contexts/0/targets/1/regions/0/start"), "301989888");
    run(3);
    for (int t = 0; t < 2; t++)
        ck_assert_uint_eq(monitored(ids[t]), PAGES / 2 * PAGE);
    run(60);
    for (unsigned int t = 0; t < 2; t++) {
        uint64_t start = START + 2 * t * PAGES * PAGE;

        ck_assert_uint_eq(fake_resident(processes[t], start, PAGES / 16), 0);
        ck_assert_uint_eq(fake_resident(processes[t], start + PAGES / 2 * PAGE, PAGES / 2), PAGES / 2 * PAGE);
    }
    the_end();
}
END_TEST

/* The kernel's regions are smaller than huge pages and begin anywhere, and each is asked about by itself. Idle huge
 * pages go nevertheless; one that is in use in a part stays. The second time idle regions differ in age, as parts of
 * them were in use until lately. */
START_TEST(test_huge_pages)
{
    enum { HUGE_PAGES = 512, REGION = 192, IDLE = 6 * HUGE_PAGES, LATELY = 3 * HUGE_PAGES };
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 42};
    struct fake_process *p;
    uint64_t at = START;

    world(_i % 2, true);
    p = fake_process(memory, 42);
    fake_map(memory, p, START, PAGES, FAKE_HUGE);
    fs->alive[0] = 42;
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    for (; at < START + (IDLE + 100) * PAGE; at += REGION * PAGE) {
        uint64_t end = at + REGION * PAGE;

        if (end > START + (IDLE + 100) * PAGE)
            end = START + (IDLE + 100) * PAGE;
        add_region(at, end, 0);
        if (_i / 2 && end > START + LATELY * PAGE)
            fs->regions[fs->nr_regions - 1].nr_accesses = 15;
    }
    add_region(START + (IDLE + 100) * PAGE, START + PAGES * PAGE, 15);
    enable();
    run(1);
    for (size_t i = 0; _i / 2 && i + 1 < fs->nr_regions; i++)
        if (fs->regions[i].nr_accesses)
            fs->regions[i].nr_accesses = fs->regions[i].age = 0;
    run(20);
    ck_assert_uint_eq(fake_resident(p, START, IDLE), 0);
    ck_assert_uint_eq(fake_resident(p, START + IDLE * PAGE, PAGES - IDLE), (PAGES - IDLE) * PAGE);
    the_end();
}
END_TEST

START_TEST(test_watermarks)
{
    struct fake_process *p;

    world(_i % 2, _i / 2);
    p = add_process(42, START, NULL);
    add_region(START, START + PAGES * PAGE, 0);
    set("wmarks_high", "250");
    set("wmarks_mid", "240");
    set("wmarks_low", "10");
    enable();
    ck_assert_str_eq(damon_value("0/state"), "off"); /* 300 permille are free */
    run(10);
    ck_assert_uint_eq(memory->paged_out, 0);
    set("wmarks_high", "500");
    set("wmarks_mid", "400");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    run(60);
    ck_assert_str_eq(damon_value("0/state"), "on");
    ck_assert_uint_eq(fake_resident(p, START, PAGES), 0);
    the_end();
}
END_TEST

START_TEST(test_refused)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};
    struct damon_reclaim_target physical = {.size = sizeof(physical)};

    world(_i % 2, _i / 2);
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &physical, NULL), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "MONITOR_ONLY"));
    ck_assert_int_lt(damon_reclaim_enable(ctx), 0); /* without a process there is nothing to watch */
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &young, 1), _i / 2 ? 0 : -EOPNOTSUPP);
    the_end();
    damon_fs_new(_i % 2);
    memory = fake_open();
    ck_assert_int_eq(try_new("paddr"), -EOPNOTSUPP);
    ck_assert_ptr_nonnull(strstr(error, "MONITOR_ONLY"));
    memory->missing = "/proc/kpageflags";
    ck_assert_int_eq(try_new(NULL), -ENOENT);
    fake_close(memory);
    damon_fs_free();
}
END_TEST

/* The library's schemes ask, so that a program that wants to be asked may have the kernel watch. */
START_TEST(test_auto)
{
    world(_i, true);
    damon_reclaim_unref(ctx);
    if (try_backend("auto", NULL) < 0)
        ck_abort_msg("no context: %s", error);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
    the_end();
}
END_TEST

static void fill(TCase *tc)
{
    tcase_add_loop_test(tc, test_auto, 0, 2);
    tcase_add_loop_test(tc, test_reclaim, 0, 4);
    tcase_add_loop_test(tc, test_processes, 0, 4);
    tcase_add_loop_test(tc, test_full_quota, 0, 4);
    tcase_add_loop_test(tc, test_ranges, 0, 4);
    tcase_add_loop_test(tc, test_huge_pages, 0, 4);
    tcase_add_loop_test(tc, test_watermarks, 0, 4);
    tcase_add_loop_test(tc, test_refused, 0, 4);
}

int main(void)
{
    return run_suite("damon-monitor", 120, fill);
}
