/* SPDX-License-Identifier: MIT */
/* Sets of parameters without a context, lines of words, and numbers with units. What a value may look like is tested in
 * test_params.c. */
#include <errno.h>
#include <stdio.h>

#include "scripted.h"

static struct scripted s;

static struct damon_reclaim_params defaults(void)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    ck_assert_int_eq(damon_reclaim_params_init(&params), 0);
    return params;
}

/* --- one parameter ---------------------------------------------------------------------------------------------- */

TEST(test_set_and_get)
{
    struct damon_reclaim_params params = defaults();
    char text[32], error[64] = "untouched";

    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", "5s", error, sizeof(error)), 0);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "damon_reclaim.quota_sz", "1GiB", NULL, 0), 0);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "skip_anon", "Y", NULL, 0), 0);
    ck_assert_str_eq(error, "untouched");
    ck_assert_uint_eq(params.min_age, 5000000);
    ck_assert_uint_eq(params.quota_sz, UINT64_C(1) << 30);
    ck_assert_int_eq(params.skip_anon, true);
    ck_assert_uint_eq(params.quota_ms, 10);
    ck_assert_int_eq(damon_reclaim_params_get(&params, "min_age", text, sizeof(text)), 7);
    ck_assert_str_eq(text, "5000000");
    ck_assert_int_eq(damon_reclaim_params_get(&params, "skip_anon", text, sizeof(text)), 1);
    ck_assert_str_eq(text, "Y");
    ck_assert_int_eq(damon_reclaim_params_get(&params, "min_age", text, 3), 7);
    ck_assert_str_eq(text, "50");
    ck_assert_int_eq(damon_reclaim_params_get(&params, "min_age", NULL, 0), 7);
}

static const struct refused {
    const char *name, *value;
    int error;
    const char *text;
} refused[] = {
    {"min_ag", "1", -ENOENT, "min_ag: there is no such parameter"},
    {"min_age", "5x", -EINVAL, "min_age: \"5x\" is not a number of us"},
    {"wmarks_low", "1001", -ERANGE, "wmarks_low: 1001 is out of range"},
    {"kdamond_pid", "1", -EACCES, "kdamond_pid: can only be read"},
    {"enabled", "Y", -EOPNOTSUPP, "enabled: acts on a context"},
    {"commit_inputs", "Y", -EOPNOTSUPP, "commit_inputs: acts on a context"},
    {"enabled", "perhaps", -EINVAL, "enabled: \"perhaps\" is not a switch"},
};

TEST_CASES(test_refused, NUMBER_OF(refused))
{
    const struct refused *c = &refused[_i];
    struct damon_reclaim_params params = defaults(), before = params;
    char error[256] = "", line[64];

    ck_assert_int_eq(damon_reclaim_params_set(&params, c->name, c->value, error, sizeof(error)), c->error);
    ck_assert_ptr_eq(strstr(error, c->text), error);
    ck_assert_mem_eq(&params, &before, sizeof(params));
    /* The same in a line, behind a word that is good. */
    error[0] = '\0';
    snprintf(line, sizeof(line), "quota_ms=7 %s=%s", c->name, c->value);
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, line, error, sizeof(error)), c->error);
    ck_assert_ptr_eq(strstr(error, c->text), error);
    ck_assert_mem_eq(&params, &before, sizeof(params));
    /* The text is cut off where there is little room, and not wanted by everybody. */
    memset(error, 'x', sizeof(error));
    ck_assert_int_eq(damon_reclaim_params_set(&params, c->name, c->value, error, 5), c->error);
    ck_assert_uint_eq(strlen(error), 4);
    ck_assert_int_eq(error[5], 'x');
    ck_assert_int_eq(damon_reclaim_params_set(&params, c->name, c->value, NULL, 0), c->error);
}

/* An error is one line, whatever it quotes. */
TEST(test_error_is_one_line)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    char error[256] = "";

    ck_assert_int_eq(damon_reclaim_params_init(&params), 0);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min\nage", "1\r", error, sizeof(error)), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "min age"));
    ck_assert_ptr_null(strpbrk(error, "\r\n"));
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", "x\ny", error, sizeof(error)), -EINVAL);
    ck_assert_ptr_null(strpbrk(error, "\r\n"));
}

