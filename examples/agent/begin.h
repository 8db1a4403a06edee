/* SPDX-License-Identifier: MIT */
/* What a daemon begins with. */
#ifndef AGENT_BEGIN_H
#define AGENT_BEGIN_H

#include "common/config.h"

/*
 * Reads the sources of main(), and does what --help, --version, --man, --show-config and --check-config ask. Returns
 * true if the program is to go on, with *ret; else with *ret_exit: 0; 1 if what was asked could not be printed; 2 with
 * the text on stderr if the configuration cannot be read or is wrong.
 */
bool agent_begin(const struct config_program *program, int argc, char **argv, struct config **ret, int *ret_exit);

#endif
