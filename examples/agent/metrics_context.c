/* SPDX-License-Identifier: MIT */
/* The samples that every context has, and those of the advice. */
#include <damon_reclaim/damon_reclaim.h>

#include <inttypes.h>
#include <string.h>

#include "common/advise.h"
#include "backoff.h"
#include "metrics.h"

#define MOST_LABELS 8

/* Counters and gauges whose values are plain numbers. */
static const struct {
    enum metric_id id;
    size_t offset;
} numbers[] = {
    /* If several machines share a context, each machine exports these itself. */
    {METRIC_TRIED, offsetof(struct damon_reclaim_stats, bytes_reclaim_tried_regions)},
    {METRIC_RECLAIMED, offsetof(struct damon_reclaim_stats, bytes_reclaimed_regions)},
#define NR_DIVIDED 2
    {METRIC_ACCESSED, offsetof(struct damon_reclaim_stats, bytes_accessed)},
    {METRIC_NOT_RECLAIMABLE, offsetof(struct damon_reclaim_stats, bytes_not_reclaimable)},
    {METRIC_SWAPCACHED, offsetof(struct damon_reclaim_stats, bytes_swapcached)},
    {METRIC_TRIED_REGIONS, offsetof(struct damon_reclaim_stats, nr_reclaim_tried_regions)},
    {METRIC_RECLAIMED_REGIONS, offsetof(struct damon_reclaim_stats, nr_reclaimed_regions)},
    {METRIC_QUOTA_EXCEEDS, offsetof(struct damon_reclaim_stats, nr_quota_exceeds)},
    {METRIC_REGIONS, offsetof(struct damon_reclaim_stats, nr_regions)},
    {METRIC_TARGETS, offsetof(struct damon_reclaim_stats, nr_targets)},
    {METRIC_MONITORED, offsetof(struct damon_reclaim_stats, monitored_bytes)},
    {METRIC_SAMPLES, offsetof(struct damon_reclaim_stats, nr_samples)},
    {METRIC_AGGREGATIONS, offsetof(struct damon_reclaim_stats, nr_aggregations)},
};

static uint64_t number(const struct damon_reclaim_stats *stats, size_t offset)
{
    uint64_t value;

    memcpy(&value, (const char *)stats + offset, sizeof(value));
    return value;
}

/* Copies the labels, so that one can be appended. Returns their number. */
static size_t copy_labels(struct metrics_label all[MOST_LABELS + 1], const struct metrics_label *labels, size_t n)
{
    n = n < MOST_LABELS ? n : MOST_LABELS;
    if (n)
        memcpy(all, labels, n * sizeof(*labels));
    return n;
}

/* Adds a sample for each name of an enum: 1 for the current value, 0 for the others. */
struct choice {
    struct metrics *metrics;
    struct metrics_label labels[MOST_LABELS + 1]; /* the last label has the name */
    size_t n;
};

static struct choice choice(struct metrics *metrics, const char *label, const struct metrics_label *labels, size_t n)
{
    struct choice choice = {.metrics = metrics};

    n = copy_labels(choice.labels, labels, n);
    choice.labels[n].name = label;
    choice.n = n + 1;
    return choice;
}

static void tell(struct choice *choice, enum metric_id id, const char *name, bool holds)
{
    choice->labels[choice->n - 1].value = name;
    metrics_uint(choice->metrics, id, choice->labels, choice->n, holds);
}

static void state(struct metrics *metrics, const struct damon_reclaim_stats *stats, const struct metrics_label *labels,
                  size_t n)
{
    struct choice states = choice(metrics, "state", labels, n), reasons = choice(metrics, "reason", labels, n);
    const char *name;

    for (int i = 0; (name = damon_reclaim_state_name((uint32_t)i)) != NULL; i++)
        tell(&states, METRIC_STATE, name, i == (int)stats->state);
    for (int i = 0; (name = damon_reclaim_reason_name((uint32_t)i)) != NULL; i++)
        tell(&reasons, METRIC_STATE_REASON, name, i == (int)stats->reason);
}

/* The numbers start at @first. */
static void context(struct metrics *metrics, struct damon_reclaim *ctx, size_t first,
                    const struct metrics_label *labels, size_t n)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    if (damon_reclaim_get_stats(ctx, &stats) < 0)
        return;
    state(metrics, &stats, labels, n);
    for (size_t i = first; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        metrics_uint(metrics, numbers[i].id, labels, n, number(&stats, numbers[i].offset));
    if (stats.effective_quota != UINT64_MAX)
        metrics_uint(metrics, METRIC_QUOTA, labels, n, stats.effective_quota);
    metrics_seconds(metrics, METRIC_MONITOR_CPU, labels, n, stats.monitor_cpu_ns);
    metrics_seconds(metrics, METRIC_RECLAIM_CPU, labels, n, stats.reclaim_cpu_ns);
}

void metrics_shared_context(struct metrics *metrics, struct damon_reclaim *ctx)
{
    context(metrics, ctx, NR_DIVIDED, NULL, 0);
}

void metrics_context(struct metrics *metrics, struct damon_reclaim *ctx, const struct backoff *backoff,
                     const struct metrics_label *labels, size_t n)
{
    context(metrics, ctx, 0, labels, n);
    if (!backoff)
        return;
    metrics_permille(metrics, METRIC_BACKOFF, labels, n, backoff->factor);
    metrics_permille(metrics, METRIC_REFAULT, labels, n, backoff_ratio(backoff));
}

void metrics_advice(struct metrics *metrics, const struct advise_report *report, const struct metrics_label *labels,
                    size_t n)
{
    struct metrics_label all[MOST_LABELS + 1];

    n = copy_labels(all, labels, n);
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        const struct advise_age *age = &report->ages[i];
        char seconds[24];

        snprintf(seconds, sizeof(seconds), "%" PRIu64, age->age_ns / 1000000000);
        all[n] = (struct metrics_label){"min_age", seconds};
        metrics_uint(metrics, METRIC_COLD, all, n + 1, age->cold);
        metrics_uint(metrics, METRIC_ADVISE_RECLAIMED, all, n + 1, age->reclaimed);
        metrics_uint(metrics, METRIC_ADVISE_REUSED, all, n + 1, age->reused);
    }
}
