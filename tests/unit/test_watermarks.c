/* SPDX-License-Identifier: MIT */
/* Watermarks: the table of states, what is told of them, and that nothing is sampled while they keep the context idle.
 */
#include <errno.h>

#include "engine/watermark.h"
#include "scripted.h"

SCRIPTED_FIXTURE(s);

enum {
    HIGH = DAMON_RECLAIM_REASON_WMARK_HIGH,
    MID = DAMON_RECLAIM_REASON_WMARK_MID,
    LOW = DAMON_RECLAIM_REASON_WMARK_LOW
};

/* With high 500, mid 400, low 200. */
TEST(test_table)
{
    static const struct damon_reclaim_watermarks marks = {1, 500, 400, 200};
    static const struct {
        uint32_t free;
        bool was, is;
        int reason;
    } cases[] = {
        {1000, false, false, HIGH}, {1000, true, false, HIGH}, {501, false, false, HIGH}, {501, true, false, HIGH},
        {500, false, false, MID},   {500, true, true, MID},    {401, false, false, MID},  {401, true, true, MID},
        {400, false, true, MID},    {400, true, true, MID},    {300, false, true, MID},   {200, false, true, MID},
        {200, true, true, MID},     {199, false, false, LOW},  {199, true, false, LOW},   {0, false, false, LOW},
        {0, true, false, LOW},
    };

    for (size_t i = 0; i < NUMBER_OF(cases); i++) {
        enum damon_reclaim_reason reason = DAMON_RECLAIM_REASON_REQUESTED;

        expect_eq(drcl_watermark_active(&marks, cases[i].was, cases[i].free, &reason), cases[i].is);
        expect_eq(reason, cases[i].reason);
    }
}

static struct damon_reclaim_event events[64];
static char texts[64][128];
static size_t nr_events;

static void note(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)ctx, (void)userdata;
    expect(event->size == sizeof(*event) && nr_events < 64);
    strncpy(texts[nr_events], event->text, sizeof(texts[0]) - 1);
    events[nr_events++] = *event;
}

static struct damon_reclaim *start(uint32_t free_permille)
{
    struct damon_reclaim *ctx;

    s.free_permille = free_permille;
    s.callbacks.state_changed = note;
    nr_events = 0;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    return ctx;
}

static void expect_state(struct damon_reclaim *ctx, enum damon_reclaim_state state, int reason)
{
    struct damon_reclaim_stats stats = reclaim_stats(ctx);

    expect_eq(stats.state, state);
    expect_eq(stats.reason, reason);
}

#define INACTIVE DAMON_RECLAIM_STATE_INACTIVE
#define ACTIVE   DAMON_RECLAIM_STATE_ACTIVE

/* Free memory on its way through all of the bounds and back, in steps of 5 s. */
TEST(test_history)
{
    static const struct {
        uint32_t free;
        enum damon_reclaim_state state;
        int reason;
    } steps[] = {
        {900, INACTIVE, HIGH}, {501, INACTIVE, HIGH}, {500, INACTIVE, MID}, {450, INACTIVE, MID},  {401, INACTIVE, MID},
        {400, ACTIVE, MID},    {450, ACTIVE, MID},    {500, ACTIVE, MID},   {501, INACTIVE, HIGH}, {450, INACTIVE, MID},
        {300, ACTIVE, MID},    {200, ACTIVE, MID},    {199, INACTIVE, LOW}, {0, INACTIVE, LOW},    {200, ACTIVE, MID},
        {100, INACTIVE, LOW},  {450, INACTIVE, MID},  {350, ACTIVE, MID},   {600, INACTIVE, HIGH},
    };
    struct damon_reclaim *ctx = start(steps[0].free);
    size_t told = 0;

    for (size_t i = 0; i < NUMBER_OF(steps); i++) {
        s.free_permille = steps[i].free;
        reclaim_run_until(ctx, s.now_ns + 5 * SEC);
        reclaim_dispatch(ctx);
        expect_state(ctx, steps[i].state, steps[i].reason);
        if (i == 0 || steps[i].state != steps[i - 1].state || steps[i].reason != steps[i - 1].reason) {
            expect(told < nr_events);
            expect_eq(events[told].state, steps[i].state);
            expect_eq(events[told].reason, steps[i].reason);
            expect_eq(events[told].free_permille, steps[i].free);
            expect(strstr(texts[told], steps[i].state == ACTIVE ? "active" : "inactive"));
            expect(strstr(texts[told], steps[i].reason == HIGH ? "high" : steps[i].reason == MID ? "mid" : "low"));
            told++;
        }
    }
    ck_assert_uint_eq(told, nr_events);
    damon_reclaim_disable(ctx);
    ck_assert_uint_eq(nr_events, told + 1);
    ck_assert_int_eq(events[told].state, DAMON_RECLAIM_STATE_DISABLED);
    ck_assert_int_eq(events[told].reason, DAMON_RECLAIM_REASON_REQUESTED);
}

