/* SPDX-License-Identifier: MIT */
/* What follows from the return value of a backend's operation. */
#ifndef DRCL_ERRORS_H
#define DRCL_ERRORS_H

#include "engine/state.h"

/*
 * Takes the return value @r of an operation on @target. -ESRCH removes the target, -ENOMEM, -EINTR and -EAGAIN pass,
 * any other error stops the engine. Returns whether the operation succeeded.
 */
bool drcl_engine_take_result(struct drcl_engine *engine, struct drcl_target *target, int r);

/* The same for an operation that concerns no single target, whose -ESRCH stops the engine like other errors. */
void drcl_engine_take_failure(struct drcl_engine *engine, int r);

/* Returns the error that stopped the engine, once; 0 if there is none. */
int drcl_engine_take_error(struct drcl_engine *engine);

#endif
