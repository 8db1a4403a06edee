/* SPDX-License-Identifier: MIT */
/* How many lines of one kind the log takes in a minute. Time comes in as a number. */
#ifndef AGENT_LOG_LIMIT_H
#define AGENT_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LIMIT_LINES 30u /* of one kind in a minute */

/* The kind of a text: all texts that differ in their numbers alone are of one kind. */
uint64_t log_limit_kind(const char *text);

/* Whether a line of the kind may be written at @now_ns. *ret_left_out: lines of it that were left out in a minute that
 * is over and that nobody has been told of. */
bool log_limit_take(uint64_t kind, uint64_t now_ns, const char *example, unsigned int *ret_left_out);

/* Of a kind whose minute is over (with @all: of any) and of which lines were left out: how many, and the beginning of
 * one of them; 0 if there is no such kind. Each is told once. */
unsigned int log_limit_left_out(uint64_t now_ns, bool all, const char **ret_example);

#endif
