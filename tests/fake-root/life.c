/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <string.h>

struct fake *f;

void set(struct damon_reclaim *ctx, const char *name, const char *value)
{
    if (damon_reclaim_set(ctx, name, value) < 0)
        ck_abort_msg("%s = %s: %s", name, value, damon_reclaim_last_error(ctx));
}

void enable(struct damon_reclaim *ctx)
{
    if (damon_reclaim_enable(ctx) < 0)
        ck_abort_msg("not enabled: %s", damon_reclaim_last_error(ctx));
}

struct damon_reclaim_stats stats_of(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    ck_assert_int_eq(damon_reclaim_get_stats(ctx, &stats), 0);
    return stats;
}

void says(const char *text, const char *word)
{
    if (!strstr(text, word))
        ck_abort_msg("\"%s\" does not say \"%s\"", text, word);
}

void refused(struct damon_reclaim *ctx, int r, int wanted, const char *word)
{
    if (r != wanted)
        ck_abort_msg("%d, not %d: %s", r, wanted, damon_reclaim_last_error(ctx));
    says(damon_reclaim_last_error(ctx), word);
}
