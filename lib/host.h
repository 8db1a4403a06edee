/* SPDX-License-Identifier: MIT */
/* What the engine asks the handle for. */
#ifndef DRCL_HOST_H
#define DRCL_HOST_H

#include "context.h"

extern const struct drcl_host drcl_context_host; /* without `data` and `has_before` */

#endif
