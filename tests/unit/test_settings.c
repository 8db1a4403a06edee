/* SPDX-License-Identifier: MIT */
/* Parameters of a context: the struct beside the text, sets that contradict themselves, and committing all or nothing.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "params/table.h"
#include "scripted.h"

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_params params_of(struct damon_reclaim *ctx)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    ck_assert_int_eq(damon_reclaim_get_params(ctx, &params), 0);
    return params;
}

static struct damon_reclaim_params active_of(struct damon_reclaim *ctx)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), 0);
    return params;
}

/* Each member is the parameter of its name, in both directions. */
TEST(test_views_agree)
{
    struct damon_reclaim_params params, changed;
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    const struct drcl_param *param;
    size_t members = 0;

    params = params_of(ctx);
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++) {
        uint64_t value = param->info.type == DAMON_RECLAIM_PARAM_BOOL ? 1 : param->info.min + 4;
        char text[32];

        if (param->kind != DRCL_PARAM_SETTING)
            continue;
        members++;
        reclaim_set(ctx, "%s=%" PRIu64, param->info.name, value);
        changed = params_of(ctx);
        drcl_param_set(param, &params, value); /* this member and no other */
        ck_assert_mem_eq(&changed, &params, sizeof(params));
        drcl_param_set(param, &changed, param->info.min);
        ck_assert_int_eq(damon_reclaim_set_params(ctx, &changed), 0);
        damon_reclaim_get(ctx, param->info.name, text, sizeof(text));
        if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
            ck_assert_str_eq(text, "N");
        else
            ck_assert_uint_eq(reclaim_get(ctx, param->info.name), param->info.min);
        params = changed;
    }
    ck_assert_uint_eq(members, 19);
}

