/* SPDX-License-Identifier: MIT */
/*
 * What the engine costs for each region, through the public API over a backend that does nothing: time of a sample tick
 * and of an aggregation (aging, merging, schemes with quota and priorities, splitting), allocations in the steady
 * state, and memory of a context. The accesses are made up so that regions merge and split all the time.
 *
 *     bench-engine REGIONS        one JSON line a figure
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "damon_reclaim/damon_reclaim.h"

#define BASE             UINT64_C(0x100000000)
#define BYTES_PER_REGION (UINT64_C(4) << 20)
#define WARM_UP          400 /* aggregations */
#define MEASURED         400

struct bench {
    uint64_t regions;
    uint64_t now_ns;
    uint64_t epoch;      /* changes the pattern of access */
    bool aggregated;     /* the last dispatch was an aggregation */
    uint64_t candidates; /* regions handed to reclaim() */
    uint64_t allocations;
    uint64_t bytes;
    uint64_t peak;
};

static uint64_t real_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int null_ranges(void *data, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    struct bench *bench = data;

    (void)target;
    if (capacity)
        ranges[0] = (struct damon_reclaim_range){BASE, BASE + bench->regions * BYTES_PER_REGION};
    *ret_n = 1;
    return 0;
}

static int null_prepare(void *data, uint32_t target, const uint64_t *addrs, size_t n)
{
    (void)data, (void)target, (void)addrs, (void)n;
    return 0;
}

/* A block of 4 MiB is hot, warm or idle for a while, differently from its neighbours; half of the memory is idle.
 * Cheap, because its time counts as the engine's. */
static int null_check(void *data, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    struct bench *bench = data;
    uint64_t least = 4 + (bench->now_ns >> 22) % 4;

    (void)target;
    for (size_t i = 0; i < n; i++) {
        uint64_t block = (addrs[i] >> 22) + bench->epoch;
        uint64_t heat = (block * UINT64_C(0x9e3779b97f4a7c15)) >> 61;

        accessed[i] = heat >= least;
    }
    return 0;
}

static int null_reclaim(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    struct bench *bench = data;

    bench->candidates++;
    result->tried = result->reclaimed = request->end - request->start;
    return 0;
}

static int null_metrics(void *data, struct damon_reclaim_metrics *metrics)
{
    (void)data;
    metrics->free_permille = 300;
    return 0;
}

static uint64_t null_now(void *data)
{
    return ((struct bench *)data)->now_ns;
}

static int null_advance(void *data, uint64_t until_ns)
{
    ((struct bench *)data)->now_ns = until_ns;
    return 0;
}

static void after_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    (void)ctx;
    ((struct bench *)userdata)->aggregated = true;
}

static void *counting_realloc(void *data, void *ptr, size_t bytes)
{
    struct bench *bench = data;

    bench->allocations++;
    bench->bytes -= ptr ? malloc_usable_size(ptr) : 0;
    ptr = realloc(ptr, bytes);
    bench->bytes += ptr ? malloc_usable_size(ptr) : 0;
    if (bench->bytes > bench->peak)
        bench->peak = bench->bytes;
    return ptr;
}

static void counting_free(void *data, void *ptr)
{
    ((struct bench *)data)->bytes -= malloc_usable_size(ptr);
    free(ptr);
}

