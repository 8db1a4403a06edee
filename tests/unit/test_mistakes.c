/* SPDX-License-Identifier: MIT */
/* Mistakes of the caller: NULL, sizes that were never set, bits that mean nothing, numbers that are too large. */
#include <errno.h>

#include "scripted.h"

SCRIPTED_FIXTURE(s);

#define NO_SIZE (SIZE_MAX / 2 + 1) /* what may stand in a struct whose size was not set */

/* Each function is safe without a context. */
TEST(test_no_context)
{
    int nothing;

    ck_assert_ptr_null(damon_reclaim_get_userdata(NULL));
    damon_reclaim_set_userdata(NULL, &nothing);
    ck_assert_str_eq(damon_reclaim_last_error(NULL), "");
    ck_assert_ptr_null(damon_reclaim_backend_name(NULL));
    ck_assert_uint_eq(damon_reclaim_now(NULL), 0);
}

static struct damon_reclaim_stats stats;
static struct damon_reclaim_scheme_stats scheme_stats;
static struct damon_reclaim_params params;
static struct damon_reclaim_target target;
static struct damon_reclaim_scheme scheme;
static struct damon_reclaim_sim_report report;
static struct damon_reclaim_param_info info;

#define SIZED(name)                                                                                                    \
    static void *name##_with(size_t size)                                                                              \
    {                                                                                                                  \
        memset(&name, 0, sizeof(name));                                                                                \
        name.size = size;                                                                                              \
        return &name;                                                                                                  \
    }
SIZED(stats)
SIZED(scheme_stats)
SIZED(params)
SIZED(target)
SIZED(scheme)
SIZED(report)
SIZED(info)

/* Calls with a struct of that size, or with NULL. */
#define CALL(name, call)                                                                                               \
    static int name(struct damon_reclaim *ctx, void *arg)                                                              \
    {                                                                                                                  \
        (void)ctx, (void)arg;                                                                                          \
        return call;                                                                                                   \
    }
CALL(get_stats, damon_reclaim_get_stats(ctx, arg))
CALL(get_scheme_stats, damon_reclaim_get_scheme_stats(ctx, 0, arg))
CALL(set_params, damon_reclaim_set_params(ctx, arg))
CALL(get_params, damon_reclaim_get_params(ctx, arg))
CALL(get_active_params, damon_reclaim_get_active_params(ctx, arg))
CALL(add_target, damon_reclaim_add_target(ctx, arg, NULL))
CALL(add_scheme, damon_reclaim_add_scheme(ctx, arg, NULL))
CALL(sim_get_report, damon_reclaim_sim_get_report(ctx, 1, arg))
CALL(params_init, damon_reclaim_params_init(arg))
CALL(param_describe, damon_reclaim_param_describe(0, arg))
CALL(params_set_line, damon_reclaim_params_set_line(arg, "", NULL, 0))
CALL(params_check, damon_reclaim_params_check(arg, NULL, 0))

static const struct {
    const char *name; /* in the text of the error; NULL: there is no text */
    int (*call)(struct damon_reclaim *ctx, void *arg);
    void *(*with)(size_t size);
} sized[] = {
    {"stats", get_stats, stats_with},           {"stats", get_scheme_stats, scheme_stats_with},
    {"params", set_params, params_with},        {"params", get_params, params_with},
    {"params", get_active_params, params_with}, {"target", add_target, target_with},
    {"scheme", add_scheme, scheme_with},        {"report", sim_get_report, report_with},
    {NULL, params_init, params_with},           {NULL, param_describe, info_with},
    {NULL, params_set_line, params_with},       {NULL, params_check, params_with},
};

static void expect_text(struct damon_reclaim *ctx, int r, const char *text)
{
    ck_assert_int_eq(r, -EINVAL);
    if (text && !strstr(damon_reclaim_last_error(ctx), text))
        ck_abort_msg("\"%s\" does not name %s", damon_reclaim_last_error(ctx), text);
    if (text && strstr(damon_reclaim_last_error(ctx), "nonsense"))
        ck_abort_msg("\"%s\" is the text of an earlier error", damon_reclaim_last_error(ctx));
}

/* A size that was never set is refused; nothing is written, and nothing is read beyond the struct. */
TEST_CASES(test_size_not_set, NUMBER_OF(sized))
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim"};
    struct damon_reclaim *ctx = reclaim_new(&config);

    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    expect_text(ctx, sized[_i].call(ctx, sized[_i].with(NO_SIZE)), sized[_i].name);
    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    expect_text(ctx, sized[_i].call(ctx, sized[_i].with(0x5555)), sized[_i].name);
    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    expect_text(ctx, sized[_i].call(ctx, sized[_i].with(1)), sized[_i].name);
    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    expect_text(ctx, sized[_i].call(ctx, NULL), sized[_i].name);
    damon_reclaim_unref(ctx);
}

