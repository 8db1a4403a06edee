/* SPDX-License-Identifier: MIT */
/* What tests share that use contexts on the fake kernel: calls that fail the test if they fail. */
#ifndef LIFE_H
#define LIFE_H

#include "fake.h"

#define SEC UINT64_C(1000000000)

extern struct fake *f; /* the kernel of the test */

void set(struct damon_reclaim *ctx, const char *name, const char *value);
void enable(struct damon_reclaim *ctx);
struct damon_reclaim_stats stats_of(struct damon_reclaim *ctx);
/* The text has the word; a call has returned what was wanted, and the context's error has the word. */
void says(const char *text, const char *word);
void refused(struct damon_reclaim *ctx, int r, int wanted, const char *word);

#endif
