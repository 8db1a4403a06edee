/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_H
#define MONITOR_H

#include <damon_reclaim/damon_reclaim.h>

/* The table for config.backend_ops. config.backend_data must point to a struct guest_ram. */
extern const struct damon_reclaim_backend_ops guest_ram_monitor;

#endif
