/* SPDX-License-Identifier: MIT */
/*
 * The memory that a context takes on the backend idle-page, as its allocator counts it: as the daemon on a hypervisor
 * has one for each of its machines, with that daemon's intervals and regions. One MiB in four is in use. What a context
 * takes does not depend on how many there are.
 *
 *     bench-memory        one JSON line a figure
 */
#include <stdio.h>

#include "fake.h"

#define BASE   UINT64_C(0x7f0000000000)
#define MINUTE 6000 /* dispatches, each 10 ms after the last */

static void check(const struct damon_reclaim *ctx, int r)
{
    ck_assert_msg(r >= 0, "%s", damon_reclaim_last_error(ctx));
}

static void use_some(struct fake *f, struct fake_process *p, unsigned int mib)
{
    for (unsigned int i = 0; i < mib; i += 4)
        for (uint64_t addr = BASE + i * MIB; addr < BASE + (i + 1) * MIB; addr += PAGE)
            fake_touch(f, p, addr);
}

static const struct load {
    enum fake_kind kind;
    const char *pages;
    unsigned int mib;
    const char *min_age;
} loads[] = {
    {FAKE_SMALL, "small", 32, "5s"},
    {FAKE_SMALL, "small", 100, "5s"},
    {FAKE_SMALL, "small, none cold enough", 100, "1h"},
    {FAKE_HUGE, "huge", 100, "5s"},
};

static void measured(const char *when, const struct load *load, size_t bytes)
{
    printf("{\"name\": \"idle-page context %s\", \"pages\": \"%s\", \"watched\": \"%u MiB\", \"value\": %.1f, "
           "\"unit\": \"KiB\"}\n",
           when, load->pages, load->mib, (double)bytes / 1024);
    fflush(stdout);
}

TEST_CASES(bench_memory, NUMBER_OF(loads))
{
    static const char *const settings[][2] = {
        {"sample_interval", "100ms"}, {"aggr_interval", "2s"}, {"max_nr_regions", "200"}, {"quota_ms", "0"},
        {"wmarks_high", "1000"},      {"wmarks_mid", "990"},   {"wmarks_low", "0"}};
    const struct load *load = &loads[_i];
    struct fake *f = fake_open();
    struct fake_process *p = fake_process(f, 42);
    struct damon_reclaim_config config = fake_config(f);
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 42};
    struct damon_reclaim *ctx = NULL;

    fake_map(f, p, BASE, load->mib * MIB / PAGE, load->kind);
    config.backend = "idle-page";
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    for (size_t i = 0; i < NUMBER_OF(settings); i++)
        check(ctx, damon_reclaim_set(ctx, settings[i][0], settings[i][1]));
    check(ctx, damon_reclaim_set(ctx, "min_age", load->min_age));
    measured("made", load, f->memory.live);
    check(ctx, damon_reclaim_add_target(ctx, &target, NULL));
    check(ctx, damon_reclaim_enable(ctx));
    measured("enabled", load, f->memory.live);
    for (unsigned int i = 0; i < MINUTE; i++) {
        if (i % 10 == 0)
            use_some(f, p, load->mib);
        f->now_ns += UINT64_C(10000000);
        check(ctx, damon_reclaim_dispatch(ctx));
    }
    measured("after a minute", load, f->memory.live);
    damon_reclaim_unref(ctx);
    fake_close(f);
}
