/* SPDX-License-Identifier: MIT */
/* The system's clocks in ns. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t clock_ns(clockid_t id);
uint64_t clock_now_ns(void); /* CLOCK_MONOTONIC */

#endif
