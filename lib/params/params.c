/* SPDX-License-Identifier: MIT */
#include "params/params.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/size.h"

#define PREFIX "damon_reclaim."
#define MAX_US (INT64_MAX / 1000) /* still fits when told in ns and added to the time */

/* The table: name, unit, type, default, least and greatest value, what it is for. Everything that parses, prints,
 * documents or offers a parameter reads it. The order is that of the module's document. */
#define SETTING(name_, type_, unit_, default_, min_, max_, doc_)                                                       \
    {                                                                                                                  \
        .info = {sizeof(struct damon_reclaim_param_info),                                                              \
                 #name_,                                                                                               \
                 unit_,                                                                                                \
                 doc_,                                                                                                 \
                 DAMON_RECLAIM_PARAM_##type_,                                                                          \
                 false,                                                                                                \
                 default_,                                                                                             \
                 min_,                                                                                                 \
                 max_},                                                                                                \
        .kind = DRCL_PARAM_SETTING, .offset = offsetof(struct damon_reclaim_params, name_)                             \
    }
#define SWITCH(name_, kind_, doc_)                                                                                     \
    {                                                                                                                  \
        .info =                                                                                                        \
            {sizeof(struct damon_reclaim_param_info), #name_, "bool", doc_, DAMON_RECLAIM_PARAM_BOOL, false, 0, 0, 1}, \
        .kind = kind_                                                                                                  \
    }
#define COUNTER(name_, unit_, bytes_, doc_)                                                                            \
    {                                                                                                                  \
        .info = {sizeof(struct damon_reclaim_param_info),                                                              \
                 #name_,                                                                                               \
                 unit_,                                                                                                \
                 doc_,                                                                                                 \
                 DAMON_RECLAIM_PARAM_UINT,                                                                             \
                 true,                                                                                                 \
                 0,                                                                                                    \
                 0,                                                                                                    \
                 UINT64_MAX},                                                                                          \
        .kind = DRCL_PARAM_COUNTER, .offset = offsetof(struct damon_reclaim_stats, name_), .bytes = bytes_             \
    }

static const struct drcl_param table[] = {
    SWITCH(enabled, DRCL_PARAM_ENABLED, "enable or disable the reclaimer"),
    SWITCH(commit_inputs, DRCL_PARAM_COMMIT, "Y puts the parameters that were set into effect; N again once done"),
    SETTING(min_age, UINT, "us", 120000000, 0, MAX_US, "memory not accessed for this long is cold and reclaimed"),
    SETTING(quota_ms, UINT, "ms", 10, 0, MAX_US / 1000, "time limit of reclaiming in a window; 0: none"),
    SETTING(quota_sz, UINT, "bytes", 134217728, 0, UINT64_MAX, "size limit of reclaiming in a window; 0: none"),
    SETTING(quota_reset_interval_ms, UINT, "ms", 1000, 1, MAX_US / 1000,
            "length of the window that the limits are for"),
    SETTING(quota_mem_pressure_us, UINT, "us", 0, 0, MAX_US,
            "memory pressure (some, us a window) that the quota is tuned to; 0: off"),
    SETTING(quota_autotune_feedback, UINT, "bp", 0, 0, DRCL_MAX_FEEDBACK,
            "score of the host program, 10000 being the goal, that the quota is tuned by; 0: off"),
    SETTING(wmarks_interval, UINT, "us", 5000000, 1, MAX_US,
            "time between two looks at the watermarks while they keep the reclaimer inactive"),
    SETTING(wmarks_high, UINT, "permille", 500, 0, 1000, "free memory above which the reclaimer is inactive"),
    SETTING(wmarks_mid, UINT, "permille", 400, 0, 1000, "free memory at which the reclaimer becomes active"),
    SETTING(wmarks_low, UINT, "permille", 200, 0, 1000, "free memory below which the reclaimer is inactive"),
    SETTING(sample_interval, UINT, "us", 5000, 1, MAX_US, "time between two samples of the memory"),
    SETTING(aggr_interval, UINT, "us", 100000, 1, MAX_US, "time over which samples are added up"),
    SETTING(autotune_monitoring_intervals, BOOL, "bool", 0, 0, 1,
            "tune sample_interval and aggr_interval to what is observed"),
    SETTING(min_nr_regions, UINT, "regions", 10, 3, INT32_MAX / 2, "least number of regions"),
    SETTING(max_nr_regions, UINT, "regions", 1000, 3, INT32_MAX / 2, "greatest number of regions"),
    SETTING(monitor_region_start, UINT, "address", 0, 0, UINT64_MAX,
            "where the watched memory begins, in addr_unit; 0 with monitor_region_end 0: chosen automatically"),
    SETTING(monitor_region_end, UINT, "address", 0, 0, UINT64_MAX, "where the watched memory ends, in addr_unit"),
    SETTING(addr_unit, UINT, "bytes", 1, 1, UINT64_MAX,
            "unit of monitor_region_start and _end and of the counters of bytes; a power of two below the page size"),
    SETTING(skip_anon, BOOL, "bool", 0, 0, 1, "leave anonymous pages alone"),
    {.info = {sizeof(struct damon_reclaim_param_info), "kdamond_pid", "pid",
              "the thread that does the work while enabled, else -1", DAMON_RECLAIM_PARAM_INT, true, -1, 0, INT32_MAX},
     .kind = DRCL_PARAM_KDAMOND_PID},
    COUNTER(nr_reclaim_tried_regions, "regions", false, "regions that were tried to be reclaimed"),
    COUNTER(bytes_reclaim_tried_regions, "bytes", true, "bytes that were tried to be reclaimed"),
    COUNTER(nr_reclaimed_regions, "regions", false, "regions of which at least a part was reclaimed"),
    COUNTER(bytes_reclaimed_regions, "bytes", true, "bytes that were reclaimed"),
    COUNTER(nr_quota_exceeds, "windows", false, "windows in which the limits were reached"),
};

const struct drcl_param *drcl_param_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? &table[index] : NULL;
}

