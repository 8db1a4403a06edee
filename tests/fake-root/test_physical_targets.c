/* SPDX-License-Identifier: MIT */
/* Physical memory through the public interface: which targets there may be, what of it is watched, and what is said
 * when something is missing. */
#include <errno.h>
#include <string.h>

#include "life.h"

#define BASE UINT64_C(0x7f0000000000)
#define PID  4242

static struct fake_process *p;
static struct damon_reclaim *ctx;

static void setup(void)
{
    f = fake_open();
    p = fake_process(f, PID);
    fake_map(f, p, BASE, 256, FAKE_SMALL);
}

static void teardown(void)
{
    ctx = damon_reclaim_unref(ctx);
    fake_close(f);
}

FIXTURE(setup, teardown);

static void set_up(uint32_t flags)
{
    struct damon_reclaim_config config = fake_config(f);

    config.flags = flags;
    ctx = reclaim_new(&config);
    reclaim_set(ctx, "min_age=300000 sample_interval=25000 quota_ms=0 min_nr_regions=3 "
                     "wmarks_high=1000 wmarks_mid=990 wmarks_low=0");
}

static void dispatch(unsigned int ms)
{
    for (unsigned int i = 0; i < ms / 25; i++) {
        f->now_ns += 25000000;
        ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    }
}

static int add(pid_t pid, const struct damon_reclaim_range *range)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid, .ranges = range, .nr_ranges = range != 0};

    return damon_reclaim_add_target(ctx, &target, NULL);
}

/* --- targets ----------------------------------------------------------------------------------------------------- */

TEST(test_whole)
{
    set_up(0);
    reclaim_enable(ctx);
    dispatch(3000);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, FAKE_FRAMES * PAGE);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaimed_regions, 256 * PAGE);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 256 * PAGE);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 0);
}

TEST(test_hot_stays)
{
    set_up(0);
    reclaim_enable(ctx);
    for (int i = 0; i < 200; i++) {
        for (uint64_t k = 0; k < 64; k++)
            fake_touch(f, p, BASE + k * PAGE);
        dispatch(25);
    }
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
    ck_assert_uint_eq(fake_resident(p, BASE + 64 * PAGE, 192), 0);
    ck_assert_uint_eq(f->paged_out, 192 * PAGE); /* none came and went */
}

TEST(test_range)
{
    uint64_t first = (*fake_entry(p, BASE + 255 * PAGE) & DRCL_PAGEMAP_PFN) * PAGE;
    struct damon_reclaim_range range = {first, first + 100 * PAGE};

    set_up(0);
    ck_assert_int_eq(add(0, &range), 0);
    reclaim_enable(ctx);
    dispatch(3000);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 100 * PAGE);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 156);
}

/* Physical memory and a process are no targets of one context. */
TEST(test_both_kinds)
{
    struct damon_reclaim_range range = {0, 64 * PAGE};

    set_up(0);
    ck_assert_int_eq(add(PID, NULL), 0);
    expect_error(ctx, add(0, &range), -EOPNOTSUPP, "is a process");
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    ctx = damon_reclaim_unref(ctx);
    set_up(0);
    ck_assert_int_eq(add(0, &range), 0);
    expect_error(ctx, add(PID, NULL), -EOPNOTSUPP, "is physical memory");
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
}

/* All memory was watched for want of a target; a process takes its place. */
TEST(test_process_instead)
{
    set_up(0);
    reclaim_enable(ctx);
    dispatch(200);
    ck_assert_int_eq(add(PID, NULL), 0);
    dispatch(3000);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_targets, 1);
    ck_assert_uint_lt(reclaim_stats(ctx).monitored_bytes, FAKE_FRAMES * PAGE);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 0);
}

/* --- what there is ----------------------------------------------------------------------------------------------- */

TEST_CASES(test_largest, 2)
{
    static const struct {
        uint32_t flags;
        uint64_t missing; /* MiB */
    } cases[] = {{0, 1}, {DAMON_RECLAIM_LARGEST_RAM, 2}};

    f->iomem = "00000000-000fffff : System RAM\n00100000-001fffff : PCI Bus\n00200000-07ffffff : System RAM\n";
    set_up(cases[_i].flags);
    reclaim_enable(ctx);
    dispatch(100);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, FAKE_FRAMES * PAGE - cases[_i].missing * MIB);
}