TEST(test_get_refused)
{
    struct damon_reclaim_params params = defaults();
    char text[8] = "zz";

    ck_assert_int_eq(damon_reclaim_params_get(&params, "nonsense", text, sizeof(text)), -ENOENT);
    ck_assert_int_eq(damon_reclaim_params_get(&params, "enabled", text, sizeof(text)), -EOPNOTSUPP);
    ck_assert_int_eq(damon_reclaim_params_get(&params, "nr_quota_exceeds", text, sizeof(text)), -EOPNOTSUPP);
    ck_assert_str_eq(text, "zz");
}

TEST(test_nothing_given)
{
    struct damon_reclaim_params params = defaults();
    char text[8];
    uint64_t number;

    ck_assert_int_eq(damon_reclaim_params_set(NULL, "min_age", "1", text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set(&params, NULL, "1", text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", "1", NULL, 8), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set_line(NULL, "", text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, "", NULL, 8), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_get(NULL, "min_age", text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_get(&params, NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_get(&params, "min_age", NULL, 8), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_get_line(NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_get_line(&params, NULL, 8), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_check(NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(damon_reclaim_params_check(&params, NULL, 8), -EINVAL);
    ck_assert_int_eq(damon_reclaim_param_find(NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_size(NULL, &number), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_size("1", NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_time(NULL, 1, &number), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_time("1", 1, NULL), -EINVAL);
}

TEST(test_find)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    int index = damon_reclaim_param_find("damon_reclaim.quota_sz");

    ck_assert_int_ge(index, 0);
    ck_assert_int_eq(damon_reclaim_param_describe((size_t)index, &info), 0);
    ck_assert_str_eq(info.name, "quota_sz");
    ck_assert_int_eq(damon_reclaim_param_find("enabled"), 0);
    ck_assert_int_eq(damon_reclaim_param_find("quota"), -ENOENT);
}

/* --- what goes together ------------------------------------------------------------------------------------------ */

TEST(test_check)
{
    struct damon_reclaim_params params = defaults();
    char error[128] = "untouched";

    ck_assert_int_eq(damon_reclaim_params_check(&params, error, sizeof(error)), 0);
    ck_assert_str_eq(error, "untouched");
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, "wmarks_mid=600", NULL, 0), 0);
    ck_assert_int_eq(damon_reclaim_params_check(&params, error, sizeof(error)), -EINVAL);
    ck_assert_str_eq(error, "wmarks_mid: 600 is above wmarks_high 500");
    params = defaults();
    params.wmarks_low = 1001;
    ck_assert_int_eq(damon_reclaim_params_check(&params, error, sizeof(error)), -ERANGE);
    ck_assert_int_eq(damon_reclaim_params_check(&params, NULL, 0), -ERANGE);
}

/* An older caller's struct ends before the last members: these have their defaults, and nothing is written behind it. A
 * newer one's is refused when it asks for what is not known here. */
TEST(test_sizes)
{
    struct {
        struct damon_reclaim_params params;
        unsigned char beyond[8];
    } newer = {.params = defaults()};
    struct damon_reclaim_params params = defaults();
    char error[128] = "", text[32];

    memset(&params.quota_sz, 0x55, sizeof(params) - offsetof(struct damon_reclaim_params, quota_sz));
    params.size = offsetof(struct damon_reclaim_params, quota_sz);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", "1s", error, sizeof(error)), 0);
    ck_assert_uint_eq(params.min_age, 1000000);
    ck_assert_uint_eq(params.quota_sz, UINT64_C(0x5555555555555555));
    ck_assert_int_eq(damon_reclaim_params_check(&params, error, sizeof(error)), 0);
    ck_assert_int_eq(damon_reclaim_params_get(&params, "quota_sz", text, sizeof(text)), 9);
    ck_assert_str_eq(text, "134217728");
    newer.params.size = sizeof(newer);
    ck_assert_int_eq(damon_reclaim_params_set(&newer.params, "min_age", "1s", error, sizeof(error)), 0);
    ck_assert_uint_eq(newer.params.size, sizeof(newer));
    newer.beyond[3] = 1;
    ck_assert_int_eq(damon_reclaim_params_set(&newer.params, "min_age", "2s", error, sizeof(error)), -E2BIG);
    ck_assert_int_eq(damon_reclaim_params_set_line(&newer.params, "min_age=2s", error, sizeof(error)), -E2BIG);
    ck_assert_int_eq(damon_reclaim_params_check(&newer.params, error, sizeof(error)), -E2BIG);
    ck_assert_int_eq(damon_reclaim_params_get(&newer.params, "min_age", text, sizeof(text)), -E2BIG);
    ck_assert_int_eq(damon_reclaim_params_get_line(&newer.params, text, sizeof(text)), -E2BIG);
    ck_assert_uint_eq(newer.params.min_age, 1000000);
    params.size = sizeof(size_t) - 1;
    ck_assert_int_eq(damon_reclaim_params_set(&params, "min_age", "2s", error, sizeof(error)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "size"));
}

/* A member that the caller's struct does not have cannot be set in it. */
TEST(test_member_beyond_the_size)
{
    struct damon_reclaim_params params = defaults();
    char error[128] = "";

    params.size = offsetof(struct damon_reclaim_params, quota_sz);
    ck_assert_int_eq(damon_reclaim_params_set(&params, "quota_sz", "1", error, sizeof(error)), -E2BIG);
    ck_assert_ptr_eq(strstr(error, "quota_sz: "), error);
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, "min_age=1 quota_sz=1", error, sizeof(error)), -E2BIG);
    ck_assert_uint_eq(params.min_age, 120000000);
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

TEST(test_lines)
{
    struct damon_reclaim_params params = defaults(), before = params;

    ck_assert_int_eq(damon_reclaim_params_set_line(&params, "", NULL, 0), 0);
    ck_assert_int_eq(damon_reclaim_params_set_line(&params, " \t\r\n", NULL, 0), 0);
    ck_assert_mem_eq(&params, &before, sizeof(params));
    ck_assert_int_eq(
        damon_reclaim_params_set_line(&params, "\tmin_age=1s  damon_reclaim.quota_ms=0\nmin_age=2s ", NULL, 0), 0);
    ck_assert_uint_eq(params.min_age, 2000000);
    ck_assert_uint_eq(params.quota_ms, 0);
}

static const struct no_line {
    const char *line, *text;
} no_lines[] = {
    {"min_age=1s quota_ms", "\"quota_ms\" is not NAME=VALUE"},
    {"min_age=1s =5", "\"=5\" is not NAME=VALUE"},
    {"min_age=1s quota_ms = 5", "\"quota_ms\" is not NAME=VALUE"},
    {"min_age=1s quota_ms=", "quota_ms: \"\" is not a number of ms"},
    {"min_age=1s quota_ms=1=2", "quota_ms: \"1=2\" is not a number of ms"},
    {"min_age=1s,quota_ms=1", "min_age: \"1s,quota_ms=1\" is not a number of us"},
    {"min_age=1s 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789=1",
     "\"0123456789012345678901234567890123456789...\" is too long for NAME=VALUE"},
};

TEST_CASES(test_no_line, NUMBER_OF(no_lines))
{
    struct damon_reclaim_params params = defaults(), before = params;
    char error[256] = "";

    ck_assert_int_eq(damon_reclaim_params_set_line(&params, no_lines[_i].line, error, sizeof(error)), -EINVAL);
    ck_assert_ptr_eq(strstr(error, no_lines[_i].text), error);
    ck_assert_mem_eq(&params, &before, sizeof(params));
}

TEST(test_printed_line_is_read_again)
{
    struct damon_reclaim_params params = defaults(), again = defaults();
    char line[1024], little[16];
    int len;

    ck_assert_int_eq(damon_reclaim_params_set_line(&params, "min_age=7s skip_anon=Y monitor_region_end=1GiB", NULL, 0),
                     0);
    len = damon_reclaim_params_get_line(&params, line, sizeof(line));
    ck_assert_int_eq(len, (int)strlen(line));
    ck_assert_ptr_eq(strstr(line, "min_age=7000000 quota_ms=10 quota_sz=134217728 "), line);
    ck_assert_int_eq(damon_reclaim_params_set_line(&again, line, NULL, 0), 0);
    ck_assert_mem_eq(&params, &again, sizeof(params));
    ck_assert_int_eq(damon_reclaim_params_get_line(&params, little, sizeof(little)), len);
    ck_assert_str_eq(little, "min_age=7000000");
    ck_assert_int_eq(damon_reclaim_params_get_line(&params, little, 1), len);
    ck_assert_str_eq(little, "");
    ck_assert_int_eq(damon_reclaim_params_get_line(&params, NULL, 0), len);
}

/* --- lines for a context ------------------------------------------------------------------------------------------ */

static void is(struct damon_reclaim *ctx, const char *name, const char *value)
{
    char text[32];

    ck_assert_int_ge(damon_reclaim_get(ctx, name, text, sizeof(text)), 0);
    ck_assert_str_eq(text, value);
}

TEST(test_line_of_a_context)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "min_age=5s quota_sz=1GiB wmarks_low=0"), 0);
    is(ctx, "min_age", "5000000");
    is(ctx, "quota_sz", "1073741824");
    is(ctx, "wmarks_low", "0");
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=6s quota_sz=lots"), -EINVAL, "quota_sz: \"lots\"");
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=6s nonsense=1"), -ENOENT, "nonsense");
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=6s kdamond_pid=1"), -EACCES, "kdamond_pid");
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=6s enabled"), -EINVAL, "\"enabled\" is not NAME=VALUE");
    is(ctx, "min_age", "5000000");
    is(ctx, "enabled", "N");
    ck_assert_int_eq(damon_reclaim_set_line(ctx, NULL), -EINVAL);
    ck_assert_int_eq(damon_reclaim_set_line(NULL, ""), -EINVAL);
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}

