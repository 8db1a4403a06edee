/* SPDX-License-Identifier: MIT */
/* Many small processes beside a large one, which must be looked into all the same. */
#include "scripted.h"

#define GIB      (UINT64_C(1) << 30)
#define BIG      (UINT64_C(1) << 40)
#define BIG_SIZE (2 * GIB)

static struct scripted s;
static uint8_t tried[BIG_SIZE / PAGE];

/* Three ranges, as a process has: what is small, and in the middle @size bytes. */
static void add_process(struct damon_reclaim *ctx, uint64_t base, uint64_t size)
{
    struct damon_reclaim_range ranges[] = {
        {base - 16 * MIB, base - 16 * MIB + PAGE}, {base, base + size}, {base + 4 * GIB, base + 4 * GIB + PAGE}};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = ranges, .nr_ranges = 3};
    uint32_t id;

    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
}

static void note(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                 const struct damon_reclaim_result *result, void *userdata)
{
    (void)ctx, (void)scheme, (void)result, (void)userdata;
    s.nr_acts = 0; /* there are more than the records hold */
    for (uint64_t at = region->start; at < region->end; at += PAGE)
        if (at >= BIG && at < BIG + BIG_SIZE)
            tried[(at - BIG) / PAGE] = 1;
}

static uint64_t cold_untried(void)
{
    uint64_t bytes = 0;

    for (uint64_t at = 0; at < BIG_SIZE; at += PAGE)
        if (!tried[at / PAGE] && !(BIG + at >= s.hot_start && BIG + at < s.hot_end))
            bytes += PAGE;
    return bytes;
}

/* The number of small processes: their ranges alone take a third of max_nr_regions, more than half, all, twice as many.
 */
TEST_CASES(test_large_among_small, 4)
{
    static const unsigned int processes[] = {110, 215, 330, 660};
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.accessed = accessed_hot;
    s.hot_start = BIG + 100 * MIB;
    s.hot_end = BIG + 130 * MIB;
    s.callbacks.after_reclaim = note;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=5s quota_ms=0 quota_sz=0");
    for (unsigned int i = 0; i < processes[_i]; i++)
        add_process(ctx, (UINT64_C(1) << 41) + (UINT64_C(1) << 33) * i, PAGE);
    add_process(ctx, BIG, BIG_SIZE);
    memset(tried, 0, sizeof(tried));
    reclaim_enable(ctx);
    reclaim_run_until(ctx, s.now_ns + 60 * SEC);
    ck_assert_uint_le(cold_untried(), 2 * MIB);
    /* Beside the region that each range needs there is room for 500 to 1,000 more. */
    ck_assert_uint_le(reclaim_stats(ctx).nr_regions,
                      3 * (processes[_i] + 1) + 500 > 1000 ? 3 * (processes[_i] + 1) + 500 : 1000);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