/* So is that of a configuration and of what it points to. */
TEST(test_config_size_not_set)
{
    struct damon_reclaim_config config = scripted_config(&s);
    struct damon_reclaim_allocator allocator = {.size = NO_SIZE};
    struct damon_reclaim *ctx = NULL;
    char text[100];

    config.size = NO_SIZE;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    ck_assert_int_eq(damon_reclaim_probe(&config, text, sizeof(text)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(text, "config: size"));
    ck_assert_int_eq(damon_reclaim_cleanup(&config, text, sizeof(text)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(text, "config: size"));
    config = scripted_config(&s);
    s.ops.size = NO_SIZE;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    s.ops.size = sizeof(s.ops);
    s.callbacks.size = NO_SIZE;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    s.callbacks.size = sizeof(s.callbacks);
    config.allocator = &allocator;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    ck_assert_ptr_null(ctx);
}

/* A newer program's configuration with a member that this library does not know: the text says so. */
TEST(test_newer_config)
{
    struct {
        struct damon_reclaim_config config;
        uint64_t more;
    } newer = {scripted_config(&s), 1};
    struct damon_reclaim *ctx = NULL;
    char error[100] = "untouched";

    newer.config.size = sizeof(newer);
    newer.config.error = error;
    newer.config.error_size = sizeof(error);
    ck_assert_int_eq(damon_reclaim_new(&newer.config, &ctx), -E2BIG);
    ck_assert_ptr_nonnull(strstr(error, "config: size"));
    ck_assert_int_eq(damon_reclaim_probe(&newer.config, error, sizeof(error)), -E2BIG);
    ck_assert_ptr_nonnull(strstr(error, "config: size"));
}

CALL(set_name, damon_reclaim_set(ctx, arg, "1"))
CALL(set_value, damon_reclaim_set(ctx, "min_age", arg))
CALL(set_line, damon_reclaim_set_line(ctx, arg))
CALL(get_name, damon_reclaim_get(ctx, arg, NULL, 0))
CALL(get_buffer, damon_reclaim_get(ctx, "min_age", arg, 8))
CALL(get_regions, damon_reclaim_get_regions(ctx, NULL, 0, arg))
CALL(get_regions_array, damon_reclaim_get_regions(ctx, arg, 1, &(size_t){0}))
CALL(set_filters, damon_reclaim_set_filters(ctx, 0, arg, 1))
CALL(set_exclusions, damon_reclaim_set_exclusions(ctx, arg, 1))

static const struct {
    const char *name;
    int (*call)(struct damon_reclaim *ctx, void *arg);
} pointers[] = {
    {"name", set_name},
    {"value", set_value},
    {"line", set_line},
    {"name", get_name},
    {"buf", get_buffer},
    {"ret_n", get_regions},
    {"regions", get_regions_array},
    {"filters", set_filters},
    {"exclusions", set_exclusions},
};

/* NULL has a text of its own, so that nobody reads that of an earlier error. */
TEST_CASES(test_null, NUMBER_OF(pointers))
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    expect_text(ctx, pointers[_i].call(ctx, NULL), pointers[_i].name);
}

/* Without a context the text goes to the caller's buffer. */
TEST(test_null_without_context)
{
    char error[100] = "untouched";

    params = (struct damon_reclaim_params){.size = sizeof(params)};
    ck_assert_int_eq(damon_reclaim_params_set(NULL, "min_age", "1", error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "params: NULL");
    ck_assert_int_eq(damon_reclaim_params_set(&params, NULL, "1", error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "name: NULL");
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", NULL, error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "value: NULL");
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, NULL, error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "line: NULL");
    ck_assert_int_eq(damon_reclaim_params_check(NULL, error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "params: NULL");
    ck_assert_int_eq(damon_reclaim_params_check(&params, NULL, 1), -EINVAL);
}

/* The name of a backend is copied, as every string is. */
TEST(test_backend_name_is_copied)
{
    char name[] = "mine";
    struct damon_reclaim *ctx;

    s.ops.name = name;
    ctx = scripted_new(&s, 0);
    memset(name, 'x', sizeof(name) - 1);
    ck_assert_str_eq(damon_reclaim_backend_name(ctx), "mine");
}

/* Sets what is reserved, calls, and sets it back. */
#define EXPECT_RESERVED(member, call, text)                                                                            \
    do {                                                                                                               \
        (member) = 1;                                                                                                  \
        ck_assert_int_eq(call, -E2BIG);                                                                                \
        if (strncmp(damon_reclaim_last_error(ctx), text ": is not 0", strlen(text ": is not 0")) != 0)                 \
            ck_abort_msg("\"%s\" does not name %s", damon_reclaim_last_error(ctx), text);                              \
        (member) = 0;                                                                                                  \
    } while (0)

/* What is reserved is 0: a later version may give it a meaning, and this library does not know it. */
TEST(test_reserved)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_ADDR, .end = PAGE};
    struct damon_reclaim_goal goal = {.target = 1};
    struct damon_reclaim_exclusion excluded = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {0, PAGE}};
    struct damon_reclaim_quota *quota = &scheme.quota;
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    scheme_with(sizeof(scheme));
    params_with(sizeof(params));
    target_with(sizeof(target));
    ck_assert_int_eq(damon_reclaim_get_params(ctx, &params), 0);
    scheme.quota.goals = &goal;
    scheme.quota.nr_goals = 1;
    scheme.filters = &filter;
    scheme.nr_filters = 1;
    EXPECT_RESERVED(filter.reserved0[5], add_scheme(ctx, &scheme), "filters[0].reserved");
    EXPECT_RESERVED(filter.reserved[2], damon_reclaim_set_filters(ctx, 0, &filter, 1), "filters[0].reserved");
    EXPECT_RESERVED(goal.reserved0, add_scheme(ctx, &scheme), "scheme.quota.goals[0].reserved");
    EXPECT_RESERVED(goal.reserved[3], add_scheme(ctx, &scheme), "scheme.quota.goals[0].reserved");
    EXPECT_RESERVED(quota->reserved[3], add_scheme(ctx, &scheme), "scheme.quota.reserved");
    EXPECT_RESERVED(scheme.watermarks.reserved0, add_scheme(ctx, &scheme), "scheme.watermarks.reserved");
    EXPECT_RESERVED(scheme.watermarks.reserved[1], add_scheme(ctx, &scheme), "scheme.watermarks.reserved");
    EXPECT_RESERVED(scheme.reserved0, add_scheme(ctx, &scheme), "scheme.reserved0");
    EXPECT_RESERVED(excluded.reserved[1], damon_reclaim_set_exclusions(ctx, &excluded, 1), "exclusions[0].reserved");
    EXPECT_RESERVED(target.reserved0, add_target(ctx, &target), "target.reserved0");
    EXPECT_RESERVED(params.reserved0[5], set_params(ctx, &params), "params.reserved0");
    ck_assert_int_eq(set_params(ctx, &params), 0);
    ck_assert_int_eq(damon_reclaim_set_exclusions(ctx, &excluded, 1), 0);
    ck_assert_int_eq(add_scheme(ctx, &scheme), 0);
    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &filter, 1), 0);
    EXPECT_RESERVED(quota->reserved[0], damon_reclaim_set_scheme(ctx, 1, &scheme), "scheme.quota.reserved");
}

