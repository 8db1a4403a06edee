/* SPDX-License-Identifier: MIT */
#include "base/names.h"

#include <errno.h>
#include <string.h>

#include "base/filters.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- what is a feature, too: the name stands behind the colon ----------------------------------------------------- */

static const char *const actions[] = {
    [DAMON_RECLAIM_ACTION_PAGEOUT] = "action:pageout",
    [DAMON_RECLAIM_ACTION_COLD] = "action:cold",
    [DAMON_RECLAIM_ACTION_STAT] = "action:stat",
};
_Static_assert(LENGTH(actions) == DRCL_NR_ACTIONS, "each action has a name");

#define FILTER_FEATURE(x, type, name, ...) [DAMON_RECLAIM_FILTER_##type] = "filter:" name,
static const char *const filters[] = {DRCL_FILTERS(FILTER_FEATURE, FILTER_FEATURE, )};
_Static_assert(LENGTH(filters) == DRCL_NR_FILTER_TYPES, "the values of the enum follow one another");

static const char *const metrics[] = {
    [DAMON_RECLAIM_GOAL_USER_INPUT] = "goal:user_input",
    [DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US] = "goal:some_mem_psi_us",
};
_Static_assert(LENGTH(metrics) == DRCL_NR_GOAL_METRICS, "each metric of a goal has a name");

static const char *const tuners[] = {
    [DAMON_RECLAIM_TUNER_CONSIST] = "tuner:consist",
    [DAMON_RECLAIM_TUNER_TEMPORAL] = "tuner:temporal",
};
_Static_assert(LENGTH(tuners) == DRCL_NR_GOAL_TUNERS, "each tuner has a name");

static const char *const others[] = {"autotune:monitoring_intervals"};

static const char *const exclusions[] = {
    [DAMON_RECLAIM_EXCLUDE_PID] = "exclude:pid",
    [DAMON_RECLAIM_EXCLUDE_CGROUP] = "exclude:cgroup",
    [DAMON_RECLAIM_EXCLUDE_RANGE] = "exclude:range",
    [DAMON_RECLAIM_EXCLUDE_COMMAND] = "exclude:command",
};
_Static_assert(LENGTH(exclusions) == DRCL_NR_EXCLUSION_TYPES, "each type of exclusion has a name");

static const struct {
    const char *const *names;
    size_t n;
} features[] = {
    {actions, LENGTH(actions)}, {filters, LENGTH(filters)}, {metrics, LENGTH(metrics)},
    {tuners, LENGTH(tuners)},   {others, LENGTH(others)},   {exclusions, LENGTH(exclusions)},
};

const char *drcl_common_feature(size_t index)
{
    for (size_t i = 0; i < LENGTH(features); i++) {
        if (index < features[i].n)
            return features[i].names[index];
        index -= features[i].n;
    }
    return NULL;
}

static const char *name_of_feature(const char *const *list, size_t n, size_t value)
{
    return value < n ? strchr(list[value], ':') + 1 : NULL;
}

/* The value whose feature is called @name, or -ENOENT. */
static int find_feature(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name_of_feature(list, n, i), name))
            return (int)i;
    return -ENOENT;
}

const char *damon_reclaim_action_name(uint32_t action)
{
    return name_of_feature(actions, LENGTH(actions), action);
}

const char *damon_reclaim_filter_name(uint32_t type)
{
    return name_of_feature(filters, LENGTH(filters), type);
}

int damon_reclaim_filter_from_name(const char *name, uint32_t *ret_type)
{
    int r = name && ret_type ? find_feature(filters, LENGTH(filters), name) : -EINVAL;

    if (r < 0)
        return r;
    *ret_type = (uint32_t)r;
    return 0;
}

const char *damon_reclaim_goal_metric_name(uint32_t metric)
{
    return name_of_feature(metrics, LENGTH(metrics), metric);
}

const char *damon_reclaim_goal_tuner_name(uint32_t tuner)
{
    return name_of_feature(tuners, LENGTH(tuners), tuner);
}

const char *damon_reclaim_exclusion_name(uint32_t type)
{
    return name_of_feature(exclusions, LENGTH(exclusions), type);
}

/* --- what is none ------------------------------------------------------------------------------------------------- */

const char *damon_reclaim_state_name(uint32_t state)
{
    static const char *const names[] = {
        [DAMON_RECLAIM_STATE_DISABLED] = "disabled",
        [DAMON_RECLAIM_STATE_INACTIVE] = "inactive",
        [DAMON_RECLAIM_STATE_ACTIVE] = "active",
    };
    _Static_assert(LENGTH(names) == DRCL_NR_STATES, "each state has a name");

    return state < LENGTH(names) ? names[state] : NULL;
}

const char *damon_reclaim_reason_name(uint32_t reason)
{
    static const char *const names[] = {
        [DAMON_RECLAIM_REASON_REQUESTED] = "requested",
        [DAMON_RECLAIM_REASON_WMARK_HIGH] = "wmark_high",
        [DAMON_RECLAIM_REASON_WMARK_MID] = "wmark_mid",
        [DAMON_RECLAIM_REASON_WMARK_LOW] = "wmark_low",
        [DAMON_RECLAIM_REASON_INVALID_PARAMETERS] = "invalid_parameters",
        [DAMON_RECLAIM_REASON_NO_TARGET] = "no_target",
        [DAMON_RECLAIM_REASON_BACKEND] = "backend",
    };
    _Static_assert(LENGTH(names) == DRCL_NR_REASONS, "each reason has a name");

    return reason < LENGTH(names) ? names[reason] : NULL;
}

/* By syslog's numbers, of which some are not used. */
static const char *const levels[] = {
    [DAMON_RECLAIM_LOG_ERROR] = "error",
    [DAMON_RECLAIM_LOG_WARNING] = "warning",
    [DAMON_RECLAIM_LOG_INFO] = "info",
    [DAMON_RECLAIM_LOG_DEBUG] = "debug",
};
_Static_assert(LENGTH(levels) == DRCL_NR_LOG_LEVELS, "each level has a name");

const char *damon_reclaim_log_level_name(uint32_t level)
{
    return level < LENGTH(levels) ? levels[level] : NULL;
}

int damon_reclaim_log_level_from_name(const char *name, uint32_t *ret_level)
{
    if (!name || !ret_level)
        return -EINVAL;
    for (size_t i = 0; i < LENGTH(levels); i++) {
        if (levels[i] && !strcmp(levels[i], name)) {
            *ret_level = (uint32_t)i;
            return 0;
        }
    }
    return -ENOENT;
}
