/* SPDX-License-Identifier: MIT */
/* Commands to the kernel's thread. */
#ifndef DRCL_DAMON_COMMAND_H
#define DRCL_DAMON_COMMAND_H

#include "drivers/damon/damon.h"

void drcl_damon_open_commands(struct drcl_damon *d);
void drcl_damon_close_commands(struct drcl_damon *d);
/* Begins a command; none is pending. It may end at once. */
void drcl_damon_begin(struct drcl_damon *d, const char *command);
/* The result of the command; while command.pending is set it is not known yet. */
int drcl_damon_result(struct drcl_damon *d);
/* Waits for the command, for @within_us and a little longer. Returns whether it has ended. */
bool drcl_damon_settle(struct drcl_damon *d, uint64_t within_us);
/* If the kernel has refused something else with @result because a command is pending, waits for the command. Returns
 * true if that has ended, and the refused can be tried again. */
bool drcl_damon_wait_if_busy(struct drcl_damon *d, int result);

#endif