/* The same in what a configuration points to. */
TEST(test_reserved_config)
{
    struct damon_reclaim_config config = scripted_config(&s);
    struct damon_reclaim_system_ops system_ops = {.size = sizeof(system_ops), .reserved0 = 1};
    struct damon_reclaim_damon_config damon = {.size = sizeof(damon), .reserved0 = 1};
    struct damon_reclaim *ctx = NULL;
    char error[200];

    config.error = error;
    config.error_size = sizeof(error);
    config.reserved0 = 1;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -E2BIG);
    ck_assert_ptr_nonnull(strstr(error, "config.reserved0"));
    config.reserved0 = 0;
    config.system_ops = &system_ops;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -E2BIG);
    ck_assert_ptr_nonnull(strstr(error, "config.system_ops.reserved0"));
    config = (struct damon_reclaim_config){
        .size = sizeof(config), .backend = "damon", .damon = &damon, .error = error, .error_size = sizeof(error)};
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -E2BIG);
    ck_assert_ptr_nonnull(strstr(error, "config.damon.reserved0"));
}

CALL(unknown_parameter, damon_reclaim_set_line(ctx, "min_age=1 wmarks=3"))
CALL(bad_value, damon_reclaim_set_line(ctx, "min_age=1 damon_reclaim.quota_sz=x"))
CALL(too_large, damon_reclaim_set(ctx, "wmarks_high", "1001"))
CALL(contradiction, damon_reclaim_set_line(ctx, "sample_interval=2s aggr_interval=1s commit_inputs=Y"))
CALL(no_word, damon_reclaim_set_line(ctx, "nonsense"))
CALL(no_scheme, damon_reclaim_remove_scheme(ctx, 7))
CALL(bad_filter,
     damon_reclaim_set_filters(
         ctx, 0, (struct damon_reclaim_filter[]){{.type = DAMON_RECLAIM_FILTER_ADDR, .end = 1}, {.type = 99}}, 2))