const struct drcl_param *drcl_param_find(const char *name)
{
    const struct drcl_param *param;

    if (!strncmp(name, PREFIX, strlen(PREFIX)))
        name += strlen(PREFIX);
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++)
        if (!strcmp(param->info.name, name))
            return param;
    return NULL;
}

size_t damon_reclaim_param_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

int damon_reclaim_param_describe(size_t index, struct damon_reclaim_param_info *ret_info)
{
    const struct drcl_param *param = drcl_param_at(index);

    if (!param || !ret_info)
        return -EINVAL;
    return drcl_size_give(ret_info, ret_info->size, &param->info, sizeof(param->info));
}

/* --- values as text ------------------------------------------------------------------------------------------ */

struct suffix {
    const char *text;
    uint64_t factor;
};

/* In microseconds, and in bytes. */
static const struct suffix times[] = {{"us", 1},         {"ms", 1000},       {"s", 1000000},
                                      {"min", 60000000}, {"h", 3600000000u}, {"d", UINT64_C(86400000000)},
                                      {NULL, 0}};
static const struct suffix sizes[] = {{"B", 1},
                                      {"K", UINT64_C(1) << 10},
                                      {"KiB", UINT64_C(1) << 10},
                                      {"M", UINT64_C(1) << 20},
                                      {"MiB", UINT64_C(1) << 20},
                                      {"G", UINT64_C(1) << 30},
                                      {"GiB", UINT64_C(1) << 30},
                                      {"T", UINT64_C(1) << 40},
                                      {"TiB", UINT64_C(1) << 40},
                                      {NULL, 0}};

/* What a value with a unit of its own is multiplied by and divided by; false for a unit that the parameter does not
 * know. */
static bool find_suffix(const char *unit, const char *text, uint64_t *ret_mul, uint64_t *ret_div)
{
    bool us = !strcmp(unit, "us"), ms = !strcmp(unit, "ms");
    const struct suffix *suffix = NULL;

    if (us || ms)
        suffix = times;
    else if (!strcmp(unit, "bytes") || !strcmp(unit, "address"))
        suffix = sizes;
    for (; suffix && suffix->text; suffix++) {
        if (strcmp(suffix->text, text))
            continue;
        *ret_mul = suffix->factor;
        *ret_div = ms ? 1000 : 1;
        return true;
    }
    return false;
}

