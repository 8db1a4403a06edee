/* SPDX-License-Identifier: MIT */
#include "params/table.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/size.h"

#define PREFIX "damon_reclaim."
#define MAX_US (INT64_MAX / 1000) /* still fits when told in ns and added to the time */

/* The table: name, unit, type, default, least and greatest value, what it is for. Everything that parses, prints,
 * documents or offers a parameter reads it. The order is that of the module's document. */
#define INFO(name_, unit_, doc_, type_, read_only_, default_, min_, max_)                                              \
    {                                                                                                                  \
        .size = sizeof(struct damon_reclaim_param_info), .name = name_, .unit = unit_, .doc = doc_,                    \
        .type = DAMON_RECLAIM_PARAM_##type_, .read_only = read_only_, .default_value = default_, .min = min_,          \
        .max = max_                                                                                                    \
    }
#define SETTING(name_, type_, unit_, default_, min_, max_, doc_)                                                       \
    {                                                                                                                  \
        .info = INFO(#name_, unit_, doc_, type_, false, default_, min_, max_), .kind = DRCL_PARAM_SETTING,             \
        .offset = offsetof(struct damon_reclaim_params, name_)                                                         \
    }
#define SWITCH(name_, kind_, doc_)                                                                                     \
    {                                                                                                                  \
        .info = INFO(#name_, "bool", doc_, BOOL, false, 0, 0, 1), .kind = kind_                                        \
    }
#define COUNTER(name_, unit_, bytes_, doc_)                                                                            \
    {                                                                                                                  \
        .info = INFO(#name_, unit_, doc_, UINT, true, 0, 0, UINT64_MAX), .kind = DRCL_PARAM_COUNTER,                   \
        .offset = offsetof(struct damon_reclaim_stats, name_), .bytes = bytes_                                         \
    }

static const struct drcl_param table[] = {
    SWITCH(enabled, DRCL_PARAM_ENABLED, "enable or disable the reclaimer"),
    SWITCH(commit_inputs, DRCL_PARAM_COMMIT, "Y puts the staged parameters into effect; it is N again afterwards"),
    SETTING(min_age, UINT, "us", 120000000, 0, MAX_US,
            "memory that was not accessed for this long is cold and is reclaimed"),
    SETTING(quota_ms, UINT, "ms", 10, 0, MAX_US / 1000, "limit of the time spent on reclaiming in a window; 0: none"),
    SETTING(quota_sz, UINT, "bytes", 134217728, 0, UINT64_MAX, "limit of the bytes tried in a window; 0: none"),
    SETTING(quota_reset_interval_ms, UINT, "ms", 1000, 1, MAX_US / 1000, "length of a window of the quota"),
    SETTING(quota_mem_pressure_us, UINT, "us", 0, 0, MAX_US,
            "memory pressure (some, us per window) to which the quota is tuned; 0: off"),
    SETTING(quota_autotune_feedback, UINT, "bp", 0, 0, DRCL_MAX_FEEDBACK,
            "score that the program reports, by which the quota is tuned; the goal is 10000; 0: off"),
    SETTING(wmarks_interval, UINT, "us", 5000000, 1, MAX_US,
            "time between two checks of the watermarks while inactive"),
    SETTING(wmarks_high, UINT, "permille", 500, 0, 1000, "free memory above which the reclaimer is inactive"),
    SETTING(wmarks_mid, UINT, "permille", 400, 0, 1000, "free memory at which the reclaimer becomes active"),
    SETTING(wmarks_low, UINT, "permille", 200, 0, 1000, "free memory below which the reclaimer is inactive"),
    SETTING(sample_interval, UINT, "us", 5000, 1, MAX_US, "time between two samples"),
    SETTING(aggr_interval, UINT, "us", 100000, 1, MAX_US, "length of an aggregation, over which accesses are counted"),
    SETTING(autotune_monitoring_intervals, BOOL, "bool", 0, 0, 1,
            "tune sample_interval and aggr_interval to the observed accesses"),
    SETTING(min_nr_regions, UINT, "regions", 10, 3, INT32_MAX / 2, "least number of regions"),
    SETTING(max_nr_regions, UINT, "regions", 1000, 3, INT32_MAX / 2, "greatest number of regions"),
    SETTING(monitor_region_start, UINT, "address", 0, 0, UINT64_MAX,
            "start of the watched memory, in addr_unit; 0, with monitor_region_end 0: chosen automatically"),
    SETTING(monitor_region_end, UINT, "address", 0, 0, UINT64_MAX, "end of the watched memory, in addr_unit"),
    SETTING(addr_unit, UINT, "bytes", 1, 1, UINT64_MAX,
            "unit of monitor_region_start, monitor_region_end and the counters of bytes; a power of two if below the "
            "page size"),
    SETTING(skip_anon, BOOL, "bool", 0, 0, 1, "do not reclaim anonymous pages"),
    {.info = INFO("kdamond_pid", "pid", "the thread that does the work while enabled, else -1", INT, true, -1, 0,
                  INT32_MAX),
     .kind = DRCL_PARAM_KDAMOND_PID},
    COUNTER(nr_reclaim_tried_regions, "regions", false, "regions of which at least a part was tried"),
    COUNTER(bytes_reclaim_tried_regions, "bytes", true, "bytes that were tried"),
    COUNTER(nr_reclaimed_regions, "regions", false, "regions of which at least a part was reclaimed"),
    COUNTER(bytes_reclaimed_regions, "bytes", true, "bytes that were reclaimed"),
    COUNTER(nr_quota_exceeds, "windows", false, "windows in which the quota was used up"),
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

void drcl_params_defaults(struct damon_reclaim_params *params)
{
    const struct drcl_param *param;

    memset(params, 0, sizeof(*params));
    params->size = sizeof(*params);
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++)
        if (param->kind == DRCL_PARAM_SETTING)
            drcl_param_set(param, params, (uint64_t)param->info.default_value);
}

size_t damon_reclaim_param_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

int damon_reclaim_param_find(const char *name)
{
    const struct drcl_param *param = name ? drcl_param_find(name) : NULL;

    if (!name)
        return -EINVAL;
    return param ? (int)(param - table) : -ENOENT;
}

int damon_reclaim_param_describe(size_t index, struct damon_reclaim_param_info *ret_info)
{
    const struct drcl_param *param = drcl_param_at(index);

    if (!param || !ret_info)
        return -EINVAL;
    return drcl_size_give(ret_info, ret_info->size, &param->info, sizeof(param->info));
}
