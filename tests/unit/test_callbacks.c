/* SPDX-License-Identifier: MIT */
/* What a callback may do to the context that calls it: everything but dispatch. */
#include <errno.h>

#include "scripted.h"

static struct scripted s;

enum callback { AGGREGATION, BEFORE, AFTER, STATE, GONE, LOG, NR_CALLBACKS };
enum deed {
    NOTHING,
    UNREF,
    DISABLE,
    DISABLE_AND_ENABLE,
    COMMIT,
    COMMIT_INVALID,
    ADD_TARGET,
    REMOVE_THIS_TARGET,
    REMOVE_ALL_TARGETS,
    ADD_SCHEMES,
    REMOVE_SCHEMES,
    SET_FILTERS,
    DISPATCH,
    SNAPSHOT,
    NR_DEEDS
};

static struct {
    enum callback where;
    enum deed what;
    uint64_t at; /* do it at this call, counted from 1 */
    uint64_t calls[NR_CALLBACKS];
    uint64_t targets;    /* added */
    bool done;           /* at least once */
    bool dropped;        /* by unref */
    bool busy;           /* a deed of mine is running */
    uint64_t after_drop; /* calls after it */
} plan;

static void add_target(struct damon_reclaim *ctx, uint64_t start)
{
    struct damon_reclaim_range range = {start, start + 4 * MIB};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};

    damon_reclaim_add_target(ctx, &target, NULL);
}

static void add_scheme(struct damon_reclaim *ctx)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .min_age_us = 300000, .action = DAMON_RECLAIM_ACTION_COLD, .apply_interval_us = 10000};

    damon_reclaim_add_scheme(ctx, &scheme, NULL);
}

static void change_targets(struct damon_reclaim *ctx, uint32_t target)
{
    if (plan.what == ADD_TARGET && plan.targets < 60)
        for (uint64_t i = 0; i < 20; i++)
            add_target(ctx, 2 * BASE + plan.targets++ * 16 * MIB);
    if (plan.what == REMOVE_THIS_TARGET)
        damon_reclaim_remove_target(ctx, target);
    if (plan.what == REMOVE_ALL_TARGETS)
        for (uint32_t i = 0; i < 100; i++)
            damon_reclaim_remove_target(ctx, i);
}

static void change_schemes(struct damon_reclaim *ctx)
{
    struct damon_reclaim_filter filter = {.matching = true, .start = BASE, .end = BASE + MIB + 5};

    if (plan.what == ADD_SCHEMES)
        for (int i = 0; i < 17; i++)
            add_scheme(ctx);
    if (plan.what == REMOVE_SCHEMES)
        for (uint32_t i = 1; i <= 16; i++)
            damon_reclaim_remove_scheme(ctx, i);
    if (plan.what == SET_FILTERS)
        for (uint32_t i = 0; i <= 16; i++)
            damon_reclaim_set_filters(ctx, i, &filter, 1);
}

static void change_parameters(struct damon_reclaim *ctx)
{
    static const char *const most[] = {"1000", "5000", "20", "100000"};

    if (plan.what == COMMIT) {
        reclaim_set(ctx, "min_nr_regions=12 max_nr_regions=%s aggr_interval=%s", most[plan.calls[plan.where] % 4],
                    plan.calls[plan.where] % 2 ? "50ms" : "100ms");
        expect(damon_reclaim_commit(ctx) == 0);
    }
    if (plan.what == COMMIT_INVALID) {
        reclaim_set(ctx, "wmarks_low=900");
        expect(damon_reclaim_commit(ctx) == -EINVAL);
        reclaim_set(ctx, "wmarks_low=0");
    }
    if (plan.what == DISABLE || plan.what == DISABLE_AND_ENABLE)
        expect(damon_reclaim_disable(ctx) == 0);
    if (plan.what == DISABLE_AND_ENABLE)
        damon_reclaim_enable(ctx);
}