TEST(test_sizes)
{
    struct {
        struct damon_reclaim_params params;
        uint64_t beyond[2];
    } large;
    struct damon_reclaim_params params, small;
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    /* A caller that knows the first two members only: the others stay as they are. */
    reclaim_set(ctx, "quota_sz=12345");
    memset(&small, 0x55, sizeof(small));
    small.size = offsetof(struct damon_reclaim_params, quota_sz);
    ck_assert_int_eq(damon_reclaim_params_init(&small), 0);
    ck_assert_uint_eq(small.size, offsetof(struct damon_reclaim_params, quota_sz));
    ck_assert_uint_eq(small.min_age, 120000000);
    ck_assert_uint_eq(small.quota_sz, UINT64_C(0x5555555555555555));
    small.min_age = 77;
    ck_assert_int_eq(damon_reclaim_set_params(ctx, &small), 0);
    params = params_of(ctx);
    ck_assert_uint_eq(params.min_age, 77);
    ck_assert_uint_eq(params.quota_sz, 12345);
    ck_assert_int_eq(damon_reclaim_get_params(ctx, &small), 0);
    ck_assert_uint_eq(small.quota_sz, UINT64_C(0x5555555555555555));

    /* A caller that knows more: fine as long as it asks for none of it. */
    memset(&large, 0x55, sizeof(large));
    large.params.size = sizeof(large);
    ck_assert_int_eq(damon_reclaim_params_init(&large.params), 0);
    ck_assert_uint_eq(large.params.size, sizeof(large));
    ck_assert_uint_eq(large.beyond[0] | large.beyond[1], 0);
    large.params.min_age = 78;
    ck_assert_int_eq(damon_reclaim_set_params(ctx, &large.params), 0);
    ck_assert_uint_eq(params_of(ctx).min_age, 78);
    large.params.min_age = 79;
    large.beyond[1] = UINT64_C(1) << 63;
    expect_error(ctx, damon_reclaim_set_params(ctx, &large.params), -E2BIG, "params");
    ck_assert_uint_eq(params_of(ctx).min_age, 78);
    params.size = 3;
    expect_error(ctx, damon_reclaim_set_params(ctx, &params), -EINVAL, "params");
    ck_assert_int_eq(damon_reclaim_get_params(ctx, &params), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_active_params(ctx, &params), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_init(&params), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_init(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set_params(ctx, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set_params(NULL, &small), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get_params(ctx, NULL), -EINVAL);
}

/* What a struct may not hold is refused as a whole, when it is set. */
TEST(test_struct_out_of_range)
{
    struct damon_reclaim_params params;
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    params = params_of(ctx);
    params.min_age = 5;
    params.wmarks_mid = 1001;
    expect_error(ctx, damon_reclaim_set_params(ctx, &params), -ERANGE, "wmarks_mid");
    ck_assert_uint_eq(params_of(ctx).min_age, 120000000);
    params.wmarks_mid = 400;
    params.sample_interval = 0;
    expect_error(ctx, damon_reclaim_set_params(ctx, &params), -ERANGE, "sample_interval");
}

/* Sets whose members do not go together, and the two that the text is to name. */
static const struct contradiction {
    const char *name[2], *value[2];
} contradictions[] = {
    {{"min_nr_regions", "max_nr_regions"}, {"200", "100"}},
    {{"aggr_interval", "sample_interval"}, {"4999", "5000"}},
    {{"wmarks_mid", "wmarks_high"}, {"501", "500"}},
    {{"wmarks_low", "wmarks_mid"}, {"401", "400"}},
    {{"monitor_region_start", "monitor_region_end"}, {"0x2000", "0x1000"}},
    {{"monitor_region_start", "monitor_region_end"}, {"0x2000", "0x2000"}},
    {{"monitor_region_start", "monitor_region_end"}, {"0x2000", "0"}},
    {{"monitor_region_end", "addr_unit"}, {"0xffffffffffffffff", "4096"}},
    {{"monitor_region_end", "addr_unit"}, {"2", "0x8000000000000000"}},
    {{"addr_unit", "addr_unit"}, {"3", "3"}},
    {{"addr_unit", "page size"}, {"4095", NULL}},
    {{"aggr_interval", "sample_interval"}, {"5h", "1"}},
};

enum { COMMITTED, COMMITTED_WITH_KEEP, ENABLED, NR_WHENS };

TEST_CASES(test_contradictions, 3 * NUMBER_OF(contradictions))
{
    const struct contradiction *c = &contradictions[_i / NR_WHENS];
    bool keep = _i % NR_WHENS == COMMITTED_WITH_KEEP, disabled = _i % NR_WHENS == ENABLED;
    struct damon_reclaim_params before;
    struct damon_reclaim *ctx = scripted_new(&s, keep ? DAMON_RECLAIM_KEEP_ON_INVALID : 0);
    struct damon_reclaim_stats stats;

    if (!disabled)
        reclaim_enable(ctx);
    before = active_of(ctx);
    reclaim_set(ctx, "min_age=1s"); /* valid by itself, and yet not to be applied */
    reclaim_set(ctx, "%s=%s", c->name[0], c->value[0]);
    if (c->value[1])
        reclaim_set(ctx, "%s=%s", c->name[1], c->value[1]);
    if (disabled)
        expect_error(ctx, damon_reclaim_set(ctx, "enabled", "Y"), -EINVAL, c->name[0]);
    else
        expect_error(ctx, damon_reclaim_set(ctx, "commit_inputs", "Y"), -EINVAL, c->name[0]);
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), c->name[1]));
    stats = reclaim_stats(ctx);
    ck_assert_int_eq(stats.state, keep ? DAMON_RECLAIM_STATE_ACTIVE : DAMON_RECLAIM_STATE_DISABLED);
    if (!keep && !disabled)
        ck_assert_int_eq(stats.reason, DAMON_RECLAIM_REASON_INVALID_PARAMETERS);
    ck_assert_uint_eq(active_of(ctx).min_age, before.min_age);
    ck_assert_uint_eq(active_of(ctx).aggr_interval, before.aggr_interval);
    ck_assert_uint_eq(params_of(ctx).min_age, 1000000);
    if (keep)
        reclaim_aggregate(ctx, 3);
}

