/* SPDX-License-Identifier: MIT */
#include "common/exclusion.h"

#include "common/units.h"

bool exclusion_parse(enum damon_reclaim_exclusion_type type, const char *text, struct damon_reclaim_exclusion *ret)
{
    struct damon_reclaim_exclusion item = {.type = type};
    bool good = false;

    switch (type) {
    case DAMON_RECLAIM_EXCLUDE_PID:
        good = units_parse_pid(text, &item.pid);
        break;
    case DAMON_RECLAIM_EXCLUDE_CGROUP:
        item.cgroup = text;
        good = *text != '\0';
        break;
    case DAMON_RECLAIM_EXCLUDE_RANGE:
        good = units_parse_range(text, &item.range.start, &item.range.end) && item.range.start < item.range.end;
        break;
    case DAMON_RECLAIM_EXCLUDE_COMMAND:
        item.command = text;
        good = *text != '\0';
        break;
    }
    if (good)
        *ret = item;
    return good;
}
