/* SPDX-License-Identifier: MIT */
/* Reclaims cold memory of many processes for a minute, each with a context and a quota of its own, in one group:
 *
 *     many-guests PID... */
#include <damon_reclaim/damon_reclaim.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*! [loop] */
static struct damon_reclaim *add_guest(struct damon_reclaim_group *group, pid_t pid)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "idle-page", .group = group};
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0)
        return NULL;
    if (damon_reclaim_add_target(ctx, &target, NULL) == 0 &&
        damon_reclaim_set_line(ctx, "min_age=30s quota_sz=16MiB enabled=Y") == 0)
        return ctx;
    fprintf(stderr, "%d: %s\n", (int)pid, damon_reclaim_last_error(ctx));
    return damon_reclaim_unref(ctx);
}

static int serve(struct damon_reclaim_group *group, time_t end)
{
    struct pollfd pfd = {.fd = damon_reclaim_group_get_fd(group), .events = POLLIN};
    int r = 0;

    while (r == 0 && time(NULL) < end) {
        poll(&pfd, 1, 1000);
        r = damon_reclaim_group_dispatch(group);
    }
    return r;
}
/*! [loop] */

int main(int argc, char **argv)
{
    struct damon_reclaim **guests = calloc((size_t)argc, sizeof(struct damon_reclaim *));
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim_group *group;
    int n = 0, r;

    if (!guests || damon_reclaim_group_new(NULL, &group) < 0)
        return 1;
    for (int i = 1; i < argc; i++) {
        guests[i] = add_guest(group, atoi(argv[i]));
        n += guests[i] != NULL;
    }
    printf("%d guests\n", n);
    r = n ? serve(group, time(NULL) + 60) : 0;
    if (r < 0)
        fprintf(stderr, "many-guests: %s\n", damon_reclaim_group_last_error(group));
    for (int i = 1; i < argc; i++) {
        if (guests[i] && damon_reclaim_get_stats(guests[i], &stats) == 0)
            printf("%s: reclaimed %llu MiB\n", argv[i], (unsigned long long)stats.bytes_reclaimed_regions >> 20);
        damon_reclaim_unref(guests[i]);
    }
    damon_reclaim_group_unref(group);
    free(guests);
    return r < 0;
}
