/* SPDX-License-Identifier: MIT */
#ifndef DRCL_DAMON_DRIVER_H
#define DRCL_DAMON_DRIVER_H

#include "drivers/driver.h"

extern const struct drcl_driver drcl_damon_driver;

#endif
