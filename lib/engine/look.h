/* SPDX-License-Identifier: MIT */
/*
 * How often the memory is looked at for accesses.
 *
 * The kernel looks once every sample interval. Where an access stays seen until somebody looks, and schemes ask only
 * whether memory is accessed at all, fewer looks tell the same: an access between two looks is found by the later one,
 * and counts for all sample intervals since the earlier one.
 */
#ifndef DRCL_LOOK_H
#define DRCL_LOOK_H

#include "engine/state.h"

/* The number of sample intervals from now to the next look, which is in this aggregation. */
uint32_t drcl_look_step(const struct drcl_engine *engine);

/* A look, and what came with it, has cost so much CPU time. Looks then become so rare that they take a bounded share of
 * a CPU. */
void drcl_look_cost(struct drcl_engine *engine, uint64_t cpu_ns);

/* The time that has to pass after a look until the next one, so that all of them keep to that share. */
uint64_t drcl_look_pause_ns(const struct drcl_engine *engine);

#endif
