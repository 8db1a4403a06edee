/* SPDX-License-Identifier: MIT */
/* Options that every daemon has: [agent], [metrics] and [never]. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "common/config.h"

extern const struct config_option agent_options[];

#endif
