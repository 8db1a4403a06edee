/* SPDX-License-Identifier: MIT */
/* The backend "idle-page": processes or physical memory, watched through the idle-page bitmap. */
#ifndef DRCL_IDLE_PAGE_BACKEND_H
#define DRCL_IDLE_PAGE_BACKEND_H

#include "backends/backend.h"

extern const struct drcl_backend drcl_backend_idle_page;

#endif
