/* SPDX-License-Identifier: MIT */
/* The table of parameters: what is in it, and text that is and is not a value. */
#include <errno.h>
#include <stdio.h>

#include "params/table.h"
#include "scripted.h"

static const struct expected {
    const char *name;
    int64_t value;
    const char *unit;
    bool read_only;
} expected[] = {
    {"enabled", 0, "bool", false},
    {"commit_inputs", 0, "bool", false},
    {"min_age", 120000000, "us", false},
    {"quota_ms", 10, "ms", false},
    {"quota_sz", 134217728, "bytes", false},
    {"quota_reset_interval_ms", 1000, "ms", false},
    {"quota_mem_pressure_us", 0, "us", false},
    {"quota_autotune_feedback", 0, "bp", false},
    {"wmarks_interval", 5000000, "us", false},
    {"wmarks_high", 500, "permille", false},
    {"wmarks_mid", 400, "permille", false},
    {"wmarks_low", 200, "permille", false},
    {"sample_interval", 5000, "us", false},
    {"aggr_interval", 100000, "us", false},
    {"autotune_monitoring_intervals", 0, "bool", false},
    {"min_nr_regions", 10, "regions", false},
    {"max_nr_regions", 1000, "regions", false},
    {"monitor_region_start", 0, "address", false},
    {"monitor_region_end", 0, "address", false},
    {"addr_unit", 1, "bytes", false},
    {"skip_anon", 0, "bool", false},
    {"kdamond_pid", -1, "pid", true},
    {"nr_reclaim_tried_regions", 0, "regions", true},
    {"bytes_reclaim_tried_regions", 0, "bytes", true},
    {"nr_reclaimed_regions", 0, "regions", true},
    {"bytes_reclaimed_regions", 0, "bytes", true},
    {"nr_quota_exceeds", 0, "windows", true},
};
enum { NR_EXPECTED = NUMBER_OF(expected) };

SCRIPTED_FIXTURE(s);

static struct damon_reclaim_param_info describe(const char *name)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};

    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++)
        if (!strcmp(info.name, name))
            return info;
    ck_abort_msg("%s is not in the table", name);
    return info;
}

TEST(test_table)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char text[32];

    ck_assert_uint_eq(damon_reclaim_param_count(), NR_EXPECTED);
    for (size_t i = 0; i < NR_EXPECTED; i++) {
        const struct expected *e = &expected[i];
        struct damon_reclaim_param_info info = describe(e->name);
        char value[32];

        ck_assert_int_eq(info.default_value, e->value);
        ck_assert_str_eq(info.unit, e->unit);
        ck_assert_int_eq(info.read_only, e->read_only);
        ck_assert_uint_gt(strlen(info.doc), 10);
        ck_assert_ptr_null(strchr(info.doc, '\n'));
        ck_assert_int_eq(info.type == DAMON_RECLAIM_PARAM_BOOL, !strcmp(e->unit, "bool"));
        ck_assert_int_eq(info.type == DAMON_RECLAIM_PARAM_INT, e->value < 0);
        if (e->value >= 0)
            expect_between((uint64_t)e->value, info.min, info.max);
        snprintf(value, sizeof(value), "%lld", (long long)e->value);
        if (info.type == DAMON_RECLAIM_PARAM_BOOL)
            snprintf(value, sizeof(value), "N");
        ck_assert_int_eq(damon_reclaim_get(ctx, e->name, text, sizeof(text)), (int)strlen(value));
        ck_assert_str_eq(text, value);
    }
}

