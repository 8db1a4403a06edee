/* SPDX-License-Identifier: MIT */
/* What a backend leaves in the swap cache: counted apart, freed before anything else, and charged. */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim *start(const char *min_age)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "min_age=%s quota_ms=0 quota_sz=0", min_age);
    reclaim_enable(ctx);
    return ctx;
}

static uint64_t release_ns, released_at[64], nr_releases;
static struct damon_reclaim_released to_release;

static int to_disk(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    (void)data;
    result->tried = result->filter_passed = request->end - request->start;
    result->reclaimed = result->tried / 4;
    result->swapcached = result->tried - result->reclaimed;
    return 0;
}

static int release(void *data, uint32_t scheme, uint64_t deadline_ns, damon_reclaim_released_fn *report,
                   void *report_data)
{
    struct scripted *system = data;

    ck_assert_uint_eq(scheme, 0);
    ck_assert_uint_ge(deadline_ns, system->now_ns);
    if (nr_releases < 64)
        released_at[nr_releases] = system->now_ns;
    nr_releases++;
    system->now_ns += release_ns;
    report(report_data, &to_release);
    to_release = (struct damon_reclaim_released){0};
    return 0;
}

static uint64_t told; /* by after_release() */

static void after_release(struct damon_reclaim *ctx, uint32_t scheme, uint32_t target, uint64_t bytes, void *userdata)
{
    (void)ctx, (void)userdata;
    ck_assert_uint_eq(scheme, 0);
    ck_assert_uint_eq(target, 0);
    told += bytes;
}

static struct damon_reclaim *start_with_disk(void)
{
    told = 0;
    s.callbacks.after_release = after_release;
    nr_releases = release_ns = 0;
    to_release = (struct damon_reclaim_released){0};
    s.ops.reclaim = to_disk;
    s.ops.release = release;
    return start("1s");
}

static void expect_swapcached(struct damon_reclaim *ctx, uint64_t reclaimed, uint64_t swapcached)
{
    struct damon_reclaim_scheme_stats scheme = {.size = sizeof(scheme)};
    struct damon_reclaim_stats stats = reclaim_stats(ctx);

    ck_assert_int_eq(damon_reclaim_get_scheme_stats(ctx, 0, &scheme), 0);
    ck_assert_uint_eq(stats.bytes_reclaimed_regions, reclaimed);
    ck_assert_uint_eq(stats.bytes_swapcached, swapcached);
    ck_assert_uint_eq(scheme.sz_applied, reclaimed);
    ck_assert_uint_eq(scheme.sz_swapcached, swapcached);
}

/* It counts as reclaimed when it is free, and no more at all when it is in use again. */
TEST(test_swapcached)
{
    struct damon_reclaim *ctx = start_with_disk();

    reclaim_aggregate(ctx, 10);
    expect_swapcached(ctx, 16 * MIB, 48 * MIB);
    ck_assert_uint_eq(nr_releases, 0);
    to_release = (struct damon_reclaim_released){.freed = 20 * MIB, .returned = 8 * MIB};
    reclaim_aggregate(ctx, 1);
    expect_swapcached(ctx, 36 * MIB, 20 * MIB);
    ck_assert_uint_eq(told, 20 * MIB);
    to_release = (struct damon_reclaim_released){.freed = UINT64_MAX, .returned = UINT64_MAX};
    reclaim_aggregate(ctx, 1);
    expect_swapcached(ctx, 56 * MIB, 0);
    ck_assert_uint_eq(told, 40 * MIB);
    ck_assert_uint_eq(nr_releases, 2);
    reclaim_aggregate(ctx, 3); /* there is nothing to release */
    ck_assert_uint_eq(nr_releases, 2);
}

/* What releasing takes is taken off the quota's time, and a window whose time is used up waits for the next. */
TEST(test_releasing_is_charged)
{
    struct damon_reclaim *ctx;

    ctx = start_with_disk();
    reclaim_aggregate(ctx, 10);
    reclaim_set(ctx, "quota_ms=10 quota_reset_interval_ms=1000");
    ck_assert_int_eq(damon_reclaim_commit(ctx), 0);
    release_ns = 10 * MS;
    reclaim_aggregate(ctx, 40);
    ck_assert_uint_ge(nr_releases, 3);
    ck_assert_uint_le(nr_releases, 5);
    for (uint64_t i = 1; i < nr_releases; i++)
        ck_assert_uint_ge(released_at[i] - released_at[i - 1], 900 * MS);
    ck_assert_uint_ge(reclaim_stats(ctx).reclaim_ns, nr_releases * release_ns);
}

/* While the watermarks keep the context inactive, what was begun is completed. */
TEST(test_released_while_inactive)
{
    struct damon_reclaim *ctx = start_with_disk();

    reclaim_aggregate(ctx, 10);
    s.free_permille = 900;
    reclaim_run_until(ctx, s.now_ns + 6 * SEC);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_INACTIVE);
    to_release = (struct damon_reclaim_released){.freed = 48 * MIB};
    reclaim_run_until(ctx, s.now_ns + 6 * SEC);
    expect_swapcached(ctx, 64 * MIB, 0);
}

static void drop(struct damon_reclaim *ctx, uint32_t scheme, uint32_t target, uint64_t bytes, void *userdata)
{
    (void)scheme, (void)bytes, (void)userdata;
    told++;
    if (target == 0)
        ck_assert_int_eq(damon_reclaim_disable(ctx), 0);
}

/* The callback may end it all. */
TEST(test_callback_disables)
{
    struct damon_reclaim *ctx = start_with_disk();

    damon_reclaim_disable(ctx);
    damon_reclaim_unref(ctx);
    s.ctx = NULL;
    s.callbacks.after_release = drop;
    ctx = start("1s");
    reclaim_aggregate(ctx, 10);
    to_release = (struct damon_reclaim_released){.freed = 20 * MIB};
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(damon_reclaim_dispatch(ctx), 0);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_uint_eq(nr_releases, 1);
}

static int cannot_release(void *data, uint32_t scheme, uint64_t deadline_ns, damon_reclaim_released_fn *report,
                          void *report_data)
{
    (void)data, (void)scheme, (void)deadline_ns, (void)report, (void)report_data;
    nr_releases++;
    return nr_releases == 1 ? -ENOMEM : -EIO;
}

TEST(test_releasing_fails)
{
    struct damon_reclaim *ctx;
    int r = 0;

    s.ops.reclaim = to_disk;
    s.ops.release = cannot_release;
    nr_releases = 0;
    ctx = start("1s");
    reclaim_aggregate(ctx, 11); /* the first failure passes */
    ck_assert_int_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_ACTIVE);
    ck_assert_uint_eq(nr_releases, 1);
    for (int i = 0; i < 100 && r == 0; i++)
        r = damon_reclaim_dispatch(ctx);
    ck_assert_int_eq(r, -EIO);
    ck_assert_int_eq(reclaim_stats(ctx).reason, DAMON_RECLAIM_REASON_BACKEND);
}
