/* SPDX-License-Identifier: MIT */
/* The smallest program: it reclaims cold memory of a process for a minute, or without a process of simulated memory.
 *
 *     minimal [PID] */
#include <damon_reclaim/damon_reclaim.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/*! [loop] */
static int reclaim_for_a_minute(struct damon_reclaim *ctx, struct damon_reclaim_stats *stats)
{
    struct pollfd pfd = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};
    uint64_t end = damon_reclaim_now(ctx) + 60 * UINT64_C(1000000000);
    /* Reclaim memory that was not accessed for five seconds, regardless of how much memory is free. */
    int r = damon_reclaim_set_line(ctx, "min_age=5s wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y");

    while (r == 0 && damon_reclaim_now(ctx) < end) {
        poll(&pfd, 1, 1000);
        r = damon_reclaim_dispatch(ctx);
        if (r == 0)
            r = damon_reclaim_get_stats(ctx, stats);
        if (r == 0 && stats->state == DAMON_RECLAIM_STATE_DISABLED)
            break; /* the process has exited */
    }
    return r;
}
/*! [loop] */

int main(int argc, char **argv)
{
    /*! [context] */
    char error[256] = "";
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend = argc > 1 ? "idle-page" : "sim",
        .error = error,
        .error_size = sizeof(error),
    };
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = argc > 1 ? atoi(argv[1]) : 0};
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx = NULL;
    int r = damon_reclaim_new(&config, &ctx);

    if (r < 0) {
        fprintf(stderr, "minimal: %s\n", error);
        return 1;
    }
    if (argc > 1)
        r = damon_reclaim_add_target(ctx, &target, NULL);
    /*! [context] */
    if (r == 0)
        r = reclaim_for_a_minute(ctx, &stats);
    if (r < 0)
        fprintf(stderr, "minimal: %s\n", damon_reclaim_last_error(ctx));
    printf("watched %llu MiB in %llu regions, reclaimed %llu MiB\n", (unsigned long long)stats.monitored_bytes >> 20,
           (unsigned long long)stats.nr_regions, (unsigned long long)stats.bytes_reclaimed_regions >> 20);
    damon_reclaim_unref(ctx);
    return r < 0;
}
