/* SPDX-License-Identifier: MIT */
/* The backend "damon" with DAMON_RECLAIM_DAMON_MONITOR_ONLY: the kernel's DAMON says what was accessed, and the library
 * reclaims page by page. */
#include <errno.h>
#include <string.h>

#include "damon_life.h"

#define START UINT64_C(0x10000000)
#define PAGES 4096 /* 16 MiB a process */

/* With the bitmap of idle pages the library sees accesses that DAMON has missed. */
enum { WITHOUT_BITMAP, WITH_BITMAP };

static unsigned int nr_before, nr_after, nr_aggregated;
static uint64_t told;   /* bytes that after_reclaim was told of */
static uint64_t spared; /* an address that before_reclaim objects to */

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
    struct damon_reclaim_damon_config config_damon = {
        .size = sizeof(config_damon), .operations = operations, .flags = DAMON_RECLAIM_DAMON_MONITOR_ONLY};
    struct damon_reclaim_config config = fake_config(f);

    config.backend = backend;
    config.damon = &config_damon;
    config.callbacks = &callbacks;
    config.error = error;
    config.error_size = sizeof(error);
    return damon_reclaim_new(&config, &ctx);
}

static void begin_with_pages(void)
{
    f->no_pages = false;
    f->call_ns = 500;
    nr_before = nr_after = nr_aggregated = 0;
    told = spared = 0;
}

static void begin_monitoring(bool bitmap)
{
    begin_with_pages();
    f->missing = bitmap ? NULL : "/page_idle/bitmap";
    if (try_backend("damon", NULL) < 0)
        ck_abort_msg("no context: %s", error);
    reclaim_set(ctx, "min_age=2s quota_ms=0");
}

/* A process with PAGES pages of which, with @range, this part alone is watched. */
static struct fake_process *add_mapped(pid_t pid, uint64_t start, enum fake_kind kind,
                                       const struct damon_reclaim_range *range, uint32_t *ret_id)
{
    struct damon_reclaim_target target = {
        .size = sizeof(target), .pid = pid, .ranges = range, .nr_ranges = range != NULL};
    struct fake_process *p = fake_process(f, pid);

    fake_map(f, p, start, PAGES, kind);
    if (damon_reclaim_add_target(ctx, &target, ret_id) < 0)
        ck_abort_msg("no target: %s", damon_reclaim_last_error(ctx));
    return p;
}

static void dispatch(void)
{
    if (damon_reclaim_dispatch(ctx) < 0)
        ck_abort_msg("dispatch: %s", damon_reclaim_last_error(ctx));
}

/* Lets time pass, while the kdamond sees the regions age. */
static void run_aging(unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 100; i++) {
        f->now_ns += SEC / 100;
        for (size_t r = 0; i % 10 == 0 && r < damon->nr_regions; r++)
            damon->regions[r].age++;
        dispatch();
    }
}

/* Dispatches when the timer says so, as a loop does. Returns how often, and gives up on a loop that spins at @most. */
static unsigned int run_by_timer(unsigned int seconds, unsigned int most)
{
    uint64_t until = f->now_ns + seconds * SEC;
    unsigned int n = 0;

    for (; f->timer_ns < until && n < most; n++) {
        if (f->timer_ns > f->now_ns)
            f->now_ns = f->timer_ns;
        dispatch();
    }
    return n;
}

/* The cold half is reclaimed, the hot one stays; so does, with the bitmap, a page that was accessed since the mark. */
TEST_CASES_FOR_KERNELS(test_reclaim, 2)
{
    bool bitmap = CASE == WITH_BITMAP;
    struct fake_process *p;

    begin_monitoring(bitmap);
    p = add_mapped(42, START, FAKE_SMALL, NULL, NULL);
    add_region(START, START + PAGES / 2 * PAGE, 0, 0);
    add_region(START + PAGES / 2 * PAGE, START + PAGES * PAGE, 15, 0);
    reclaim_enable(ctx);
    is(CONTEXT "schemes/nr_schemes", "1");
    is(CONTEXT "schemes/0/action", "stat");
    run_aging(1);
    ck_assert_uint_eq(fake_resident(p, START, PAGES), PAGES);
    for (int i = 0; i < 60; i++) {
        if (bitmap) /* without it nothing tells of this access, which DAMON has missed */
            fake_touch(f, p, START + 7 * PAGE);
        run_aging(1);
    }
    ck_assert_uint_eq(fake_resident(p, START, PAGES / 2), bitmap ? 1 : 0);
    ck_assert_uint_eq(fake_resident(p, START + PAGES / 2 * PAGE, PAGES / 2), PAGES / 2);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, f->paged_out);
    ck_assert_uint_eq(told, f->paged_out);
    ck_assert_uint_ge(nr_before, 1);
    ck_assert_uint_ge(nr_after, 1);
    ck_assert_uint_ge(nr_aggregated, 5);
    ck_assert_uint_ge(reclaim_stats(ctx).nr_aggregations, 550);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, PAGES * PAGE);
    if (bitmap)
        ck_assert_uint_ge(reclaim_stats(ctx).bytes_accessed, PAGE);
}