CALL(bad_range, damon_reclaim_add_target(ctx,
                                         &(struct damon_reclaim_target){
                                             .size = sizeof(struct damon_reclaim_target),
                                             .ranges = (struct damon_reclaim_range[]){{0, MIB}, {MIB, MIB}},
                                             .nr_ranges = 2},
                                         NULL))
CALL(bad_goal,
     damon_reclaim_add_scheme(ctx,
                              &(struct damon_reclaim_scheme){
                                  .size = sizeof(struct damon_reclaim_scheme),
                                  .quota = {.goals = (struct damon_reclaim_goal[]){{.target = 1}, {0}}, .nr_goals = 2}},
                              NULL))
CALL(bad_exclusion, damon_reclaim_set_exclusions(ctx, &(struct damon_reclaim_exclusion){.type = 0, .pid = -1}, 1))

static const struct {
    int (*call)(struct damon_reclaim *ctx, void *arg);
    const char *culprit;
} culprits[] = {
    {unknown_parameter, "wmarks"},
    {bad_value, "quota_sz"},
    {too_large, "wmarks_high"},
    {contradiction, "aggr_interval"},
    {no_word, ""},
    {no_scheme, ""},
    {bad_filter, "filters[1].type"},
    {bad_range, "target.ranges[1]"},
    {bad_goal, "scheme.quota.goals[1].target"},
    {bad_exclusion, "exclusions[0].pid"},
    {set_name, "name"},
    {add_target, "target"},
};

/* Programs are told what an error is about, too, and it goes with the text. */
TEST_CASES(test_culprit, NUMBER_OF(culprits))
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);

    ck_assert_str_eq(damon_reclaim_last_culprit(ctx), "");
    ck_assert_str_eq(damon_reclaim_last_culprit(NULL), "");
    if (_i % 2)
        ck_assert_int_lt(damon_reclaim_set(ctx, "nonsense", "1"), 0);
    ck_assert_int_lt(culprits[_i].call(ctx, NULL), 0);
    ck_assert_str_eq(damon_reclaim_last_culprit(ctx), culprits[_i].culprit);
    ck_assert_int_eq(strncmp(damon_reclaim_last_error(ctx), culprits[_i].culprit, strlen(culprits[_i].culprit)), 0);
}

/* What a backend says that it can do is known, or refused. */
TEST(test_unknown_bits)
{
    struct damon_reclaim_config config = scripted_config(&s);
    struct damon_reclaim *ctx = NULL;
    char error[200];

    config.error = error;
    config.error_size = sizeof(error);
    s.ops.features |= 1u << 31;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "config.backend_ops.features: 0x80000000"));
    s.ops.features &= ~(1u << 31);
    s.ops.filters = 1u << 31;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "config.backend_ops.filters: 0x80000000"));
    /* Those that the library applies itself are none of the backend's. */
    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_ADDR;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), -EINVAL);
    s.ops.filters = 1u << DAMON_RECLAIM_FILTER_UNMAPPED;
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    damon_reclaim_unref(ctx);
}

#define ALL_MEMORY (UINT64_C(0) - PAGE)

/* The memory of several targets may be more than 2^64 bytes; the sum says "at least that". */
TEST(test_total_does_not_wrap)
{
    struct damon_reclaim *ctx;

    s.ops.features = 0;
    s.nr_ranges = 1;
    s.ranges[0] = (struct damon_reclaim_range){PAGE, ALL_MEMORY};
    ctx = scripted_new(&s, 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(damon_reclaim_add_target(ctx, target_with(sizeof(target)), NULL), 0);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 3);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, UINT64_MAX);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 1), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, UINT64_MAX);
    ck_assert_int_eq(damon_reclaim_remove_target(ctx, 2), 0);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, ALL_MEMORY - PAGE);
    reclaim_aggregate(ctx, 1);
    ck_assert_uint_eq(reclaim_stats(ctx).monitored_bytes, ALL_MEMORY - PAGE);
}

static uint64_t nr_marked;

static int count_mark(void *backend, uint32_t target_id, uint64_t start, uint64_t end)
{
    (void)backend, (void)target_id;
    nr_marked += end - start;
    return 0;
}

/* A dispatch marks a part of a range that is absurdly large, even when no time passes meanwhile. */
TEST(test_mark_ends)
{
    struct damon_reclaim *ctx;

    s.nr_ranges = 1;
    s.ranges[0] = (struct damon_reclaim_range){0, UINT64_C(1) << 63};
    s.ops.mark = count_mark;
    nr_marked = 0;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=1s");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 12);
    ck_assert_uint_gt(nr_marked, UINT64_C(1) << 40);
    ck_assert_uint_lt(nr_marked, UINT64_C(1) << 50);
}
