/* SPDX-License-Identifier: MIT */
#include "reclaimer.h"

#include <stdio.h>
#include <stdlib.h>

/* How cold memory is found and how much of it goes: a service would read these from its configuration. */
static const char settings[] = "min_age=5s wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y";

static int set_up(struct damon_reclaim *ctx, pid_t pid)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    int r = pid ? damon_reclaim_add_target(ctx, &target, NULL) : 0;

    return r < 0 ? r : damon_reclaim_set_line(ctx, settings);
}

struct damon_reclaim *reclaimer_new(char **argv, const struct damon_reclaim_callbacks *callbacks, void *userdata)
{
    char error[256] = "";
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend = argv[1] ? "idle-page" : "sim",
        .callbacks = callbacks,
        .userdata = userdata,
        .error = error,
        .error_size = sizeof(error),
    };
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], error);
        return NULL;
    }
    if (set_up(ctx, argv[1] ? atoi(argv[1]) : 0) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], damon_reclaim_last_error(ctx));
        ctx = damon_reclaim_unref(ctx);
    }
    return ctx;
}

void reclaimer_print(struct damon_reclaim *ctx, const char *what)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    damon_reclaim_get_stats(ctx, &stats);
    printf("%s: watching %llu MiB, reclaimed %llu MiB\n", what, (unsigned long long)stats.monitored_bytes >> 20,
           (unsigned long long)stats.bytes_reclaimed_regions >> 20);
    fflush(stdout);
}
