/* SPDX-License-Identifier: MIT */
/* The driver that works by itself: watermarks and sample ticks on the thread that dispatches. */
#ifndef DRCL_DRIVERS_ENGINE_H
#define DRCL_DRIVERS_ENGINE_H

#include "drivers/driver.h"

extern const struct drcl_driver drcl_engine_driver;

#endif
