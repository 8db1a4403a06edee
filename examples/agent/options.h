/* SPDX-License-Identifier: MIT */
/* Options that every daemon has: [agent], [metrics] and [never]. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "common/config.h"

extern const struct config_option agent_options[];

/* Logs a warning for each process of [never] that does not exist. */
void agent_warn_of_missing(const struct config *config);

#endif
