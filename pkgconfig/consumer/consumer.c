/* SPDX-License-Identifier: MIT */
/* A program of somebody else, which knows the installed library alone. It is C99 and C++11 at once. */
#include <damon_reclaim/damon_reclaim.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char error[256] = "";
    struct damon_reclaim_config config;
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx = NULL;
    int r;

    if (damon_reclaim_version() != DAMON_RECLAIM_VERSION) {
        fprintf(stderr, "the header is not of the library, which is %s\n", damon_reclaim_version_string());
        return 1;
    }
    memset(&config, 0, sizeof(config));
    config.size = sizeof(config);
    config.backend = "sim";
    config.error = error;
    config.error_size = sizeof(error);
    r = damon_reclaim_new(&config, &ctx);
    if (r < 0) {
        fprintf(stderr, "new: %s (%d)\n", error, r);
        return 1;
    }
    /* At work however much memory is free. */
    r = damon_reclaim_set_line(ctx, "min_age=5s wmarks_high=1000 wmarks_mid=1000 wmarks_low=0");
    if (r == 0)
        r = damon_reclaim_enable(ctx);
    while (r == 0 && damon_reclaim_now(ctx) < 20 * UINT64_C(1000000000))
        r = damon_reclaim_dispatch(ctx);
    memset(&stats, 0, sizeof(stats));
    stats.size = sizeof(stats);
    if (r == 0)
        r = damon_reclaim_get_stats(ctx, &stats);
    if (r < 0)
        fprintf(stderr, "%s (%d)\n", damon_reclaim_last_error(ctx), r);
    ctx = damon_reclaim_unref(ctx);
    printf("version %s, %" PRIu64 " aggregations, %" PRIu64 " regions, %" PRIu64 " bytes reclaimed\n",
           damon_reclaim_version_string(), stats.nr_aggregations, stats.nr_regions, stats.bytes_reclaimed_regions);
    return r == 0 && stats.nr_aggregations > 0 && stats.nr_regions > 0 && stats.bytes_reclaimed_regions > 0 ? 0 : 1;
}
