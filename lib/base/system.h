/* SPDX-License-Identifier: MIT */
/* The real system calls. */
#ifndef DRCL_SYSTEM_H
#define DRCL_SYSTEM_H

#include "damon_reclaim/damon_reclaim.h"

/* Puts the real system call into every member that is NULL. */
void drcl_system_defaults(struct damon_reclaim_system_ops *ops);

/* The thread that is running; cannot fail. */
pid_t drcl_system_gettid(void);

#endif
