/* SPDX-License-Identifier: MIT */
/* What the service manager is told (sd_notify). Without one, and in a build without libsystemd, nothing happens. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* ends with notify_ready() */
void notify_stopping(void);
void notify_watchdog(void);

/* The line in `systemctl status`. The same line again is not sent. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often notify_watchdog() is to be called: half of the manager's WATCHDOG_USEC. 0: never. */
uint64_t notify_watchdog_interval_ns(void);

#endif