/* A scheme for each target says whose the regions are. The quota is used up again and again, and where before_reclaim
 * objects, nothing goes. */
TEST_CASES_FOR_KERNELS(test_processes, 2)
{
    struct fake_process *first, *second;
    uint32_t one, two;

    begin_monitoring(CASE == WITH_BITMAP);
    reclaim_set(ctx, "quota_sz=2MiB");
    /* Both have addresses of their own, which the library is not to rely on. */
    first = add_mapped(42, START, FAKE_SMALL, NULL, &one);
    second = add_mapped(43, START + 2 * PAGES * PAGE, FAKE_SMALL, NULL, &two);
    damon->by_target = true;
    add_region(START, START + PAGES * PAGE, 0, 0);
    damon->regions[0].target = 0;
    add_region(START + 2 * PAGES * PAGE, START + 3 * PAGES * PAGE, 0, 0);
    damon->regions[1].target = 1;
    spared = START + PAGE;
    reclaim_enable(ctx);
    is(CONTEXT "schemes/nr_schemes", "2");
    is(KERNEL == LATER_LINUX ? CONTEXT "schemes/1/core_filters/0/damon_target_idx"
                             : CONTEXT "schemes/1/filters/0/damon_target_idx",
       "1");
    run_aging(60);
    ck_assert_uint_eq(fake_resident(first, START, PAGES), PAGES);
    ck_assert_uint_eq(fake_resident(second, START + 2 * PAGES * PAGE, PAGES), 0);
    ck_assert_uint_ge(reclaim_stats(ctx).nr_quota_exceeds, 7);
    spared = 0;
    run_aging(60);
    ck_assert_uint_eq(fake_resident(first, START, PAGES), 0);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, one), 0);
    run_aging(2);
    is(CONTEXT "schemes/nr_schemes", "1");
}

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

/* When a quota is used up, the library waits for the next window, and uses each of them. */
TEST_CASES_FOR_KERNELS(test_full_quota, 2)
{
    struct fake_process *p;

    begin_monitoring(CASE == WITH_BITMAP);
    reclaim_set(ctx, "quota_sz=1MiB quota_reset_interval_ms=500");
    p = add_mapped(42, START, FAKE_SMALL, NULL, NULL);
    add_region(START, START + PAGES * PAGE, 0, 0);
    damon->regions[0].age = 1000;
    reclaim_enable(ctx);
    run_aging(3);
    ck_assert_uint_le(run_by_timer(3, 1000), 100);
    ck_assert_uint_le(fake_resident(p, START, PAGES) * PAGE, (16 - 5) * MIB);
    ck_assert_uint_ge(fake_resident(p, START, PAGES) * PAGE, (16 - 13) * MIB);
    /* Meanwhile the kernel is asked what it sees. */
    reclaim_set(ctx, "quota_reset_interval_ms=60000");
    reclaim_commit(ctx);
    run_aging(3);
    nr_aggregated = 0;
    run_aging(20);
    ck_assert_uint_ge(nr_aggregated, 8);
}

/* Two processes of which the first half is watched; one of them has more regions. The second half stays. */
TEST_CASES_FOR_KERNELS(test_ranges, 2)
{
    enum { SECOND_HAS_MORE, FIRST_HAS_MORE };
    unsigned int nr[2] = {CASE == FIRST_HAS_MORE ? 5 : 1, CASE == FIRST_HAS_MORE ? 2 : 4};
    struct fake_process *processes[2];
    uint32_t ids[2];

    begin_monitoring(true);
    damon->by_target = true;
    for (unsigned int t = 0; t < 2; t++) {
        uint64_t start = START + 2 * t * PAGES * PAGE, half = start + PAGES / 2 * PAGE, at = start;
        struct damon_reclaim_range range = {start, half};

        processes[t] = add_mapped(42 + (pid_t)t, start, FAKE_SMALL, &range, &ids[t]);
        for (unsigned int i = 0; i < nr[t]; i++) {
            uint64_t end = i + 1 == nr[t] ? half : at + PAGES / 16 * PAGE;

            add_region(at, end, 15 * (i % 2), 0); /* else they were one */
            damon->regions[damon->nr_regions - 1].target = t;
            at = end;
        }
    }
    reclaim_enable(ctx);
    is(CONTEXT "operations", "fvaddr");
    is(CONTEXT "targets/1/regions/0/start", "301989888");
    run_aging(3);
    for (int t = 0; t < 2; t++)
        ck_assert_uint_eq(monitored(ids[t]), PAGES / 2 * PAGE);
    run_aging(60);
    for (unsigned int t = 0; t < 2; t++) {
        uint64_t start = START + 2 * t * PAGES * PAGE;

        ck_assert_uint_eq(fake_resident(processes[t], start, PAGES / 16), 0);
        ck_assert_uint_eq(fake_resident(processes[t], start + PAGES / 2 * PAGE, PAGES / 2), PAGES / 2);
    }
}

