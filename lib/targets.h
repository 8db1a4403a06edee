/* SPDX-License-Identifier: MIT */
#ifndef DRCL_TARGETS_H
#define DRCL_TARGETS_H

#include "context.h"

void drcl_forget_targets(struct damon_reclaim *ctx);
/* Removes a target whose process has exited from the list, and tells the program. The engine has removed it already. */
void drcl_target_vanished(struct damon_reclaim *ctx, uint32_t id);
/* If there is no target and the backend can watch all its memory, adds target 0, which stands for that. */
int drcl_add_whole(struct damon_reclaim *ctx);

#endif
