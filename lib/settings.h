/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SETTINGS_H
#define DRCL_SETTINGS_H

#include "context.h"

/* Whether the staged parameters could run. Makes room for them, changes nothing else. */
int drcl_check_staged(struct damon_reclaim *ctx);

#endif