/* Memory that comes is watched, memory that goes is not. */
TEST(test_hotplug)
{
    f->iomem = "00000000-000fffff : System RAM\n";
    set_up(0);
    reclaim_enable(ctx);
    dispatch(2000);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, 256 * PAGE);
    f->iomem = "00000000-000fffff : System RAM\n00400000-07ffffff : System RAM\n";
    dispatch(35000);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, FAKE_FRAMES * PAGE - 768 * PAGE);
    f->iomem = "00400000-07ffffff : System RAM\n";
    dispatch(35000);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, FAKE_FRAMES * PAGE - 1024 * PAGE);
}

/* More regions are wanted than there are pages. */
TEST(test_more_regions_than_pages)
{
    f->iomem = "00040000-0013ffff : System RAM\n"; /* frames 64 to 319 */
    set_up(0);
    reclaim_set(ctx, "min_nr_regions=1000 max_nr_regions=2000");
    reclaim_enable(ctx);
    dispatch(3000);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_regions, 256);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 0);
}

/* --- what is missing --------------------------------------------------------------------------------------------- */

/* Ranges in which there is no memory, as a parameter and of a target. */
TEST(test_no_memory_there)
{
    struct damon_reclaim_range range = {FAKE_FRAMES * PAGE, 2 * FAKE_FRAMES * PAGE};
    struct damon_reclaim_params before = {.size = sizeof(before)}, after = {.size = sizeof(after)};

    f->iomem = "00000000-000fffff : System RAM\n";
    set_up(DAMON_RECLAIM_KEEP_ON_INVALID);
    reclaim_set(ctx, "monitor_region_start=0x200000 monitor_region_end=0x400000");
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "monitor_region_start");
    says(damon_reclaim_last_error(ctx), "0x0-0x100000");
    reclaim_set(ctx, "monitor_region_start=0x80000");
    reclaim_enable(ctx);
    dispatch(500);
    damon_reclaim_get_active_params(ctx, &before);
    reclaim_set(ctx, "monitor_region_start=0x200000");
    ck_assert_int_eq(damon_reclaim_commit(ctx), -EINVAL);
    damon_reclaim_get_active_params(ctx, &after);
    ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
    dispatch(500);
    reclaim_set(ctx, "monitor_region_start=0 monitor_region_end=0");
    reclaim_commit(ctx);
    ck_assert_int_eq(add(0, &range), -EINVAL);
    says(damon_reclaim_last_error(ctx), "target 1");
    ck_assert_uint_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
}

TEST(test_no_iomem)
{
    f->missing = "/proc/iomem";
    set_up(0);
    expect_error(ctx, damon_reclaim_enable(ctx), -ENOENT, "/proc/iomem");
    ck_assert_int_eq(add(PID, NULL), 0); /* processes need none */
    reclaim_enable(ctx);
    dispatch(3000);
    ck_assert_uint_eq(fake_resident(p, BASE, 256), 0);
}

TEST(test_hidden_iomem)
{
    f->iomem = "00000000-00000000 : System RAM\n";
    set_up(0);
    expect_error(ctx, damon_reclaim_enable(ctx), -EPERM, "CAP_SYS_ADMIN");
}

TEST_CASES(test_probe, 4)
{
    static const struct {
        const char *path, *feature;
    } cases[] = {
        {"/proc/iomem", "missing physical memory: /proc/iomem"},
        {"/proc/kpagecgroup", "missing filter:memcg: /proc/kpagecgroup"},
        {"/proc/kpagecgroup", "missing exclude:cgroup: /proc/kpagecgroup"},
        {NULL, "are there"},
    };
    struct damon_reclaim_config config = fake_config(f);
    char text[2048];

    f->missing = cases[_i].path;
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), 0);
    says(text, cases[_i].feature);
    if (!cases[_i].path)
        ck_assert_ptr_null(strstr(text, "kpagecgroup is missing"));
}