static void act(struct damon_reclaim *ctx, enum callback where, uint32_t target)
{
    plan.after_drop += plan.dropped;
    plan.calls[where]++;
    if (where != plan.where || plan.calls[where] < plan.at || plan.busy || !ctx)
        return;
    plan.busy = true;
    plan.done = true;
    change_parameters(ctx);
    change_targets(ctx, target);
    change_schemes(ctx);
    if (plan.what == DISPATCH) {
        int r = damon_reclaim_dispatch(ctx);

        /* A line of log may also come from a call that is not part of the loop. */
        expect(r == -EBUSY || (where == LOG && r == 0));
        if (where != LOG)
            expect_eq(damon_reclaim_run(ctx), -EBUSY);
    }
    if (plan.what == SNAPSHOT) {
        size_t n;

        free(reclaim_regions(ctx, &n));
        reclaim_stats(ctx);
    }
    if (plan.what == UNREF && !plan.dropped) {
        plan.dropped = true;
        damon_reclaim_unref(ctx);
    }
    plan.busy = false;
}

static void on_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    act(ctx, AGGREGATION, 1);
}

static bool on_before(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                      void *userdata)
{
    (void)scheme, (void)userdata;
    act(ctx, BEFORE, region->target);
    return true;
}

static void on_after(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                     const struct damon_reclaim_result *result, void *userdata)
{
    struct damon_reclaim_region copy = *region;

    (void)scheme, (void)userdata;
    act(ctx, AFTER, region->target);
    expect(!memcmp(&copy, region, sizeof(copy)) && result->size == sizeof(*result)); /* still there */
}

static void on_state(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    (void)userdata;
    act(ctx, STATE, 1);
    expect(event->text[0]);
}

static void on_gone(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata)
{
    (void)target, (void)userdata;
    expect(pid == 0 || pid == 100 || pid == 101);
    act(ctx, GONE, 1);
}

static void on_log(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    (void)level, (void)userdata;
    act(ctx, LOG, 1);
    expect(text[0]);
}

/* A context with everything: three targets, two of them processes, three schemes. */
static struct damon_reclaim *make(void)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.callbacks.after_aggregation = on_aggregation;
    s.callbacks.before_reclaim = on_before;
    s.callbacks.after_reclaim = on_after;
    s.callbacks.state_changed = on_state;
    s.callbacks.target_gone = on_gone;
    s.callbacks.log = on_log;
    s.processes[0].pid = 100;
    s.processes[1].pid = 101;
    s.ns_per_page = 10;
    ctx = scripted_new(&s, DAMON_RECLAIM_ALLOW_NO_TARGET);
    add_target(ctx, 3 * BASE);
    for (pid_t pid = 100; pid < 102; pid++) {
        struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};

        expect(damon_reclaim_add_target(ctx, &target, NULL) == 0);
    }
    add_scheme(ctx);
    add_scheme(ctx);
    reclaim_set(ctx, "min_age=500ms quota_sz=16MiB");
    return ctx;
}

/* Something happens to each part of it. */
static void live(struct damon_reclaim *ctx)
{
    for (int i = 0; i < 600 && !plan.dropped; i++) {
        if (i == 150)
            s.processes[0].exited = true;
        if (i == 300)
            s.fail[OP_CHECK] = -ESRCH;
        if (i == 350)
            s.free_permille = 900;
        if (i == 360)
            s.free_permille = 300;
        damon_reclaim_dispatch(ctx);
        s.nr_acts = 0;
    }
}

