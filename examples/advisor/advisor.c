/* SPDX-License-Identifier: MIT */
/* Shows how much would be reclaimed with each min_age, without reclaiming anything. Its schemes have the action "stat",
 * which only counts.
 *
 *     advisor SECONDS [PID]     of the process, or of simulated memory without one */
#include <damon_reclaim/damon_reclaim.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_S UINT64_C(1000000000)
#define US_PER_S UINT64_C(1000000)

static const uint64_t ages_s[] = {1, 2, 5, 10, 30, 60, 120, 300, 600};

#define NR_AGES (sizeof(ages_s) / sizeof(ages_s[0]))

/*! [stat] */
/* Adds a scheme that counts memory that was not accessed for this long. Its watermarks are 0, so it is always active.
 */
static int count_older_than(struct damon_reclaim *ctx, uint64_t age_s, uint32_t *ret_scheme)
{
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme),
        .action = DAMON_RECLAIM_ACTION_STAT,
        .max_nr_accesses = 0,
        .min_age_us = age_s * US_PER_S,
    };

    return damon_reclaim_add_scheme(ctx, &scheme, ret_scheme);
}

/* A scheme counts the matching memory once per aggregation. So the bytes counted since the last call, divided by the
 * number of aggregations since then, are the memory that matches. */
static int cold_bytes(struct damon_reclaim *ctx, uint32_t scheme, uint64_t *counted, uint64_t aggregations,
                      uint64_t *ret_bytes)
{
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};
    int r = damon_reclaim_get_scheme_stats(ctx, scheme, &stats);

    if (r < 0)
        return r;
    *ret_bytes = aggregations ? (stats.sz_tried - *counted) / aggregations : 0;
    *counted = stats.sz_tried;
    return 0;
}
/*! [stat] */

struct advisor {
    uint32_t schemes[NR_AGES];
    uint64_t counted[NR_AGES];
    uint64_t aggregations;
    uint64_t cold[NR_AGES];
    struct damon_reclaim_stats stats;
};

static int look(struct advisor *a, struct damon_reclaim *ctx)
{
    int r = damon_reclaim_get_stats(ctx, &a->stats);

    for (size_t i = 0; r == 0 && i < NR_AGES; i++)
        r = cold_bytes(ctx, a->schemes[i], &a->counted[i], a->stats.nr_aggregations - a->aggregations, &a->cold[i]);
    a->aggregations = a->stats.nr_aggregations;
    return r;
}

static int start(struct advisor *a, struct damon_reclaim *ctx, pid_t pid)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    int r = pid ? damon_reclaim_add_target(ctx, &target, NULL) : 0;

    for (size_t i = 0; r == 0 && i < NR_AGES; i++)
        r = count_older_than(ctx, ages_s[i], &a->schemes[i]);
    return r == 0 ? damon_reclaim_enable(ctx) : r;
}

/* Reads the counters every second, so that the result at the end is that of the last second. */
static int watch(struct advisor *a, struct damon_reclaim *ctx, uint64_t seconds)
{
    struct pollfd pfd = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};
    uint64_t begin = damon_reclaim_now(ctx);
    int r = look(a, ctx);

    for (uint64_t s = 1; r == 0 && s <= seconds && a->stats.state != DAMON_RECLAIM_STATE_DISABLED; s++) {
        while (r == 0 && damon_reclaim_now(ctx) < begin + s * NS_PER_S) {
            poll(&pfd, 1, 1000);
            r = damon_reclaim_dispatch(ctx);
        }
        if (r == 0)
            r = look(a, ctx);
    }
    return r;
}

static void print(const struct advisor *a, uint64_t seconds)
{
    printf("watching %llu MiB, reclaimed %llu bytes; with a min_age of\n",
           (unsigned long long)a->stats.monitored_bytes >> 20, (unsigned long long)a->stats.bytes_reclaimed_regions);
    for (size_t i = 0; i < NR_AGES && ages_s[i] < seconds; i++)
        printf("%4llu s  %6llu MiB are cold\n", (unsigned long long)ages_s[i], (unsigned long long)a->cold[i] >> 20);
}

int main(int argc, char **argv)
{
    char error[256] = "";
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend = argc > 2 ? "idle-page" : "sim",
        .flags = DAMON_RECLAIM_DRY_RUN, /* the reclaim scheme, which is always there, touches nothing either */
        .error = error,
        .error_size = sizeof(error),
    };
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    struct advisor a = {.stats.size = sizeof(a.stats)};
    struct damon_reclaim *ctx = NULL;
    int r;

    if (seconds == 0) {
        fprintf(stderr, "usage: advisor SECONDS [PID]\n");
        return 2;
    }
    r = damon_reclaim_new(&config, &ctx);
    if (r < 0) {
        fprintf(stderr, "advisor: %s\n", error);
        return 1;
    }
    r = start(&a, ctx, argc > 2 ? atoi(argv[2]) : 0);
    if (r == 0)
        r = watch(&a, ctx, seconds);
    if (r < 0)
        fprintf(stderr, "advisor: %s\n", damon_reclaim_last_error(ctx));
    else
        print(&a, seconds);
    damon_reclaim_unref(ctx);
    return r < 0;
}
