/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "common/clock.h"

#define STAT(name)                                                                                                     \
    {                                                                                                                  \
#name, offsetof(struct damon_reclaim_stats, name)                                                              \
    }
#define TRUTH(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(struct damon_reclaim_sim_report, name)                                                         \
    }

const struct field facts_stats[] = {
    STAT(nr_reclaim_tried_regions),
    STAT(bytes_reclaim_tried_regions),
    STAT(nr_reclaimed_regions),
    STAT(bytes_reclaimed_regions),
    STAT(nr_quota_exceeds),
    STAT(bytes_filter_passed),
    STAT(bytes_accessed),
    STAT(bytes_not_reclaimable),
    STAT(bytes_swapcached),
    STAT(nr_regions),
    STAT(nr_targets),
    STAT(monitored_bytes),
    STAT(effective_quota),
    STAT(charged_bytes),
    STAT(nr_samples),
    STAT(nr_aggregations),
    STAT(monitor_ns),
    STAT(monitor_cpu_ns),
    STAT(reclaim_ns),
    STAT(reclaim_cpu_ns),
    {NULL, 0},
};

const struct field facts_truth[] = {
    TRUTH(total),     TRUTH(touched),        TRUTH(resident),    TRUTH(anon),      TRUTH(file),
    TRUTH(cold),      TRUTH(cold_reclaimed), TRUTH(cold_missed), TRUTH(reclaimed), TRUTH(refaulted),
    TRUTH(regretted), TRUTH(refault_ns),     TRUTH(reclaim_ns),  {NULL, 0},
};

uint64_t facts_field(const void *object, const struct field *field)
{
    uint64_t value;

    memcpy(&value, (const char *)object + field->offset, sizeof(value));
    return value;
}

void watcher_start(struct watcher *watcher, struct damon_reclaim *ctx, const char *workload)
{
    *watcher = (struct watcher){.ctx = ctx,
                                .start_ns = damon_reclaim_now(ctx),
                                .real_start_ns = clock_now_ns(),
                                .cpu_start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    watcher->facts.backend = damon_reclaim_backend_name(ctx);
    watcher->facts.simulated = !strcmp(watcher->facts.backend, "sim");
    watcher->facts.workload = workload;
}

/* Bytes in regions that the reclaim scheme would match now. */
static uint64_t cold_bytes(struct watcher *watcher)
{
    const struct damon_reclaim_params *params = &watcher->facts.params;
    uint64_t min_age = params->aggr_interval ? params->min_age / params->aggr_interval : 0, sum = 0;
    size_t n = 0;

    damon_reclaim_get_regions(watcher->ctx, watcher->regions, watcher->capacity, &n);
    if (n > watcher->capacity) {
        watcher->regions = cli_realloc(watcher->regions, n * 2, sizeof(*watcher->regions));
        watcher->capacity = n * 2;
        damon_reclaim_get_regions(watcher->ctx, watcher->regions, watcher->capacity, &n);
    }
    for (size_t i = 0; i < n; i++)
        if (!watcher->regions[i].nr_accesses && watcher->regions[i].age >= min_age)
            sum += watcher->regions[i].end - watcher->regions[i].start;
    return sum;
}

void watcher_read(struct watcher *watcher)
{
    struct facts *facts = &watcher->facts;

    facts->time_ns = damon_reclaim_now(watcher->ctx) - watcher->start_ns;
    facts->real_ns = clock_now_ns() - watcher->real_start_ns;
    facts->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - watcher->cpu_start_ns;
    facts->stats.size = sizeof(facts->stats);
    damon_reclaim_get_stats(watcher->ctx, &facts->stats);
    facts->params.size = sizeof(facts->params);
    damon_reclaim_get_active_params(watcher->ctx, &facts->params);
    facts->cold_bytes = cold_bytes(watcher);
}

void watcher_read_truth(struct watcher *watcher)
{
    struct facts *facts = &watcher->facts;

    facts->truth.size = sizeof(facts->truth);
    if (facts->simulated && damon_reclaim_sim_get_report(watcher->ctx, facts->params.min_age, &facts->truth) < 0)
        facts->simulated = false;
}

void watcher_free(struct watcher *watcher)
{
    free(watcher->regions);
    watcher->regions = NULL;
}