TEST(test_describe)
{
    struct {
        struct damon_reclaim_param_info info;
        unsigned char beyond[16];
    } large;
    struct damon_reclaim_param_info info;

    memset(&info, 0x55, sizeof(info));
    info.size = offsetof(struct damon_reclaim_param_info, unit);
    ck_assert_int_eq(damon_reclaim_param_describe(2, &info), 0);
    ck_assert_str_eq(info.name, "min_age");
    for (size_t i = info.size; i < sizeof(info); i++)
        ck_assert_uint_eq(((unsigned char *)&info)[i], 0x55);
    memset(&large, 0x55, sizeof(large));
    large.info.size = sizeof(large);
    ck_assert_int_eq(damon_reclaim_param_describe(2, &large.info), 0);
    ck_assert_uint_eq(large.info.size, sizeof(large));
    ck_assert_uint_eq(large.beyond[0] | large.beyond[15], 0);
    info.size = sizeof(size_t) - 1;
    ck_assert_int_eq(damon_reclaim_param_describe(2, &info), -EINVAL);
    info.size = sizeof(info);
    ck_assert_int_eq(damon_reclaim_param_describe(damon_reclaim_param_count(), &info), -EINVAL);
    ck_assert_int_eq(damon_reclaim_param_describe(SIZE_MAX, &info), -EINVAL);
    ck_assert_int_eq(damon_reclaim_param_describe(0, NULL), -EINVAL);
}

static const struct good {
    const char *name, *text, *value;
} goods[] = {
    {"min_age", "0", "0"},
    {"min_age", "7", "7"},
    {"min_age", "007", "7"},
    {"min_age", "010", "8"},
    {"min_age", "0777", "511"},
    {"min_age", "0x1f", "31"},
    {"min_age", "0X1F", "31"},
    {"min_age", "5\n", "5"},
    {"min_age", "30s", "30000000"},
    {"min_age", "30s\n", "30000000"},
    {"min_age", "15ms", "15000"},
    {"min_age", "15us", "15"},
    {"min_age", "2min", "120000000"},
    {"min_age", "1h", "3600000000"},
    {"min_age", "2d", "172800000000"},
    {"min_age", "0x10s", "16000000"},
    {"min_age", "010s", "8000000"},
    {"damon_reclaim.min_age", "9", "9"},
    {"quota_ms", "3s", "3000"},
    {"quota_ms", "2000us", "2"},
    {"quota_ms", "1min", "60000"},
    {"quota_sz", "1GiB", "1073741824"},
    {"quota_sz", "1G", "1073741824"},
    {"quota_sz", "3M", "3145728"},
    {"quota_sz", "1.5GiB", "1610612736"},
    {"quota_sz", "0.1KiB", "102"},
    {"min_age", "1.5s", "1500000"},
    {"min_age", "0.25ms", "250"},
    {"quota_ms", "0.5s", "500"},
    {"skip_anon", "yes", "Y"},
    {"skip_anon", "TRUE", "Y"},
    {"skip_anon", "On", "Y"},
    {"skip_anon", "No\n", "N"},
    {"skip_anon", "false", "N"},
    {"quota_sz", "3MiB", "3145728"},
    {"quota_sz", "4K", "4096"},
    {"quota_sz", "4KiB", "4096"},
    {"quota_sz", "5B", "5"},
    {"quota_sz", "2T", "2199023255552"},
    {"quota_sz", "2TiB", "2199023255552"},
    {"quota_sz", "18446744073709551615", "18446744073709551615"},
    {"quota_sz", "0xffffffffffffffff", "18446744073709551615"},
    {"quota_sz", "01777777777777777777777", "18446744073709551615"},
    {"monitor_region_end", "0x100000000", "4294967296"},
    {"monitor_region_end", "4GiB", "4294967296"},
    {"wmarks_high", "1000", "1000"},
    {"min_nr_regions", "3", "3"},
    {"skip_anon", "Y", "Y"},
    {"skip_anon", "y", "Y"},
    {"skip_anon", "1", "Y"},
    {"skip_anon", "on", "Y"},
    {"skip_anon", "T", "Y"},
    {"skip_anon", "Y\n", "Y"},
    {"skip_anon", "N", "N"},
    {"skip_anon", "n", "N"},
    {"skip_anon", "0", "N"},
    {"skip_anon", "off", "N"},
    {"skip_anon", "F", "N"},
    {"damon_reclaim.skip_anon", "on\n", "Y"},
};

