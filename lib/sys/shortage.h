/* SPDX-License-Identifier: MIT */
/* What every backend's probe tells of the system: where swapped-out memory can go, and how a shortage is noticed. */
#ifndef DRCL_SYS_SHORTAGE_H
#define DRCL_SYS_SHORTAGE_H

#include "base/env.h"
#include "base/findings.h"

/* Adds lines about swap, and about memory pressure (PSI) if the kernel does not measure it. */
void drcl_shortage_find(struct drcl_env *env, struct drcl_findings *findings);

#endif