/* The switches act when all is staged, wherever they stand. */
TEST(test_switches_in_a_line)
{
    struct damon_reclaim_params active = {.size = sizeof(active)};
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, 0);
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "enabled=Y min_age=5s wmarks_high=1000"), 0);
    is(ctx, "enabled", "Y");
    damon_reclaim_get_active_params(ctx, &active);
    ck_assert_uint_eq(active.min_age, 5000000);
    ck_assert_uint_eq(active.wmarks_high, 1000);
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "commit_inputs=Y min_age=6s"), 0);
    damon_reclaim_get_active_params(ctx, &active);
    ck_assert_uint_eq(active.min_age, 6000000);
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "min_age=7s commit_inputs=N enabled=Y"), 0);
    damon_reclaim_get_active_params(ctx, &active);
    ck_assert_uint_eq(active.min_age, 6000000);
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "enabled=Y enabled=N"), 0);
    is(ctx, "enabled", "N");
    is(ctx, "min_age", "7000000");
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}

/* What cannot run is not staged either. */
TEST(test_switch_fails)
{
    struct damon_reclaim *ctx;

    scripted_init(&s);
    ctx = scripted_new(&s, DAMON_RECLAIM_KEEP_ON_INVALID);
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=5s wmarks_mid=900 enabled=Y"), -EINVAL, "wmarks_mid");
    is(ctx, "enabled", "N");
    is(ctx, "min_age", "120000000");
    is(ctx, "wmarks_mid", "400");
    ck_assert_int_eq(damon_reclaim_set_line(ctx, "enabled=Y"), 0);
    expect_error(ctx, damon_reclaim_set_line(ctx, "min_age=5s wmarks_mid=900 commit_inputs=Y enabled=N"), -EINVAL,
                 "wmarks_mid");
    is(ctx, "enabled", "Y");
    is(ctx, "wmarks_mid", "400");
    damon_reclaim_unref(ctx);
    scripted_fini(&s);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

TEST(test_sizes_as_text)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"010", 10},
        {"0x10", 16},
        {"7B", 7},
        {"2K", 2048},
        {"2KiB", 2048},
        {"3M", UINT64_C(3) << 20},
        {"3MiB", UINT64_C(3) << 20},
        {"4G", UINT64_C(4) << 30},
        {"4GiB", UINT64_C(4) << 30},
        {"5T", UINT64_C(5) << 40},
        {"5TiB", UINT64_C(5) << 40},
        {"0x10MiB", UINT64_C(16) << 20},
        {"1.5KiB", 1536},
        {"010.5KiB", 10752},
        {"0.1GiB", 107374182},
        {"16777215.999999999999999999999999TiB", UINT64_MAX},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {"",   " 1",    "1 ",  "-1",   "+1",    "1kb",   "1KB",      "1s",      "MiB",
                                      "0x", "1 MiB", "1.5", "1.5B", ".5KiB", "1.KiB", "0x1.8KiB", "1.5.5KiB"};
    uint64_t bytes = 12345;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_int_eq(damon_reclaim_parse_size(good[i].text, &bytes), 0);
        ck_assert_uint_eq(bytes, good[i].bytes);
    }
    bytes = 12345;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(damon_reclaim_parse_size(bad[i], &bytes), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_size("18446744073709551616", &bytes), -ERANGE);
    ck_assert_int_eq(damon_reclaim_parse_size("16777216TiB", &bytes), -ERANGE);
    ck_assert_uint_eq(bytes, 12345);
}

