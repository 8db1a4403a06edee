/* SPDX-License-Identifier: MIT */
/* The daemon as a child process, over a monitor backend that only says what it would do, and processes that stand in
 * for virtual machines. */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* While this file exists the monitor backend cannot be enabled, and fails if it was. "": there is none. */
extern char daemon_obstacle[128];

/* Starts it with the options, ended by NULL. One MiB in four is in use, and reclaiming takes no time. */
pid_t daemon_start(const char *const *options);
/* Ends it; its exit code, or -1 if it was killed or took longer than a second. */
int daemon_stop(pid_t pid);
/* Waits until it ends by itself; its exit code, or -1 if it was killed or has not after 20 seconds. */
int daemon_end(pid_t pid);

/* The value of a metric in a textfile, by the begin of its line: "name{vm=\"a\"" for instance; -1 if it is not there.
 */
double daemon_metric(const char *textfile, const char *begin);
/* Waits up to 10 s until the metric has the value, or at least it with @least. */
bool daemon_wait(const char *textfile, const char *begin, double value, bool least);

/* A process that does nothing. It ends with this one. */
pid_t stand_in_start(void);
void stand_in_stop(pid_t pid);

#endif
