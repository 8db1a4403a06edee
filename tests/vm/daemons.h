/* SPDX-License-Identifier: MIT */
/* The daemons, as an administrator runs them: a file of configuration, a log, and metrics in a textfile. */
#ifndef DAEMONS_H
#define DAEMONS_H

#include <sys/types.h>

#define DAEMON_HOST    "damon-reclaim-host"
#define DAEMON_GUEST   "damon-reclaim-guest"
#define DAEMON_METRICS "/tmp/daemon.prom" /* the configuration has to name it */

/* Starts one with the configuration, which logs to the file @log; NULL: to stdout. */
pid_t daemon_start(const char *program, const char *config, const char *backend, const char *log);
/* Gives it another configuration, which a SIGHUP applies. */
void daemon_configure(const char *config);
/* Ends it by SIGTERM. Returns its exit status, -1 if it was killed. */
int daemon_end(pid_t daemon);

/* The value of its metric with both texts, "" for none, among the labels; -1 if it is not there. */
double daemon_metric(const char *name, const char *label, const char *other);

#endif