TEST_CASES(test_deeds, NR_CALLBACKS *NR_DEEDS)
{
    static const uint64_t at[] = {1, 2, 7};
    enum callback where = (enum callback)(_i % NR_CALLBACKS);
    enum deed what = (enum deed)(_i / NR_CALLBACKS);

    for (size_t i = 0; i < 3; i++) {
        struct damon_reclaim *ctx;

        memset(&plan, 0, sizeof(plan));
        plan.where = where;
        plan.what = what;
        plan.at = at[i];
        ctx = make();
        damon_reclaim_enable(ctx);
        if (!plan.dropped)
            live(ctx);
        if (at[i] == 1)
            expect(plan.done);
        expect(plan.after_drop == 0);
        if (!plan.dropped) {
            /* Whatever it was, the context is in order. */
            plan.what = NOTHING;
            memset(s.fail, 0, sizeof(s.fail));
            damon_reclaim_disable(ctx);
            add_target(ctx, 5 * BASE);
            reclaim_enable(ctx);
            for (int k = 0; k < 50; k++)
                reclaim_dispatch(ctx);
            expect(reclaim_stats(ctx).nr_regions > 0);
            damon_reclaim_unref(ctx);
        }
        expect(s.nr_destroy == 1);
        scripted_fini(&s);
    }
}

static size_t acts_at_unref;

static void drop_after(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                       const struct damon_reclaim_result *result, void *userdata)
{
    (void)scheme, (void)region, (void)result, (void)userdata;
    acts_at_unref = s.nr_acts;
    damon_reclaim_unref(ctx);
}

static void drop(struct damon_reclaim *ctx, void *userdata)
{
    (void)userdata;
    damon_reclaim_unref(ctx);
}

enum { IN_AFTER_RECLAIM, IN_AFTER_AGGREGATION, NR_PLACES };

/* A context that nobody holds any more does nothing more, and run() comes back. */
TEST_CASES(test_unref_ends, NR_PLACES)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    if (_i == IN_AFTER_AGGREGATION)
        s.callbacks.after_aggregation = drop;
    else
        s.callbacks.after_reclaim = drop_after;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0");
    reclaim_enable(ctx);
    acts_at_unref = 0;
    ck_assert_int_eq(damon_reclaim_run(ctx), 0);
    ck_assert_uint_eq(s.nr_destroy, 1);
    ck_assert_uint_eq(s.nr_acts, acts_at_unref);
    ck_assert_int_eq(acts_at_unref > 0, _i == IN_AFTER_RECLAIM);
    scripted_fini(&s);
}

static bool veto(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region, void *userdata)
{
    (void)ctx, (void)scheme, (void)userdata;
    return region->start >= BASE + 32 * MIB;
}

/* before_reclaim may say no: the region is left alone, and its age goes on. */
TEST_CASES(test_veto, NR_MANNERS)
{
    struct damon_reclaim_region *regions;
    struct damon_reclaim *ctx;
    size_t n;

    scripted_init(&s);
    s.ranges[0].end = BASE + 16 * MIB;
    s.ranges[1] = (struct damon_reclaim_range){BASE + 32 * MIB, BASE + 64 * MIB};
    s.nr_ranges = 2;
    s.callbacks.before_reclaim = veto;
    scripted_manner(&s, _i);
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 8);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 32 * MIB);
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(regions[i].age, regions[i].start < BASE + 32 * MIB ? 8 : 3);
    free(regions);
    for (size_t i = 0; i < s.nr_acts; i++) /* no huge page may be followed into what might be vetoed */
        if (s.acts[i].reclaim)
            ck_assert_uint_eq(s.acts[i].request.limit_end, s.acts[i].end);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}

static size_t order[8], nr_order;

static void seen(struct damon_reclaim *ctx, void *userdata)
{
    struct damon_reclaim_region *regions;
    size_t n;

    (void)userdata;
    order[0] = ++nr_order;
    /* Up to date: the count of this aggregation, which is 20 of 20 samples. */
    regions = reclaim_regions(ctx, &n);
    for (size_t i = 0; i < n; i++)
        expect(regions[i].nr_accesses == 20 && regions[i].age == reclaim_stats(ctx).nr_aggregations - 1);
    free(regions);
}

/* after_aggregation comes before the schemes act, with regions and statistics up to date. */
TEST(test_up_to_date)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    s.accessed = accessed_hot;
    s.hot_end = UINT64_MAX;
    s.callbacks.after_aggregation = seen;
    nr_order = 0;
    ctx = scripted_new(&s, 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 5);
    ck_assert_uint_eq(nr_order, 5);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}
