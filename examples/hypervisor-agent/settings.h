/* SPDX-License-Identifier: MIT */
/* The daemon's own options, and what they say of one machine. */
#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/config.h"
#include "discovery.h"
#include "policy.h"

extern const struct config_option host_options[];
/* Parameters whose defaults are others than the module's: a host has many machines to watch. */
extern const struct config_default host_defaults[];

/* How a machine is treated: of each option, the first section [vm PATTERN] counts that sets it and whose pattern
 * (fnmatch(3)) the name matches. */
struct host_policy {
    bool excluded;
    bool whole_process;
    uint64_t min_age_us; /* its own or that of all */
    uint32_t weight;
    uint64_t cap; /* bytes a window; 0: none */
    uint64_t never_below;
};

void host_policy_get(const struct config *config, const char *name, struct host_policy *ret);
void host_places_get(const struct config *config, struct host_places *ret);
void host_limits_get(const struct config *config, struct policy_limits *ret);

#endif
