/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: one line a message on stderr, with the level in the form of the journal when that is behind it. One
 * for the program, because a message may come from anywhere.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* @program stands before each line on stderr. Messages less important than @level are left out. */
void log_open(const char *program, enum damon_reclaim_log_level level);
void log_set_level(enum damon_reclaim_log_level level);

void log_write(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(DAMON_RECLAIM_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(DAMON_RECLAIM_LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(DAMON_RECLAIM_LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(DAMON_RECLAIM_LOG_DEBUG, __VA_ARGS__)

/* Of one kind of message only so many a minute are written (log_limit.h). Writes how many were left out in the minutes
 * that are over, or, with @all, so far. */
void log_tell_left_out(bool all);

/* For damon_reclaim_callbacks.log. */
void log_library(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata);

uint64_t log_nr_errors(void); /* messages of the level ERROR so far, for the metrics */

#endif