/* DAMON's regions are smaller than huge pages, begin anywhere, and may differ in age. Idle huge pages are reclaimed
 * nevertheless; one of which a part is in use stays. */
TEST_CASES_FOR_KERNELS(test_huge_pages, 2)
{
    enum { OF_ONE_AGE, OF_TWO_AGES };
    enum { HUGE_PAGES = 512, REGION = 192, IDLE = 6 * HUGE_PAGES, LATELY = 3 * HUGE_PAGES };
    struct fake_process *p;
    uint64_t at = START;

    begin_monitoring(true);
    p = add_mapped(42, START, FAKE_HUGE, NULL, NULL);
    for (; at < START + (IDLE + 100) * PAGE; at += REGION * PAGE) {
        uint64_t end = at + REGION * PAGE;

        if (end > START + (IDLE + 100) * PAGE)
            end = START + (IDLE + 100) * PAGE;
        add_region(at, end, 0, 0);
        if (CASE == OF_TWO_AGES && end > START + LATELY * PAGE)
            damon->regions[damon->nr_regions - 1].nr_accesses = 15;
    }
    add_region(START + (IDLE + 100) * PAGE, START + PAGES * PAGE, 15, 0);
    reclaim_enable(ctx);
    run_aging(1);
    for (size_t i = 0; CASE == OF_TWO_AGES && i + 1 < damon->nr_regions; i++)
        if (damon->regions[i].nr_accesses)
            damon->regions[i].nr_accesses = damon->regions[i].age = 0;
    run_aging(20);
    ck_assert_uint_eq(fake_resident(p, START, IDLE), 0);
    ck_assert_uint_eq(fake_resident(p, START + IDLE * PAGE, PAGES - IDLE), PAGES - IDLE);
}

TEST_CASES_FOR_KERNELS(test_watermarks, 2)
{
    struct fake_process *p;

    begin_monitoring(CASE == WITH_BITMAP);
    p = add_mapped(42, START, FAKE_SMALL, NULL, NULL);
    add_region(START, START + PAGES * PAGE, 0, 0);
    reclaim_set(ctx, "wmarks_high=250 wmarks_mid=240 wmarks_low=10");
    reclaim_enable(ctx);
    is("0/state", "off"); /* 300 permille are free */
    run_aging(10);
    ck_assert_uint_eq(f->paged_out, 0);
    reclaim_set(ctx, "wmarks_high=500 wmarks_mid=400");
    reclaim_commit(ctx);
    run_aging(60);
    is("0/state", "on");
    ck_assert_uint_eq(fake_resident(p, START, PAGES), 0);
}

TEST_CASES_FOR_KERNELS(test_refused, 2)
{
    const struct damon_reclaim_filter young = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true};
    struct damon_reclaim_target physical = {.size = sizeof(physical)};

    begin_monitoring(CASE == WITH_BITMAP);
    expect_error(ctx, damon_reclaim_add_target(ctx, &physical, NULL), -EOPNOTSUPP, "MONITOR_ONLY");
    ck_assert_int_lt(damon_reclaim_enable(ctx), 0); /* without a process there is nothing to watch */
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &young, 1), CASE == WITH_BITMAP ? 0 : -EOPNOTSUPP);
}

TEST_FOR_KERNELS(test_no_context)
{
    begin_with_pages();
    ck_assert_int_eq(try_backend("damon", "paddr"), -EOPNOTSUPP);
    says(error, "MONITOR_ONLY");
    f->missing = "/proc/kpageflags";
    ck_assert_int_eq(try_backend("damon", NULL), -ENOENT);
    says(error, "/proc/kpageflags");
}

/* It is the library that reclaims, and calls before_reclaim: so a program that has this callback gets DAMON. */
TEST_FOR_KERNELS(test_auto)
{
    begin_monitoring(true);
    damon_reclaim_unref(ctx);
    if (try_backend("auto", NULL) < 0)
        ck_abort_msg("no context: %s", error);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "damon");
}
