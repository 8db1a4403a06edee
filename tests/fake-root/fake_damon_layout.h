/* SPDX-License-Identifier: MIT */
/* The files of each kind of directory, with what they say at first: those of 6.12, and what a later kernel adds. */
#ifndef FAKE_DAMON_LAYOUT_H
#define FAKE_DAMON_LAYOUT_H

#include <stddef.h>

static const char *const kdamond[][2] = {{"state", "off"}, {"pid", "-1"}, {"contexts/nr_contexts", "0"}, {NULL, NULL}};
static const char *const context[][2] = {{"avail_operations", "vaddr fvaddr paddr"},
                                         {"operations", "vaddr"},
                                         {"monitoring_attrs/intervals/sample_us", "5000"},
                                         {"monitoring_attrs/intervals/aggr_us", "100000"},
                                         {"monitoring_attrs/intervals/update_us", "60000000"},
                                         {"monitoring_attrs/nr_regions/min", "10"},
                                         {"monitoring_attrs/nr_regions/max", "1000"},
                                         {"targets/nr_targets", "0"},
                                         {"schemes/nr_schemes", "0"},
                                         {NULL, NULL}};
static const char *const later_context[][2] = {{"addr_unit", "1"},
                                               {"pause", "N"},
                                               {"monitoring_attrs/intervals/intervals_goal/access_bp", "0"},
                                               {"monitoring_attrs/intervals/intervals_goal/aggrs", "0"},
                                               {"monitoring_attrs/intervals/intervals_goal/min_sample_us", "0"},
                                               {"monitoring_attrs/intervals/intervals_goal/max_sample_us", "0"},
                                               {NULL, NULL}};
static const char *const scheme[][2] = {{"action", "stat"},
                                        {"target_nid", "-1"},
                                        {"apply_interval_us", "0"},
                                        {"access_pattern/sz/min", "0"},
                                        {"access_pattern/sz/max", "0"},
                                        {"access_pattern/nr_accesses/min", "0"},
                                        {"access_pattern/nr_accesses/max", "0"},
                                        {"access_pattern/age/min", "0"},
                                        {"access_pattern/age/max", "0"},
                                        {"quotas/ms", "0"},
                                        {"quotas/bytes", "0"},
                                        {"quotas/reset_interval_ms", "0"},
                                        {"quotas/effective_bytes", "0"},
                                        {"quotas/weights/sz_permil", "0"},
                                        {"quotas/weights/nr_accesses_permil", "0"},
                                        {"quotas/weights/age_permil", "0"},
                                        {"quotas/goals/nr_goals", "0"},
                                        {"watermarks/metric", "none"},
                                        {"watermarks/interval_us", "0"},
                                        {"watermarks/high", "0"},
                                        {"watermarks/mid", "0"},
                                        {"watermarks/low", "0"},
                                        {"filters/nr_filters", "0"},
                                        {"stats/nr_tried", "0"},
                                        {"stats/sz_tried", "0"},
                                        {"stats/nr_applied", "0"},
                                        {"stats/sz_applied", "0"},
                                        {"stats/qt_exceeds", "0"},
                                        {"tried_regions/total_bytes", "0"},
                                        {NULL, NULL}};
static const char *const later_scheme[][2] = {{"core_filters/nr_filters", "0"},
                                              {"ops_filters/nr_filters", "0"},
                                              {"quotas/goal_tuner", "consist"},
                                              {"quotas/fail_charge_num", "0"},
                                              {"quotas/fail_charge_denom", "0"},
                                              {"stats/sz_ops_filter_passed", "0"},
                                              {NULL, NULL}};
static const char *const target[][2] = {{"pid_target", "0"}, {"regions/nr_regions", "0"}, {NULL, NULL}};
static const char *const region[][2] = {{"start", "0"}, {"end", "0"}, {NULL, NULL}};
static const char *const goal[][2] = {
    {"target_metric", "user_input"}, {"target_value", "0"}, {"current_value", "0"}, {NULL, NULL}};
static const char *const filter[][2] = {{"type", "anon"},    {"matching", "N"}, {"memcg_path", ""},
                                        {"addr_start", "0"}, {"addr_end", "0"}, {"damon_target_idx", "0"},
                                        {NULL, NULL}};
static const char *const later_filter[][2] = {{"allow", "N"}, {"min", "0"}, {"max", "0"}, {NULL, NULL}};

#endif
