/* SPDX-License-Identifier: MIT */
#include "reclaim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define must_succeed(ctx, call)                                                                                        \
    do {                                                                                                               \
        int must_r = (call);                                                                                           \
        if (must_r < 0)                                                                                                \
            ck_abort_msg("%s: %d, %s", #call, must_r, damon_reclaim_last_error(ctx));                                  \
    } while (0)

struct damon_reclaim *reclaim_new(const struct damon_reclaim_config *config)
{
    struct damon_reclaim_config with_error = *config;
    struct damon_reclaim *ctx = NULL;
    char error[512];
    int r;

    with_error.error = error;
    with_error.error_size = sizeof(error);
    r = damon_reclaim_new(&with_error, &ctx);
    if (r < 0)
        ck_abort_msg("damon_reclaim_new: %d, %s", r, error);
    return ctx;
}

void reclaim_set(struct damon_reclaim *ctx, const char *settings, ...)
{
    char text[1024], *rest = text, *word;
    va_list args;
    int n;

    va_start(args, settings);
    n = vsnprintf(text, sizeof(text), settings, args);
    va_end(args);
    expect(n > 0 && (size_t)n < sizeof(text));
    while ((word = strsep(&rest, " ")) != NULL) {
        char *value = strchr(word, '=');
        int r;

        if (!value)
            ck_abort_msg("\"%s\" is not NAME=VALUE", word);
        *value++ = '\0';
        r = damon_reclaim_set(ctx, word, value);
        if (r < 0)
            ck_abort_msg("%s=%s: %d, %s", word, value, r, damon_reclaim_last_error(ctx));
    }
}

uint64_t reclaim_get(struct damon_reclaim *ctx, const char *name)
{
    char text[32];

    must_succeed(ctx, damon_reclaim_get(ctx, name, text, sizeof(text)));
    return strtoull(text, NULL, 10);
}

void reclaim_commit(struct damon_reclaim *ctx)
{
    must_succeed(ctx, damon_reclaim_commit(ctx));
}

void reclaim_enable(struct damon_reclaim *ctx)
{
    must_succeed(ctx, damon_reclaim_enable(ctx));
}

void reclaim_disable(struct damon_reclaim *ctx)
{
    must_succeed(ctx, damon_reclaim_disable(ctx));
}

uint32_t reclaim_add_process(struct damon_reclaim *ctx, pid_t pid)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    uint32_t id = UINT32_MAX;

    must_succeed(ctx, damon_reclaim_add_target(ctx, &target, &id));
    return id;
}

void reclaim_dispatch(struct damon_reclaim *ctx)
{
    must_succeed(ctx, damon_reclaim_dispatch(ctx));
}

void reclaim_run_until(struct damon_reclaim *ctx, uint64_t ns)
{
    while (damon_reclaim_now(ctx) < ns)
        reclaim_dispatch(ctx);
}

void reclaim_aggregate(struct damon_reclaim *ctx, uint64_t n)
{
    uint64_t end = reclaim_stats(ctx).nr_aggregations + n;

    for (size_t i = 0; reclaim_stats(ctx).nr_aggregations < end; i++) {
        expect(i < 1000000);
        reclaim_dispatch(ctx);
    }
}

struct damon_reclaim_stats reclaim_stats(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    must_succeed(ctx, damon_reclaim_get_stats(ctx, &stats));
    return stats;
}

struct damon_reclaim_scheme_stats reclaim_scheme_stats(struct damon_reclaim *ctx, uint32_t scheme)
{
    struct damon_reclaim_scheme_stats stats = {.size = sizeof(stats)};

    must_succeed(ctx, damon_reclaim_get_scheme_stats(ctx, scheme, &stats));
    return stats;
}

struct damon_reclaim_region *reclaim_regions(struct damon_reclaim *ctx, size_t *ret_n)
{
    struct damon_reclaim_region *regions;
    size_t n;

    must_succeed(ctx, damon_reclaim_get_regions(ctx, NULL, 0, &n));
    regions = calloc(n ? n : 1, sizeof(*regions));
    expect(regions != NULL);
    must_succeed(ctx, damon_reclaim_get_regions(ctx, regions, n, ret_n));
    expect_eq(*ret_n, n);
    return regions;
}

void expect_partition(struct damon_reclaim *ctx, uint32_t target, const struct damon_reclaim_range *ranges, size_t n,
                      uint64_t align)
{
    struct damon_reclaim_region *regions;
    size_t nr_regions, i = 0;

    regions = reclaim_regions(ctx, &nr_regions);
    while (i < nr_regions && regions[i].target != target)
        i++;
    for (size_t r = 0; r < n; r++) {
        uint64_t at = ranges[r].start, end = ranges[r].end;

        while (at < end) {
            if (i >= nr_regions || regions[i].target != target || regions[i].start != at || regions[i].end > end ||
                regions[i].end <= at || regions[i].end % align)
                ck_abort_msg("region %zu of %zu does not follow 0x%llx of range %zu", i, nr_regions,
                             (unsigned long long)at, r);
            at = regions[i++].end;
        }
    }
    expect(i == nr_regions || regions[i].target != target);
    free(regions);
}

void expect_error(struct damon_reclaim *ctx, int r, int error, const char *culprit)
{
    const char *text = damon_reclaim_last_error(ctx);

    if (r != error || !strstr(text, culprit) || strchr(text, '\n'))
        ck_abort_msg("%d with \"%s\"; expected %d and \"%s\"", r, text, error, culprit);
}