TEST_CASES(test_good, NUMBER_OF(goods))
{
    const struct good *good = &goods[_i];
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char text[32];

    reclaim_set(ctx, "%s=%s", good->name, good->text);
    ck_assert_int_eq(damon_reclaim_get(ctx, good->name, text, sizeof(text)), (int)strlen(good->value));
    ck_assert_str_eq(text, good->value);
}

static const struct bad {
    const char *name, *text;
    int error;
} bads[] = {
    {"min_age", "", -EINVAL},
    {"min_age", "\n", -EINVAL},
    {"min_age", " 5", -EINVAL},
    {"min_age", "5 ", -EINVAL},
    {"min_age", "5\n\n", -EINVAL},
    {"min_age", "5\r\n", -EINVAL},
    {"min_age", "-5", -EINVAL},
    {"min_age", "+5", -EINVAL},
    {"min_age", "5x", -EINVAL},
    {"min_age", "x5", -EINVAL},
    {"min_age", "0x", -EINVAL},
    {"min_age", "0xg", -EINVAL},
    {"min_age", "08", -EINVAL},
    {"min_age", "019", -EINVAL},
    {"min_age", "1.5", -EINVAL},
    {"min_age", "1.s", -EINVAL},
    {"min_age", ".5s", -EINVAL},
    {"min_age", "1.5.5s", -EINVAL},
    {"min_age", "0x1.8s", -EINVAL},
    {"min_age", "010.5s", -EINVAL},
    {"min_age", "0.5us", -EINVAL},
    {"quota_sz", "1.5", -EINVAL},
    {"quota_sz", "1.5B", -EINVAL},
    {"min_nr_regions", "10.0", -EINVAL},
    {"min_age", "1e6", -EINVAL},
    {"min_age", "1,000", -EINVAL},
    {"min_age", "30 s", -EINVAL},
    {"min_age", "30S", -EINVAL},
    {"min_age", "30ss", -EINVAL},
    {"min_age", "s", -EINVAL},
    {"min_age", "30MiB", -EINVAL},
    {"min_age", "18446744073709551616", -ERANGE},
    {"min_age", "0x10000000000000000", -ERANGE},
    {"min_age", "02000000000000000000000", -ERANGE},
    {"min_age", "18446744073709551615", -ERANGE},
    {"min_age", "99999999999999999999999999", -ERANGE},
    {"min_age", "18446744073709551615s", -ERANGE},
    {"min_age", "1000000000000d", -ERANGE},
    {"min_age", "0000000000000000000000000000000000000000000000000000000000000000000000000000001", -EINVAL},
    {"quota_ms", "1us", -EINVAL},
    {"quota_ms", "1500us", -EINVAL},
    {"quota_ms", "1KiB", -EINVAL},
    {"quota_sz", "1s", -EINVAL},
    {"quota_sz", "1KB", -EINVAL},
    {"quota_sz", "16777216TiB", -ERANGE},
    {"quota_sz", "18446744073709551616", -ERANGE},
    {"quota_reset_interval_ms", "0", -ERANGE},
    {"wmarks_high", "1001", -ERANGE},
    {"wmarks_mid", "1001", -ERANGE},
    {"wmarks_low", "1001", -ERANGE},
    {"wmarks_high", "10%", -EINVAL},
    {"wmarks_interval", "0", -ERANGE},
    {"sample_interval", "0", -ERANGE},
    {"aggr_interval", "0", -ERANGE},
    {"min_nr_regions", "2", -ERANGE},
    {"max_nr_regions", "2", -ERANGE},
    {"max_nr_regions", "4294967296", -ERANGE},
    {"addr_unit", "0", -ERANGE},
    {"addr_unit", "18446744073709551616", -ERANGE},
    {"quota_autotune_feedback", "18446744073709551615", -ERANGE},
    {"skip_anon", "", -EINVAL},
    {"skip_anon", "2", -EINVAL},
    {"skip_anon", "yess", -EINVAL},
    {"skip_anon", "yes ", -EINVAL},
    {"skip_anon", "maybe", -EINVAL},
    {"skip_anon", "01", -EINVAL},
    {"skip_anon", "-1", -EINVAL},
    {"skip_anon", "Y ", -EINVAL},
    {"enabled", "maybe", -EINVAL},
    {"commit_inputs", "2", -EINVAL},
    {"kdamond_pid", "1", -EACCES},
    {"nr_quota_exceeds", "0", -EACCES},
    {"bytes_reclaimed_regions", "x", -EACCES},
};