static const char *suffix_help(const char *unit)
{
    if (!strcmp(unit, "us") || !strcmp(unit, "ms"))
        return ", or with us, ms, s, min, h or d behind it";
    if (!strcmp(unit, "bytes") || !strcmp(unit, "address"))
        return ", or with KiB, MiB, GiB or TiB behind it";
    return "";
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Takes a decimal, 0x or octal number from the front. 0, -EINVAL if there is none, -ERANGE if it overflows. */
static int take_number(const char **text, uint64_t *ret_value)
{
    const char *at = *text;
    int base = 10;
    uint64_t value = 0;

    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    } else if (at[0] == '0') {
        base = 8;
    }
    if (digit_of(*at) >= base)
        return -EINVAL;
    for (; digit_of(*at) < base; at++) {
        if (value > (UINT64_MAX - (uint64_t)digit_of(*at)) / (uint64_t)base)
            return -ERANGE;
        value = value * (uint64_t)base + (uint64_t)digit_of(*at);
    }
    *text = at;
    *ret_value = value;
    return 0;
}

/* The length without one newline at the end, which "echo 1 > file" leaves there. */
static size_t length_of_line(const char *text)
{
    size_t n = strlen(text);

    return n && text[n - 1] == '\n' ? n - 1 : n;
}

static int parse_bool(struct drcl_env *env, const struct drcl_param *param, const char *text, uint64_t *ret_value)
{
    static const char *const words[2][6] = {{"n", "N", "0", "off", "f", "F"}, {"y", "Y", "1", "on", "t", "T"}};
    size_t len = length_of_line(text);

    for (uint64_t value = 0; value < 2; value++) {
        for (size_t i = 0; i < 6; i++) {
            if (strlen(words[value][i]) == len && !strncmp(text, words[value][i], len)) {
                *ret_value = value;
                return 0;
            }
        }
    }
    return drcl_error(env, -EINVAL, "%s: \"%.*s\" is not a switch; write Y (y 1 on T) or N (n 0 off F)",
                      param->info.name, (int)(len < 40 ? len : 40), text);
}

static int out_of_range(struct drcl_env *env, const struct drcl_param *param, const char *value)
{
    return drcl_error(env, -ERANGE, "%s: %s is out of range; it goes from %llu to %llu %s", param->info.name, value,
                      (unsigned long long)param->info.min, (unsigned long long)param->info.max, param->info.unit);
}

static int parse_number(struct drcl_env *env, const struct drcl_param *param, const char *text, uint64_t *ret_value)
{
    const char *unit = param->info.unit;
    char line[64];
    size_t len = length_of_line(text);
    const char *at = line;
    uint64_t value, mul = 1, div = 1;
    int r;

    snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
    r = len < sizeof(line) ? take_number(&at, &value) : -EINVAL;
    if (r == -ERANGE)
        return out_of_range(env, param, line);
    if (r < 0 || (*at && !find_suffix(unit, at, &mul, &div)))
        return drcl_error(env, -EINVAL, "%s: \"%s\" is not a number of %s; write digits, 0x or octal%s",
                          param->info.name, line, unit, suffix_help(unit));
    if (value > UINT64_MAX / mul)
        return out_of_range(env, param, line);
    if (value * mul % div)
        return drcl_error(env, -EINVAL, "%s: %s is not a whole number of %s", param->info.name, line, unit);
    value = value * mul / div;
    if (value < param->info.min || value > param->info.max)
        return out_of_range(env, param, line);
    *ret_value = value;
    return 0;
}

int drcl_param_parse(struct drcl_env *env, const struct drcl_param *param, const char *text, uint64_t *ret_value)
{
    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return parse_bool(env, param, text, ret_value);
    return parse_number(env, param, text, ret_value);
}

/* --- values in the struct ------------------------------------------------------------------------------------ */

uint64_t drcl_param_get(const struct drcl_param *param, const struct damon_reclaim_params *params)
{
    const char *member = (const char *)params + param->offset;

    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return *(const bool *)(const void *)member;
    return *(const uint64_t *)(const void *)member;
}

