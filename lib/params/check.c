/* SPDX-License-Identifier: MIT */
#include "params/check.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "params/parse.h"
#include "params/table.h"
#include "base/size.h"

int drcl_params_check_ranges(const struct damon_reclaim_params *params, const struct drcl_error_text *error)
{
    const struct drcl_param *param;

    if (!DRCL_IS_ZERO(params->reserved0))
        return drcl_params_error(error, -E2BIG, "params.reserved0: " DRCL_RESERVED);
    for (size_t i = 0; (param = drcl_param_at(i)) != NULL; i++) {
        uint64_t value;

        if (param->kind != DRCL_PARAM_SETTING)
            continue;
        value = drcl_param_get(param, params);
        if (value < param->info.min || value > param->info.max) {
            char text[24];

            snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
            return drcl_param_out_of_range(param, text, error);
        }
    }
    return 0;
}

static int check_region(const struct damon_reclaim_params *p, const struct drcl_error_text *error)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    if (p->addr_unit < page && (p->addr_unit & (p->addr_unit - 1)))
        return drcl_params_error(error, -EINVAL,
                                 "addr_unit: %llu is not a power of two, as it must be below the page size of %llu",
                                 (unsigned long long)p->addr_unit, (unsigned long long)page);
    if (!p->monitor_region_start && !p->monitor_region_end)
        return 0;
    if (!p->monitor_region_end)
        return drcl_params_error(error, -EINVAL, "monitor_region_end: 0, but monitor_region_start is 0x%llx; set both",
                                 (unsigned long long)p->monitor_region_start);
    if (p->monitor_region_start >= p->monitor_region_end)
        return drcl_params_error(error, -EINVAL, "monitor_region_start: 0x%llx is not below monitor_region_end 0x%llx",
                                 (unsigned long long)p->monitor_region_start,
                                 (unsigned long long)p->monitor_region_end);
    if (p->monitor_region_end > UINT64_MAX / p->addr_unit)
        return drcl_params_error(error, -EINVAL, "monitor_region_end: 0x%llx times addr_unit %llu is beyond 64 bits",
                                 (unsigned long long)p->monitor_region_end, (unsigned long long)p->addr_unit);
    return 0;
}

int drcl_params_check(const struct damon_reclaim_params *p, const struct drcl_error_text *error)
{
    int r = drcl_params_check_ranges(p, error);

    if (r < 0)
        return r;
    if (p->aggr_interval < p->sample_interval)
        return drcl_params_error(error, -EINVAL, "aggr_interval: %llu us is below sample_interval %llu us",
                                 (unsigned long long)p->aggr_interval, (unsigned long long)p->sample_interval);
    if (p->aggr_interval / p->sample_interval > INT32_MAX / 100)
        return drcl_params_error(
            error, -EINVAL, "aggr_interval: %llu us are too many samples of sample_interval %llu us; at most %d",
            (unsigned long long)p->aggr_interval, (unsigned long long)p->sample_interval, INT32_MAX / 100);
    if (p->min_nr_regions > p->max_nr_regions)
        return drcl_params_error(error, -EINVAL, "min_nr_regions: %llu is above max_nr_regions %llu",
                                 (unsigned long long)p->min_nr_regions, (unsigned long long)p->max_nr_regions);
    if (p->wmarks_mid > p->wmarks_high)
        return drcl_params_error(error, -EINVAL, "wmarks_mid: %llu is above wmarks_high %llu",
                                 (unsigned long long)p->wmarks_mid, (unsigned long long)p->wmarks_high);
    if (p->wmarks_low > p->wmarks_mid)
        return drcl_params_error(error, -EINVAL, "wmarks_low: %llu is above wmarks_mid %llu",
                                 (unsigned long long)p->wmarks_low, (unsigned long long)p->wmarks_mid);
    return check_region(p, error);
}