/* While inactive the memory is looked at every wmarks_interval, and nothing else is done. */
TEST(test_nothing_while_inactive)
{
    struct damon_reclaim *ctx = start(900);
    uint64_t metrics = s.nr_calls[OP_METRICS];

    reclaim_set(ctx, "wmarks_interval=2s");
    reclaim_commit(ctx);
    for (int i = 0; i < 50; i++) {
        uint64_t before = s.now_ns;

        reclaim_dispatch(ctx);
        if (i > 0)
            ck_assert_uint_eq(s.now_ns - before, 2 * SEC);
    }
    ck_assert_uint_eq(s.nr_calls[OP_METRICS], metrics + 50);
    ck_assert_uint_eq(s.nr_calls[OP_PREPARE] + s.nr_calls[OP_CHECK] + s.nr_calls[OP_RANGES], 0);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 0);
    s.free_permille = 300;
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(s.nr_calls[OP_PREPARE], 1);
    reclaim_dispatch(ctx);
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 1);
    /* While active it is looked at once an aggregation. */
    metrics = s.nr_calls[OP_METRICS];
    reclaim_aggregate(ctx, 50);
    expect_between(s.nr_calls[OP_METRICS] - metrics, 48, 52);
}

/* After a pause, what was sampled before it counts no longer; what was learnt does. */
TEST(test_pause)
{
    struct damon_reclaim *ctx = start(300);
    uint64_t samples, aggregations;

    reclaim_aggregate(ctx, 10);
    for (int i = 0; i < 15; i++) /* most of an aggregation */
        reclaim_dispatch(ctx);
    s.free_permille = 900;
    reclaim_run_until(ctx, s.now_ns + 100 * SEC);
    expect_state(ctx, INACTIVE, HIGH);
    s.free_permille = 300;
    samples = reclaim_stats(ctx).nr_samples;
    aggregations = reclaim_stats(ctx).nr_aggregations;
    reclaim_run_until(ctx, s.now_ns + 6 * SEC);
    samples = reclaim_stats(ctx).nr_samples - samples;
    aggregations = reclaim_stats(ctx).nr_aggregations - aggregations;
    ck_assert_uint_eq(aggregations, samples / 20);
    ck_assert_uint_gt(aggregations, 0);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
}

/* A commit that changes the watermarks is followed by a look at once. */
TEST(test_commit)
{
    struct damon_reclaim *ctx = start(900);

    expect_state(ctx, INACTIVE, HIGH);
    reclaim_set(ctx, "wmarks_high=1000 wmarks_mid=1000");
    reclaim_commit(ctx);
    reclaim_dispatch(ctx);
    expect_state(ctx, ACTIVE, MID);
    reclaim_set(ctx, "wmarks_low=950");
    reclaim_commit(ctx);
    reclaim_dispatch(ctx);
    expect_state(ctx, INACTIVE, LOW);
}

/* Disabling forgets what state it was in: between mid and high it starts inactive. */
TEST(test_disable_forgets)
{
    struct damon_reclaim *ctx = start(300);

    s.free_permille = 450;
    reclaim_aggregate(ctx, 2);
    expect_state(ctx, ACTIVE, MID);
    damon_reclaim_disable(ctx);
    reclaim_enable(ctx);
    expect_state(ctx, INACTIVE, MID);
}

