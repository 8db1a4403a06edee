/* SPDX-License-Identifier: MIT */
/* The memory nodes (/sys/devices/system/node): what of them is in the swap cache, and asking them to reclaim, which
 * Linux 6.17 and newer can. */
#ifndef DRCL_SYS_NODE_H
#define DRCL_SYS_NODE_H

#include "base/env.h"

/* Asks the nodes to reclaim up to @bytes of memory that goes to swap, each node no more than it has in the swap cache.
 * *ret_asked: what they were asked for. 0; -EOPNOTSUPP when this kernel cannot; or an error with text. */
int drcl_nodes_reclaim_swapcached(struct drcl_env *env, uint64_t bytes, uint64_t *ret_asked);

#endif
