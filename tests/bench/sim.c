/* SPDX-License-Identifier: MIT */
/* How long a simulated minute takes: 1 GiB, of which 64 MiB stay hot, at the default intervals. One JSON line. */
#include <stdio.h>
#include <time.h>

#include "damon_reclaim/damon_reclaim.h"

#define MINUTE_NS UINT64_C(60000000000)

static const char workload[] = "hot, 67108864\n"
                               "cold, 1006632960\n"
                               "\n"
                               "fill\n"
                               "5000\n"
                               "hot, 0, 4096, 1\n"
                               "cold, 0, 4096, 9\n"
                               "\n"
                               "work\n"
                               "600000\n"
                               "hot, 1, 4096, 1\n";

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
    const struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload = workload};
    char error[256];
    const struct damon_reclaim_config config = {
        .size = sizeof(config), .backend = "sim", .sim = &sim, .seed = 1, .error = error, .error_size = sizeof(error)};
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx;
    double begin;

    if (damon_reclaim_new(&config, &ctx) < 0) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    damon_reclaim_set(ctx, "min_age", "5s");
    damon_reclaim_set(ctx, "wmarks_high", "1000");
    damon_reclaim_set(ctx, "wmarks_mid", "1000");
    damon_reclaim_set(ctx, "wmarks_low", "0");
    damon_reclaim_set(ctx, "quota_ms", "0");
    if (damon_reclaim_enable(ctx) < 0) {
        fprintf(stderr, "%s\n", damon_reclaim_last_error(ctx));
        return 1;
    }
    begin = seconds();
    while (damon_reclaim_now(ctx) < MINUTE_NS)
        if (damon_reclaim_dispatch(ctx) < 0)
            return 1;
    printf("{\"name\": \"sim.minute\", \"bytes\": 1073741824, \"value\": %.3f, \"unit\": \"s\"}\n", seconds() - begin);
    damon_reclaim_get_stats(ctx, &stats);
    damon_reclaim_unref(ctx);
    return stats.bytes_reclaimed_regions == 0;
}
