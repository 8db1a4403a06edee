/* SPDX-License-Identifier: MIT */
/* The backend "damon": the kernel monitors and reclaims, the library drives it through sysfs. */
#ifndef DRCL_DAMON_BACKEND_H
#define DRCL_DAMON_BACKEND_H

#include "backends/backend.h"

extern const struct drcl_backend drcl_backend_damon;

#endif
