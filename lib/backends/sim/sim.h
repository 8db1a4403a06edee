/* SPDX-License-Identifier: MIT */
/* The backend "sim": memory that is simulated as a workload says. */
#ifndef DRCL_SIM_H
#define DRCL_SIM_H

#include "backends/backend.h"

extern const struct drcl_backend drcl_backend_sim;

#endif
