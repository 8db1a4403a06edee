/* SPDX-License-Identifier: MIT */
/* Applying schemes: which regions match, which of them are worth the quota, and what the backend does with them. */
#ifndef DRCL_APPLY_H
#define DRCL_APPLY_H

#include "engine/state.h"

/* Applies each scheme that is due. */
void drcl_schemes_apply(struct drcl_engine *engine);

#endif
