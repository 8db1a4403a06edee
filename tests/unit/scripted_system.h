/* SPDX-License-Identifier: MIT */
#ifndef DRCL_TEST_SCRIPTED_SYSTEM_H
#define DRCL_TEST_SCRIPTED_SYSTEM_H

#include "scripted.h"

/* The system in memory: /proc/meminfo, /proc/pressure/memory, processes, a timer and a clock. @data is a struct
 * scripted. */
extern const struct damon_reclaim_system_ops scripted_system_ops;

#endif
