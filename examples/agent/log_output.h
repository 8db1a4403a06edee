/* SPDX-License-Identifier: MIT */
/* Standard error, without ever waiting for whoever reads it: a reader that stands still must not stop a daemon. */
#ifndef AGENT_LOG_OUTPUT_H
#define AGENT_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Looks at what standard error is now. Again when it has been replaced. */
void log_output_open(void);

/* Writes a line of at most PIPE_BUF bytes; false: it could not be written, or only by waiting. */
bool log_output_write(const char *line, size_t len);

#endif
