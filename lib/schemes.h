/* SPDX-License-Identifier: MIT */
#ifndef DRCL_SCHEMES_H
#define DRCL_SCHEMES_H

#include "context.h"

/* Scheme number @id. NULL, with the text of the error, if there is none. */
struct drcl_scheme *drcl_find_scheme(struct damon_reclaim *ctx, uint32_t id);

#endif
