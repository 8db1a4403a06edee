/* SPDX-License-Identifier: MIT */
/* One pattern of one phase: its accesses in closed form. Pages count from the region's first, times from the phase's
 * start. */
#ifndef DRCL_SIM_STREAM_H
#define DRCL_SIM_STREAM_H

#include "backends/sim/model.h"

/*
 * Prepares @stream, whose start and end are set, for @weight out of @total_weight of @rate accesses a second on a
 * region of
 * @size bytes. @key is one of its own.
 */
void drcl_stream_init(struct drcl_stream *stream, const struct drcl_workload_pattern *pattern, uint64_t size,
                      uint64_t total_weight, uint64_t rate, uint64_t key);

/* What the stream does in [t0, t1), which overlaps its phase. */
void drcl_stream_window(const struct drcl_stream *stream, uint64_t t0, uint64_t t1, struct drcl_window_stream *ret);

/* Whether the page is touched in the window; the answer holds for at least *ret_run pages (UINT64_MAX: all that
 * follow). */
bool drcl_stream_touched(const struct drcl_window_stream *window, uint64_t page, uint64_t *ret_run);

/* The time since the phase's start of the first access to the page in the window, or UINT64_MAX. */
uint64_t drcl_stream_first(const struct drcl_window_stream *window, uint64_t page);

#endif
