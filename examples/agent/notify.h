/* SPDX-License-Identifier: MIT */
/* Reports to the service manager (sd_notify). Without one, and in a build without libsystemd, these do nothing. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* call notify_ready() afterwards */
void notify_stopping(void);
void notify_watchdog(void);

/* The line in `systemctl status`. The same line again is not sent. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often to call notify_watchdog(): half of the manager's WATCHDOG_USEC. 0: never. */
uint64_t notify_watchdog_interval_ns(void);

#endif
