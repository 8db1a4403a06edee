/* SPDX-License-Identifier: MIT */
/* The names of the public enums, the way back, and the features that are made from them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <damon_reclaim/damon_reclaim.h>

#include "suite.h"

/* All names that an enum has, from 0 up, with blanks between them. */
#define ALL_NAMES(text, function, type)                                                                                \
    do {                                                                                                               \
        const char *all_name;                                                                                          \
        (text)[0] = '\0';                                                                                              \
        for (int all_i = 0; (all_name = function((enum type)all_i)) != NULL; all_i++)                                  \
            snprintf((text) + strlen(text), sizeof(text) - strlen(text), "%s%s", all_i ? " " : "", all_name);          \
    } while (0)

TEST(test_each_value_has_its_name)
{
    char text[256];

    ALL_NAMES(text, damon_reclaim_action_name, damon_reclaim_action);
    ck_assert_str_eq(text, "pageout cold stat");
    ALL_NAMES(text, damon_reclaim_filter_name, damon_reclaim_filter_type);
    ck_assert_str_eq(text, "addr target anon active memcg young hugepage_size unmapped");
    ALL_NAMES(text, damon_reclaim_goal_metric_name, damon_reclaim_goal_metric);
    ck_assert_str_eq(text, "user_input some_mem_psi_us");
    ALL_NAMES(text, damon_reclaim_goal_tuner_name, damon_reclaim_goal_tuner);
    ck_assert_str_eq(text, "consist temporal");
    ALL_NAMES(text, damon_reclaim_exclusion_name, damon_reclaim_exclusion_type);
    ck_assert_str_eq(text, "pid cgroup range command");
    ALL_NAMES(text, damon_reclaim_state_name, damon_reclaim_state);
    ck_assert_str_eq(text, "disabled inactive active");
    ALL_NAMES(text, damon_reclaim_reason_name, damon_reclaim_reason);
    ck_assert_str_eq(text, "requested wmark_high wmark_mid wmark_low invalid_parameters no_target backend");
}

TEST(test_a_number_that_is_none_has_no_name)
{
    ck_assert_ptr_null(damon_reclaim_action_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_filter_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_goal_metric_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_goal_tuner_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_exclusion_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_state_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_reason_name(UINT32_MAX));
    ck_assert_ptr_null(damon_reclaim_log_level_name(UINT32_MAX));
}

TEST(test_log_levels)
{
    static const char *const names[9] = {[3] = "error", [4] = "warning", [6] = "info", [7] = "debug"};
    enum damon_reclaim_log_level level = DAMON_RECLAIM_LOG_INFO;

    for (int i = 0; i < 9; i++) {
        const char *name = damon_reclaim_log_level_name((uint32_t)i);

        ck_assert_int_eq(!name, !names[i]);
        if (!name)
            continue;
        ck_assert_str_eq(name, names[i]);
        ck_assert_int_eq(damon_reclaim_log_level_from_name(name, &level), 0);
        ck_assert_int_eq((int)level, i);
    }
    ck_assert_int_eq(damon_reclaim_log_level_from_name("notice", &level), -ENOENT);
    ck_assert_int_eq(damon_reclaim_log_level_from_name(NULL, &level), -EINVAL);
    ck_assert_int_eq(damon_reclaim_log_level_from_name("info", NULL), -EINVAL);
    ck_assert_int_eq((int)level, DAMON_RECLAIM_LOG_DEBUG);
}

TEST(test_filters_by_name)
{
    enum damon_reclaim_filter_type type = DAMON_RECLAIM_FILTER_YOUNG;
    const char *name;

    ck_assert_int_eq(damon_reclaim_filter_from_name("filter:anon", &type), -ENOENT);
    ck_assert_int_eq(damon_reclaim_filter_from_name("", &type), -ENOENT);
    ck_assert_int_eq(damon_reclaim_filter_from_name(NULL, &type), -EINVAL);
    ck_assert_int_eq(damon_reclaim_filter_from_name("anon", NULL), -EINVAL);
    ck_assert_int_eq((int)type, DAMON_RECLAIM_FILTER_YOUNG);
    for (int i = 0; (name = damon_reclaim_filter_name((uint32_t)i)) != NULL; i++) {
        ck_assert_int_eq(damon_reclaim_filter_from_name(name, &type), 0);
        ck_assert_int_eq((int)type, i);
    }
}

TEST(test_features_in_their_order)
{
    static const char *const features[] = {
        "backend:damon",
        "backend:idle-page",
        "backend:sim",
        "action:pageout",
        "action:cold",
        "action:stat",
        "filter:addr",
        "filter:target",
        "filter:anon",
        "filter:active",
        "filter:memcg",
        "filter:young",
        "filter:hugepage_size",
        "filter:unmapped",
        "goal:user_input",
        "goal:some_mem_psi_us",
        "tuner:consist",
        "tuner:temporal",
        "autotune:monitoring_intervals",
        "exclude:pid",
        "exclude:cgroup",
        "exclude:range",
        "exclude:command",
    };
    size_t n = sizeof(features) / sizeof(features[0]);

    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(damon_reclaim_feature(i), features[i]);
    ck_assert_ptr_null(damon_reclaim_feature(n));
}