/* The module's interface: text in, text out, in its words. */
TEST(test_module_interface)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char text[32];

    reclaim_set(ctx, "commit_inputs=N min_age=1s enabled=Y\n");
    damon_reclaim_get(ctx, "enabled", text, sizeof(text));
    ck_assert_str_eq(text, "Y");
    ck_assert_uint_gt(reclaim_get(ctx, "kdamond_pid"), 0);
    ck_assert_uint_eq(active_of(ctx).min_age, 1000000);
    reclaim_set(ctx, "min_age=2s");
    ck_assert_uint_eq(active_of(ctx).min_age, 1000000);
    reclaim_set(ctx, "enabled=Y"); /* it is; this commits nothing */
    ck_assert_uint_eq(active_of(ctx).min_age, 1000000);
    reclaim_set(ctx, "commit_inputs=Y");
    ck_assert_uint_eq(active_of(ctx).min_age, 2000000);
    damon_reclaim_get(ctx, "commit_inputs", text, sizeof(text));
    ck_assert_str_eq(text, "N");
    reclaim_aggregate(ctx, 25);
    ck_assert_uint_gt(reclaim_get(ctx, "bytes_reclaimed_regions"), 0);
    ck_assert_uint_eq(reclaim_get(ctx, "bytes_reclaimed_regions"), reclaim_stats(ctx).bytes_reclaimed_regions);
    ck_assert_uint_eq(reclaim_get(ctx, "nr_reclaim_tried_regions"), reclaim_stats(ctx).nr_reclaim_tried_regions);
    reclaim_set(ctx, "enabled=off");
    damon_reclaim_get(ctx, "enabled", text, sizeof(text));
    ck_assert_str_eq(text, "N");
    damon_reclaim_get(ctx, "kdamond_pid", text, sizeof(text));
    ck_assert_str_eq(text, "-1");
    ck_assert_uint_gt(reclaim_get(ctx, "bytes_reclaimed_regions"), 0); /* statistics stay */
}

/* Counters of bytes and the range to watch are in addr_unit, which above a page may be any number. */
TEST_CASES(test_addr_unit, 2)
{
    struct damon_reclaim_range range = {BASE + 8 * MIB, BASE + 40 * MIB};
    static const uint64_t units[] = {PAGE, 5 * PAGE};
    uint64_t unit = units[_i];
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    range.start -= range.start % unit;
    range.end -= range.end % unit;
    reclaim_set(ctx, "addr_unit=%" PRIu64 " monitor_region_start=%" PRIu64 " monitor_region_end=%" PRIu64, unit,
                range.start / unit, range.end / unit);
    reclaim_set(ctx, "min_age=1s quota_ms=0");
    reclaim_enable(ctx);
    expect_partition(ctx, 0, &range, 1, PAGE);
    reclaim_aggregate(ctx, 15);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, range.end - range.start);
    ck_assert_uint_eq(reclaim_get(ctx, "bytes_reclaim_tried_regions"), (range.end - range.start) / unit);
    ck_assert_uint_eq(reclaim_get(ctx, "bytes_reclaimed_regions"), (range.end - range.start) / unit);
}

/* What the backend and the system cannot do is refused by name. */
TEST(test_unsupported)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "skip_anon=Y");
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "skip_anon");
    reclaim_set(ctx, "skip_anon=N quota_mem_pressure_us=100");
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "quota_mem_pressure_us");
    s.psi_valid = true;
    reclaim_enable(ctx);
    damon_reclaim_unref(ctx);
    s.ops.metrics = NULL; /* then /proc tells */
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "quota_mem_pressure_us=100");
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "quota_mem_pressure_us: /proc/pressure/memory");
    ck_assert_ptr_nonnull(strstr(damon_reclaim_last_error(ctx), "psi=1"));
    s.pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\n";
    reclaim_enable(ctx);
    damon_reclaim_unref(ctx);
    s.ops.features = 0;
    ctx = scripted_new(&s, DAMON_RECLAIM_ALLOW_NO_TARGET);
    reclaim_set(ctx, "monitor_region_end=4096");
    expect_error(ctx, damon_reclaim_enable(ctx), -EOPNOTSUPP, "monitor_region_end");
}

