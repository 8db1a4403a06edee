/* SPDX-License-Identifier: MIT */
/* The monitoring attributes of an engine. */
#ifndef DRCL_ATTRS_H
#define DRCL_ATTRS_H

#include "engine/state.h"

/* Makes room for an attribute set, so that drcl_engine_set_attrs() cannot fail. 0 or -ENOMEM. */
int drcl_engine_reserve(struct drcl_engine *engine, const struct drcl_attrs *attrs);

/* Replaces the attributes. Ages and counters are scaled to the new intervals. */
void drcl_engine_set_attrs(struct drcl_engine *engine, const struct drcl_attrs *attrs);

#endif
