/* SPDX-License-Identifier: MIT */
/* Schemes: their configuration, whether their watermarks let them act, and which regions match. */
#ifndef DRCL_SCHEME_H
#define DRCL_SCHEME_H

#include "engine/state.h"

/* Makes room for a scheme, so that drcl_engine_set_scheme() cannot fail. Numbers are given in order. 0 or -ENOMEM. */
int drcl_engine_reserve_scheme(struct drcl_engine *engine, uint32_t id);
/* Sets a scheme, whose values are valid. Charges and statistics of the scheme that had the number stay. */
void drcl_engine_set_scheme(struct drcl_engine *engine, uint32_t id, const struct damon_reclaim_scheme *scheme);
/* Removes a scheme: @now, or when the running tick has ended. */
void drcl_engine_remove_scheme(struct drcl_engine *engine, uint32_t id, bool now);
/* Drops the schemes that were removed during the tick. */
void drcl_engine_drop_schemes(struct drcl_engine *engine);

/* Sets what a scheme derives from the attributes. */
void drcl_scheme_derive(struct drcl_engine *engine, struct drcl_scheme *scheme);

/* Sets which schemes are active with so much free memory, and why. Returns whether one of them is. */
bool drcl_schemes_check_watermarks(struct drcl_engine *engine, uint32_t free_permille,
                                   enum damon_reclaim_reason *ret_reason);

/* Whether the action has to do with pages; else it only counts. */
static inline bool drcl_scheme_acts_on_pages(const struct drcl_scheme *scheme)
{
    return scheme->config.action != DAMON_RECLAIM_ACTION_STAT;
}

/* Whether the scheme acts on idle memory alone, whose pages must then have stayed idle since they were marked. */
static inline bool drcl_scheme_needs_mark(const struct drcl_engine *engine, const struct drcl_scheme *scheme)
{
    return engine->marking && drcl_scheme_acts_on_pages(scheme) && !scheme->config.max_nr_accesses;
}

#endif
