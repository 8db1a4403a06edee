/* SPDX-License-Identifier: MIT */
/* Calls of the public interface that must succeed: a failure ends the test with the text of the error. */
#ifndef DRCL_TEST_RECLAIM_H
#define DRCL_TEST_RECLAIM_H

#include <inttypes.h>

#include "damon_reclaim/damon_reclaim.h"

/* A context. What @config says about the text of an error is replaced. */
struct damon_reclaim *reclaim_new(const struct damon_reclaim_config *config);

/* Sets parameters: "min_age=5s quota_ms=0". Takes a format as printf() does. */
void reclaim_set(struct damon_reclaim *ctx, const char *settings, ...) __attribute__((format(printf, 2, 3)));
uint64_t reclaim_get(struct damon_reclaim *ctx, const char *name); /* a parameter that is a number */
void reclaim_commit(struct damon_reclaim *ctx);
void reclaim_enable(struct damon_reclaim *ctx);
void reclaim_disable(struct damon_reclaim *ctx);
uint32_t reclaim_add_process(struct damon_reclaim *ctx, pid_t pid); /* returns the number of the target */

void reclaim_dispatch(struct damon_reclaim *ctx);
/* Dispatches until the context's clock has reached @ns. */
void reclaim_run_until(struct damon_reclaim *ctx, uint64_t ns);
/* Dispatches until @n more aggregations are done. */
void reclaim_aggregate(struct damon_reclaim *ctx, uint64_t n);

struct damon_reclaim_stats reclaim_stats(struct damon_reclaim *ctx);
struct damon_reclaim_scheme_stats reclaim_scheme_stats(struct damon_reclaim *ctx, uint32_t scheme);
/* The regions; the caller frees the array. */
struct damon_reclaim_region *reclaim_regions(struct damon_reclaim *ctx, size_t *ret_n);

/* The regions of @target cover exactly these ranges, in this order, and end at multiples of @align bytes. */
void expect_partition(struct damon_reclaim *ctx, uint32_t target, const struct damon_reclaim_range *ranges, size_t n,
                      uint64_t align);
/* A call returned @r: it must be @error, and the text of the error one line that contains @culprit. */
void expect_error(struct damon_reclaim *ctx, int r, int error, const char *culprit);

#endif
