/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/units.h"

#define BYTES(n)    units_bytes(n).text
#define SECONDS(n)  units_seconds(n).text
#define SHARE(a, b) units_percent(a, b).text

void text_wipe(void)
{
    fputs("\r\033[K", stderr);
}

void text_progress(const struct facts *facts)
{
    const struct damon_reclaim_stats *stats = &facts->stats;

    text_wipe();
    fprintf(stderr, "%s  %s  %s in %" PRIu64 " regions  cold %s  reclaimed %s", SECONDS(facts->time_ns),
            damon_reclaim_state_name(stats->state), BYTES(stats->monitored_bytes), stats->nr_regions,
            BYTES(facts->cold_bytes), BYTES(stats->bytes_reclaimed_regions));
    fflush(stderr);
}

static void summary_head(const struct facts *facts)
{
    printf("%s%s%s: %s", facts->backend, facts->workload ? ", " : "", facts->workload ? facts->workload : "",
           SECONDS(facts->time_ns));
    if (facts->simulated)
        printf(" of virtual time in %s", SECONDS(facts->real_ns));
    printf("; %s\n", facts->end);
}

static void summary_truth(const struct facts *facts)
{
    const struct damon_reclaim_sim_report *truth = &facts->truth;

    printf("  truth      cold %s: reclaimed %s (%s), missed %s\n", BYTES(truth->cold), BYTES(truth->cold_reclaimed),
           SHARE(truth->cold_reclaimed, truth->cold), BYTES(truth->cold_missed));
    printf("             regretted %s (%s of the reclaimed), refaulted %s, which cost %s\n", BYTES(truth->regretted),
           SHARE(truth->regretted, truth->reclaimed), BYTES(truth->refaulted), SECONDS(truth->refault_ns));
    printf("             resident %s of the %s ever touched: %s anonymous, %s of files\n", BYTES(truth->resident),
           BYTES(truth->touched), BYTES(truth->anon), BYTES(truth->file));
}

static void summary_found(const struct facts *facts)
{
    const struct damon_reclaim_stats *stats = &facts->stats;

    if (facts->dry_run) { /* what stays cold is counted again and again */
        printf("  dry run    nothing was reclaimed; %s are cold now\n", BYTES(facts->cold_bytes));
        return;
    }
    printf("  found      %s not accessed for %s: tried %s of it in %" PRIu64 " regions\n",
           BYTES(stats->bytes_reclaim_tried_regions + stats->bytes_accessed + stats->bytes_not_reclaimable),
           SECONDS(facts->params.min_age * 1000), BYTES(stats->bytes_reclaim_tried_regions),
           stats->nr_reclaim_tried_regions);
    printf("             and left alone %s accessed after all, %s not reclaimable\n", BYTES(stats->bytes_accessed),
           BYTES(stats->bytes_not_reclaimable));
}

void text_summary(const struct facts *facts)
{
    const struct damon_reclaim_stats *stats = &facts->stats;

    summary_head(facts);
    printf("  watched    %s in %" PRIu64 " regions, %" PRIu64 " aggregations, %" PRIu64 " samples\n",
           BYTES(stats->monitored_bytes), stats->nr_regions, stats->nr_aggregations, stats->nr_samples);
    summary_found(facts);
    printf("  reclaimed  %s in %" PRIu64 " regions; the quota was full in %" PRIu64 " windows\n",
           BYTES(stats->bytes_reclaimed_regions), stats->nr_reclaimed_regions, stats->nr_quota_exceeds);
    if (stats->bytes_swapcached)
        printf("             %s more are swapped out and not free yet: they are still in the swap cache\n",
               BYTES(stats->bytes_swapcached));
    printf("  cost       reclaiming %s (CPU %s), monitoring %s of CPU\n", SECONDS(stats->reclaim_ns),
           SECONDS(stats->reclaim_cpu_ns), SECONDS(stats->monitor_cpu_ns));
    if (facts->simulated)
        summary_truth(facts);
    if (!stats->nr_aggregations && stats->state == DAMON_RECLAIM_STATE_ACTIVE &&
        facts->time_ns / 2000 <= facts->params.aggr_interval)
        printf("  The run ended before the first aggregation, which takes %s (aggr_interval).\n",
               SECONDS(facts->params.aggr_interval * 1000));
    else if (!stats->nr_aggregations)
        printf("  Nothing was watched: free memory was never between wmarks_low and wmarks_mid (%" PRIu64 " to %" PRIu64
               " permille);\n  --no-watermarks works however much is free.\n",
               facts->params.wmarks_low, facts->params.wmarks_mid);
}

struct units_text advice_age(uint64_t age_ns)
{
    uint64_t s = age_ns / UINT64_C(1000000000);
    struct units_text t;

    if (s % 3600 == 0)
        snprintf(t.text, sizeof(t.text), "%" PRIu64 "h", s / 3600);
    else if (s % 60 == 0)
        snprintf(t.text, sizeof(t.text), "%" PRIu64 "min", s / 60);
    else
        snprintf(t.text, sizeof(t.text), "%" PRIu64 "s", s);
    return t;
}

static void advice_head(const struct advice *advice)
{
    const struct advise_report *report = &advice->report;

    printf("%s%s%s: watched %s for %s; %s\n", advice->backend, advice->workload ? ", " : "",
           advice->workload ? advice->workload : "", BYTES(report->monitored), SECONDS(report->observed_ns),
           advice->end ? advice->end : "it continues");
}

void text_advice(const struct advice *advice)
{
    const struct advise_report *report = &advice->report;

    advice_head(advice);
    printf("%9s %14s %14s %14s %14s %9s\n", "min_age", "cold now", "reclaimed", "not yet known", "used again", "share");
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        const struct advise_age *age = &report->ages[i];

        printf("%9s %14s %14s %14s %14s %9s\n", advice_age(age->age_ns).text, BYTES(age->cold), BYTES(age->reclaimed),
               BYTES(age->pending), BYTES(age->reused),
               age->reclaimed > age->pending ? SHARE(age->reused_permille, 1000) : "-");
    }
    if (report->min_age_ns)
        printf("advice: min_age=%s, of which at most %s is used again\n", advice_age(report->min_age_ns).text,
               SHARE(advice->tolerance, 1000));
    else
        printf("no advice: for no min_age is it known that at most %s is used again; watch for longer, or raise "
               "--tolerance\n",
               SHARE(advice->tolerance, 1000));
}