TEST(test_times_as_text)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {"7", UINT64_C(7000000000)},
        {"7us", 7000},
        {"7ms", 7000000},
        {"7s", UINT64_C(7000000000)},
        {"2min", UINT64_C(120000000000)},
        {"1h", UINT64_C(3600000000000)},
        {"1d", UINT64_C(86400000000000)},
        {"1.5s", UINT64_C(1500000000)},
        {"1.5", UINT64_C(1500000000)},
        {"0.0015us", 1},
        {"0.333333333333333333333s", 333333333},
        {"0", 0},
    };
    static const char *const bad[] = {"", "1m", "1S", "1 s", "-1s", "s", "1KiB", "1ns", "1.s", ".5s", "1.5.5s", "1,5s"};
    uint64_t ns = 12345;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_int_eq(damon_reclaim_parse_time(good[i].text, 1000000000, &ns), 0);
        ck_assert_uint_eq(ns, good[i].ns);
    }
    ns = 12345;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(damon_reclaim_parse_time(bad[i], 1, &ns), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_time("7", 0, &ns), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_time("18446744073709551616us", 1, &ns), -ERANGE);
    ck_assert_int_eq(damon_reclaim_parse_time("300000d", 1, &ns), -ERANGE);
    ck_assert_uint_eq(ns, 12345);
}

TEST(test_switches_as_text)
{
    static const char *const on[] = {"y", "Y", "yes", "Yes", "YES", "1", "on", "On", "ON", "t", "T", "true", "True"};
    static const char *const off[] = {"n", "N", "no", "No", "NO", "0", "off", "Off", "OFF", "f", "F", "false", "FALSE"};
    static const char *const bad[] = {"", " ", "y ", " y", "ye", "yess", "2", "-1", "tru", "of", "00", "enabled"};
    bool value;

    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
        value = false;
        ck_assert_msg(damon_reclaim_parse_bool(on[i], &value) == 0 && value, "%s", on[i]);
        value = true;
        ck_assert_msg(damon_reclaim_parse_bool(off[i], &value) == 0 && !value, "%s", off[i]);
    }
    value = true;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(damon_reclaim_parse_bool(bad[i], &value) == -EINVAL && value, "%s", bad[i]);
    ck_assert_int_eq(damon_reclaim_parse_bool(NULL, &value), -EINVAL);
    ck_assert_int_eq(damon_reclaim_parse_bool("Y", NULL), -EINVAL);
}