/* A commit keeps what was learnt, the charge and the statistics. */
TEST(test_commit_keeps)
{
    struct damon_reclaim_stats before, after;
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    reclaim_set(ctx, "min_age=500ms quota_ms=0 quota_sz=8MiB");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 7);
    before = reclaim_stats(ctx);
    ck_assert_uint_eq(before.charged_bytes, 8 * MIB);
    reclaim_set(ctx, "quota_sz=16MiB");
    ck_assert_uint_eq(reclaim_stats(ctx).charged_bytes, 8 * MIB);
    reclaim_commit(ctx);
    after = reclaim_stats(ctx);
    ck_assert_uint_eq(after.charged_bytes, before.charged_bytes);
    ck_assert_uint_eq(after.bytes_reclaimed_regions, before.bytes_reclaimed_regions);
    ck_assert_uint_eq(after.nr_aggregations, before.nr_aggregations);
    ck_assert_uint_eq(after.nr_regions, before.nr_regions);
    reclaim_aggregate(ctx, 1);
    after = reclaim_stats(ctx);
    ck_assert_uint_eq(after.effective_quota, 16 * MIB);
    ck_assert_uint_eq(after.charged_bytes, 16 * MIB);
}

/* Intervals near the end of the numbers do not wrap around into "at once". */
TEST(test_longest_intervals)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    struct damon_reclaim *ctx;

    s.ops.now = NULL;
    s.ops.advance = NULL;
    ctx = scripted_new(&s, 0);
    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++)
        if (!strcmp(info.unit, "us") || !strcmp(info.unit, "ms"))
            if (strcmp(info.name, "quota_mem_pressure_us"))
                reclaim_set(ctx, "%s=%" PRIu64, info.name, info.max);
    reclaim_enable(ctx);
    for (int i = 0; i < 10; i++) {
        s.system_ns += 3600 * SEC;
        reclaim_dispatch(ctx);
    }
    ck_assert_uint_eq(reclaim_stats(ctx).nr_samples, 0);
}

static unsigned int nr_warnings;
static char warning[256];

static void note_warning(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    (void)ctx, (void)userdata;
    if (level != DAMON_RECLAIM_LOG_WARNING)
        return;
    nr_warnings++;
    snprintf(warning, sizeof(warning), "%s", text);
}

/* Values that are allowed and hardly meant are warned of when they come into effect, and not again. */
TEST(test_warned_of)
{
    struct damon_reclaim *ctx;

    nr_warnings = 0;
    s.callbacks.log = note_warning;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "quota_sz=4095");
    reclaim_enable(ctx);
    ck_assert_uint_eq(nr_warnings, 1);
    ck_assert_msg(strstr(warning, "quota_sz: 4095") != NULL, "%s", warning);
    reclaim_set(ctx, "quota_sz=100");
    reclaim_commit(ctx);
    ck_assert_uint_eq(nr_warnings, 1);
    reclaim_set(ctx, "quota_sz=0 quota_ms=10 aggr_interval=1s");
    reclaim_commit(ctx);
    ck_assert_uint_eq(nr_warnings, 1);
    reclaim_set(ctx, "aggr_interval=1001ms");
    reclaim_commit(ctx);
    ck_assert_uint_eq(nr_warnings, 2);
    ck_assert_msg(strstr(warning, "aggr_interval: 1001000 us") != NULL, "%s", warning);
    reclaim_set(ctx, "aggr_interval=2s");
    reclaim_commit(ctx);
    ck_assert_uint_eq(nr_warnings, 2);
    reclaim_set(ctx, "quota_ms=0 quota_sz=4096 quota_reset_interval_ms=2000");
    reclaim_commit(ctx);
    ck_assert_uint_eq(nr_warnings, 2);
    reclaim_set(ctx, "monitor_region_start=4097 monitor_region_end=8193");
    expect_error(ctx, damon_reclaim_commit(ctx), -EINVAL, "monitor_region_start");
}