void drcl_param_set(const struct drcl_param *param, struct damon_reclaim_params *params, uint64_t value)
{
    char *member = (char *)params + param->offset;

    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        *(bool *)(void *)member = value != 0;
    else
        *(uint64_t *)(void *)member = value;
}

static void set_defaults(struct damon_reclaim_params *params)
{
    const struct drcl_param *param;

    memset(params, 0, sizeof(*params));
    params->size = sizeof(*params);
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++)
        if (param->kind == DRCL_PARAM_SETTING)
            drcl_param_set(param, params, (uint64_t)param->info.default_value);
}

int damon_reclaim_params_init(struct damon_reclaim_params *params)
{
    struct damon_reclaim_params defaults;

    if (!params)
        return -EINVAL;
    set_defaults(&defaults);
    return drcl_size_give(params, params->size, &defaults, sizeof(defaults));
}

/* --- what goes together -------------------------------------------------------------------------------------- */

int drcl_params_check_ranges(struct drcl_env *env, const struct damon_reclaim_params *params)
{
    const struct drcl_param *param;

    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++) {
        uint64_t value;

        if (param->kind != DRCL_PARAM_SETTING)
            continue;
        value = drcl_param_get(param, params);
        if (value < param->info.min || value > param->info.max) {
            char text[24];

            snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
            return out_of_range(env, param, text);
        }
    }
    return 0;
}

static int validate_region(struct drcl_env *env, const struct damon_reclaim_params *p)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    if (p->addr_unit < page && (p->addr_unit & (p->addr_unit - 1)))
        return drcl_error(env, -EINVAL,
                          "addr_unit: %llu is not a power of two, as it must be below the page size of %llu",
                          (unsigned long long)p->addr_unit, (unsigned long long)page);
    if (!p->monitor_region_start && !p->monitor_region_end)
        return 0;
    if (!p->monitor_region_end)
        return drcl_error(env, -EINVAL, "monitor_region_end: 0, but monitor_region_start is 0x%llx; set both",
                          (unsigned long long)p->monitor_region_start);
    if (p->monitor_region_start >= p->monitor_region_end)
        return drcl_error(env, -EINVAL, "monitor_region_start: 0x%llx is not below monitor_region_end 0x%llx",
                          (unsigned long long)p->monitor_region_start, (unsigned long long)p->monitor_region_end);
    if (p->monitor_region_end > UINT64_MAX / p->addr_unit)
        return drcl_error(env, -EINVAL, "monitor_region_end: 0x%llx times addr_unit %llu is beyond 64 bits",
                          (unsigned long long)p->monitor_region_end, (unsigned long long)p->addr_unit);
    return 0;
}

int drcl_params_validate(struct drcl_env *env, const struct damon_reclaim_params *p)
{
    int r = drcl_params_check_ranges(env, p);

    if (r < 0)
        return r;
    if (p->aggr_interval < p->sample_interval)
        return drcl_error(env, -EINVAL, "aggr_interval: %llu us is below sample_interval %llu us",
                          (unsigned long long)p->aggr_interval, (unsigned long long)p->sample_interval);
    if (p->aggr_interval / p->sample_interval > INT32_MAX / 100)
        return drcl_error(
            env, -EINVAL, "aggr_interval: %llu us are too many samples of sample_interval %llu us; at most %d",
            (unsigned long long)p->aggr_interval, (unsigned long long)p->sample_interval, INT32_MAX / 100);
    if (p->min_nr_regions > p->max_nr_regions)
        return drcl_error(env, -EINVAL, "min_nr_regions: %llu is above max_nr_regions %llu",
                          (unsigned long long)p->min_nr_regions, (unsigned long long)p->max_nr_regions);
    if (p->wmarks_mid > p->wmarks_high)
        return drcl_error(env, -EINVAL, "wmarks_mid: %llu is above wmarks_high %llu", (unsigned long long)p->wmarks_mid,
                          (unsigned long long)p->wmarks_high);
    if (p->wmarks_low > p->wmarks_mid)
        return drcl_error(env, -EINVAL, "wmarks_low: %llu is above wmarks_mid %llu", (unsigned long long)p->wmarks_low,
                          (unsigned long long)p->wmarks_mid);
    return validate_region(env, p);
}
