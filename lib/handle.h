/* SPDX-License-Identifier: MIT */
#ifndef DRCL_HANDLE_H
#define DRCL_HANDLE_H

#include "context.h"

/* A call that may run callbacks holds a reference, so that the handle lives on if a callback gives up the last one. */
void drcl_hold(struct damon_reclaim *ctx);
void drcl_release(struct damon_reclaim *ctx);

#endif