TEST_CASES(test_bad, NUMBER_OF(bads))
{
    const struct bad *bad = &bads[_i];
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char before[32], after[32];

    ck_assert_str_eq(damon_reclaim_last_error(ctx), "");
    damon_reclaim_get(ctx, bad->name, before, sizeof(before));
    expect_error(ctx, damon_reclaim_set(ctx, bad->name, bad->text), bad->error, bad->name);
    damon_reclaim_get(ctx, bad->name, after, sizeof(after));
    ck_assert_str_eq(before, after);
}

TEST(test_unknown)
{
    static const char *const names[] = {"",
                                        "minage",
                                        "min_ag",
                                        "min_agee",
                                        "Min_age",
                                        "min_age ",
                                        "damon_reclaim.",
                                        "damon_lru_sort.min_age",
                                        "damon_reclaim.damon_reclaim.min_age",
                                        "size"};
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char text[8];

    for (size_t i = 0; i < NUMBER_OF(names); i++) {
        expect_error(ctx, damon_reclaim_set(ctx, names[i], "1"), -ENOENT, "no such parameter");
        expect_error(ctx, damon_reclaim_get(ctx, names[i], text, sizeof(text)), -ENOENT, "no such parameter");
    }
    expect_error(ctx, damon_reclaim_set(ctx, "nonsense", "1"), -ENOENT, "nonsense");
    ck_assert_int_eq(damon_reclaim_set(ctx, "min_age", NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set(ctx, NULL, "1"), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set(NULL, "min_age", "1"), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get(ctx, NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get(NULL, "min_age", text, sizeof(text)), -EINVAL);
}

/* Room that is too small cuts the text off, and the length told is that of the whole. */
TEST(test_get_room)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    char text[4] = "zzz";

    ck_assert_int_eq(damon_reclaim_get(ctx, "min_age", NULL, 0), 9);
    ck_assert_int_eq(damon_reclaim_get(ctx, "min_age", NULL, 4), -EINVAL);
    ck_assert_int_eq(damon_reclaim_get(ctx, "min_age", text, 3), 9);
    ck_assert_str_eq(text, "12");
    ck_assert_int_eq(text[3], 0);
}

/* Each parameter takes its least and greatest value and none beyond. */
TEST(test_limits)
{
    struct damon_reclaim *ctx = scripted_new(&s, 0);
    struct damon_reclaim_param_info info = {.size = sizeof(info)};

    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++) {
        char text[32];

        if (info.read_only || info.type != DAMON_RECLAIM_PARAM_UINT)
            continue;
        reclaim_set(ctx, "%s=%" PRIu64, info.name, info.min);
        ck_assert_uint_eq(reclaim_get(ctx, info.name), info.min);
        reclaim_set(ctx, "%s=%" PRIu64, info.name, info.max);
        ck_assert_uint_eq(reclaim_get(ctx, info.name), info.max);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)info.max + 1);
        if (info.max < UINT64_MAX)
            expect_error(ctx, damon_reclaim_set(ctx, info.name, text), -ERANGE, info.name);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)info.min - 1);
        if (info.min)
            expect_error(ctx, damon_reclaim_set(ctx, info.name, text), -ERANGE, info.name);
    }
}