/* Free memory that is not known for the moment changes nothing; at the start it is an error. */
TEST(test_unknown)
{
    struct damon_reclaim *ctx = start(300);

    s.fail[OP_METRICS] = -EIO;
    reclaim_run_until(ctx, s.now_ns + 200 * MS);
    expect_state(ctx, ACTIVE, MID);
    s.free_permille = 900;
    reclaim_run_until(ctx, s.now_ns + 200 * MS);
    expect_state(ctx, INACTIVE, HIGH);
    s.fail[OP_METRICS] = -EIO;
    reclaim_run_until(ctx, s.now_ns + 5 * SEC);
    expect_state(ctx, INACTIVE, HIGH);
    damon_reclaim_disable(ctx);
    s.fail[OP_METRICS] = -EIO;
    expect_error(ctx, damon_reclaim_enable(ctx), -EIO, "free memory");
    expect_eq(reclaim_stats(ctx).state, DAMON_RECLAIM_STATE_DISABLED);
    reclaim_enable(ctx);
}

/* Without metrics() of the backend, /proc/meminfo tells. */
TEST(test_meminfo)
{
    struct damon_reclaim *ctx;

    s.ops.metrics = NULL;
    s.callbacks.state_changed = note;
    nr_events = 0;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    expect_state(ctx, ACTIVE, MID);
    ck_assert_uint_eq(events[0].free_permille, 300);
    s.meminfo = "MemTotal:        1000000 kB\nMemFree:          199999 kB\n";
    reclaim_run_until(ctx, s.now_ns + 200 * MS);
    expect_state(ctx, INACTIVE, LOW);
    ck_assert_uint_eq(events[1].free_permille, 199);
    s.meminfo = "MemTotal:        18014398509481983 kB\nMemFree:         18014398509481983 kB\n";
    reclaim_run_until(ctx, s.now_ns + 5 * SEC);
    expect_state(ctx, INACTIVE, HIGH);
    ck_assert_uint_eq(events[2].free_permille, 1000);
    damon_reclaim_disable(ctx);
    s.meminfo = "MemTotal: many\n";
    expect_error(ctx, damon_reclaim_enable(ctx), -EINVAL, "free memory");
    s.meminfo = NULL;
    expect_error(ctx, damon_reclaim_enable(ctx), -ENOENT, "free memory");
}

static void expect_scheme(struct damon_reclaim *ctx, uint32_t scheme, bool active)
{
    ck_assert_int_eq(reclaim_scheme_stats(ctx, scheme).active, active);
}

/* Each scheme has its own: the context works as long as one of them does. */
TEST(test_schemes)
{
    struct damon_reclaim_scheme stat = {
        .size = sizeof(stat), .max_nr_accesses = UINT32_MAX, .action = DAMON_RECLAIM_ACTION_STAT};
    struct damon_reclaim *ctx = start(900);
    uint32_t always, low;

    expect_state(ctx, INACTIVE, HIGH);
    stat.watermarks = (struct damon_reclaim_watermarks){.interval_us = 1000000, .high = 100, .mid = 50};
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &stat, &low), 0);
    reclaim_dispatch(ctx);
    expect_state(ctx, INACTIVE, HIGH);
    stat.watermarks = (struct damon_reclaim_watermarks){0};
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &stat, &always), 0);
    reclaim_dispatch(ctx);
    expect_eq(reclaim_stats(ctx).state, ACTIVE);
    reclaim_aggregate(ctx, 5);
    expect_scheme(ctx, always, true);
    ck_assert_uint_ge(reclaim_scheme_stats(ctx, always).sz_tried, 4 * 64 * MIB);
    for (size_t i = 0; i < 2; i++) {
        expect_scheme(ctx, i ? low : DAMON_RECLAIM_SCHEME_RECLAIM, false);
        ck_assert_uint_eq(reclaim_scheme_stats(ctx, i ? low : DAMON_RECLAIM_SCHEME_RECLAIM).sz_tried, 0);
    }
    ck_assert_int_eq(damon_reclaim_remove_scheme(ctx, always), 0);
    reclaim_run_until(ctx, s.now_ns + SEC);
    expect_state(ctx, INACTIVE, HIGH);
    s.free_permille = 40; /* below the low of the one, within those of the other */
    reclaim_run_until(ctx, s.now_ns + SEC);
    expect_eq(reclaim_stats(ctx).state, ACTIVE);
    expect_scheme(ctx, low, true);
}
