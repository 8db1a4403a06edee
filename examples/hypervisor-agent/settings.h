/* SPDX-License-Identifier: MIT */
/* The options of this daemon, and the policy of one machine that follows from them. */
#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "discovery.h"
#include "policy.h"

extern const struct config_option host_options[];
/* Parameters whose defaults differ from the module's, because a host has many machines to watch. */
extern const struct config_default host_defaults[];

/* How a machine is treated. For each option, the first section [vm PATTERN] applies that sets the option and whose
 * pattern (for fnmatch(3)) matches a name of it. */
struct host_policy {
    bool excluded;
    bool whole_process;
    uint64_t min_age_us; /* its own, or the common one */
    uint32_t weight;
    uint64_t cap; /* bytes per window; 0: no limit */
    uint64_t never_below;
    uint64_t memory; /* the size of the guest's memory; 0: as the command line says */
};

void host_policy_get(const struct config *config, const struct host_found *found, struct host_policy *ret);
void host_places_get(const struct config *config, struct host_places *ret);
void host_limits_get(const struct config *config, struct policy_limits *ret);

#endif