static void set(struct damon_reclaim *ctx, const char *name, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    if (damon_reclaim_set(ctx, name, text) < 0) {
        fprintf(stderr, "%s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
}

static struct damon_reclaim *make(struct bench *bench, uint64_t max_nr_regions)
{
    static const struct damon_reclaim_backend_ops ops = {
        .size = sizeof(ops),
        .name = "null",
        .features = DAMON_RECLAIM_BACKEND_WHOLE,
        .ranges = null_ranges,
        .prepare = null_prepare,
        .check = null_check,
        .reclaim = null_reclaim,
        .metrics = null_metrics,
        .now = null_now,
        .advance = null_advance,
    };
    const struct damon_reclaim_allocator allocator = {
        .size = sizeof(allocator), .realloc = counting_realloc, .free = counting_free, .data = bench};
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                      .after_aggregation = after_aggregation};
    const struct damon_reclaim_config config = {.size = sizeof(config),
                                                .backend_ops = &ops,
                                                .backend_data = bench,
                                                .allocator = &allocator,
                                                .callbacks = &callbacks,
                                                .userdata = bench,
                                                .seed = 1};
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0)
        exit(1);
    set(ctx, "max_nr_regions", max_nr_regions);
    set(ctx, "min_nr_regions", max_nr_regions / 4); /* so that they become as many as the pattern has blocks */
    set(ctx, "min_age", 500000);
    set(ctx, "quota_sz", bench->regions * BYTES_PER_REGION / 64);
    if (damon_reclaim_enable(ctx) < 0) {
        fprintf(stderr, "%s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
    return ctx;
}

static size_t nr_regions(struct damon_reclaim *ctx)
{
    size_t n = 0;

    damon_reclaim_get_regions(ctx, NULL, 0, &n);
    return n;
}

/* Times of single dispatches, in ns a region. */
struct times {
    double *value;
    size_t n;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median, which other work on the machine disturbs least. */
static double median(struct times *times)
{
    qsort(times->value, times->n, sizeof(*times->value), by_value);
    return times->n ? times->value[times->n / 2] : 0;
}

/* Runs so many aggregations and notes the times of plain ticks [0] and of those that aggregate [1]. Returns the mean
 * number of regions. */
static double run(struct damon_reclaim *ctx, struct bench *bench, int aggregations, struct times times[2])
{
    double sum = 0;
    size_t dispatches = 0;

    for (int done = 0; done < aggregations; dispatches++) {
        size_t n = nr_regions(ctx);
        uint64_t begin = real_ns(), end;
        struct times *t;

        bench->aggregated = false;
        if (damon_reclaim_dispatch(ctx) < 0)
            exit(1);
        end = real_ns();
        t = &times[bench->aggregated];
        t->value[t->n++] = (double)(end - begin) / (double)(n ? n : 1);
        sum += (double)n;
        done += bench->aggregated;
        if (bench->aggregated && done % 7 == 0)
            bench->epoch += UINT64_C(0x5bd1e995);
    }
    return sum / (double)dispatches;
}

static void print(const struct bench *bench, const char *name, double value, const char *unit)
{
    printf("{\"name\": \"engine.%s\", \"nr_regions\": %llu, \"value\": %.3f, \"unit\": \"%s\"}\n", name,
           (unsigned long long)bench->regions, value, unit);
}

int main(int argc, char **argv)
{
    enum { MOST = 25 * (WARM_UP + 2 * MEASURED) };
    static double values[2][MOST];
    struct bench bench = {.regions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000};
    struct times times[2] = {{values[0], 0}, {values[1], 0}};
    uint64_t allocations;
    double regions, tick;
    struct damon_reclaim *ctx;

    /* With room for a quarter more there are about as many regions as asked for. */
    ctx = make(&bench, bench.regions * 5 / 4);
    run(ctx, &bench, WARM_UP, times);
    times[0].n = times[1].n = 0;
    bench.candidates = 0;
    allocations = bench.allocations;
    regions = run(ctx, &bench, MEASURED, times);
    tick = median(&times[0]);

    print(&bench, "regions", regions, "regions");
    print(&bench, "candidates", (double)bench.candidates / MEASURED, "regions an aggregation");
    print(&bench, "tick", tick, "ns a region");
    /* The dispatch that aggregates is a tick as well. */
    print(&bench, "aggregation", median(&times[1]) - tick, "ns a region");
    print(&bench, "allocations", (double)(bench.allocations - allocations), "in the steady state");
    damon_reclaim_unref(ctx);

    bench.peak = 0;
    ctx = make(&bench, bench.regions);
    run(ctx, &bench, MEASURED, times);
    print(&bench, "memory", (double)bench.peak / 1024, "KiB with max_nr_regions at nr_regions");
    damon_reclaim_unref(ctx);
    return bench.bytes != 0;
}
