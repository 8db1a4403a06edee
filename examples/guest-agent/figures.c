/* SPDX-License-Identifier: MIT */
/* The daemon's metrics, its status line, and the results of a dry run. */
#include <inttypes.h>
#include <stdio.h>

#include "agent/log.h"
#include "common/units.h"
#include "compaction.h"
#include "guest.h"
#include "report.h"

static void advice(const struct guest *guest, struct advise_report *ret)
{
    advise_get(guest->advise, (uint32_t)config_number(guest->agent->config, NULL, "refault_limit"), ret);
}

void guest_metrics(struct agent *agent, struct metrics *metrics)
{
    const struct guest *guest = agent->userdata;
    uint32_t free_permille;

    metrics_context(metrics, guest->ctx, &guest->backoff, NULL, 0);
    metrics_uint(metrics, METRIC_REFAULTED, NULL, 0, guest->cost.refaulted);
    if (guest_free_permille(guest, &free_permille))
        metrics_permille(metrics, METRIC_FREE, NULL, 0, free_permille);
    metrics_uint(metrics, METRIC_COMPACTIONS, NULL, 0, compaction_nr_requests(guest->compaction));
    metrics_uint(metrics, METRIC_REPORTS_DROPPED, NULL, 0, report_nr_dropped(guest->report));
    if (guest->advise) {
        struct advise_report report;

        advice(guest, &report);
        metrics_advice(metrics, &report, NULL, 0);
    }
}

void guest_status(struct agent *agent, char *buf, size_t size)
{
    const struct guest *guest = agent->userdata;
    struct damon_reclaim_stats stats = guest_stats(guest);
    uint32_t free_permille;
    char free_text[32] = "";

    if (guest_free_permille(guest, &free_permille))
        snprintf(free_text, sizeof(free_text), ", %u.%u %% free", free_permille / 10, free_permille % 10);
    snprintf(buf, size, "%s%s (%s%s); %s watched, %s reclaimed, %s came back; %u.%u %% of the quota",
             guest->advise ? "dry run, " : "", damon_reclaim_state_name(stats.state),
             damon_reclaim_reason_name(stats.reason), free_text, units_bytes(stats.monitored_bytes).text,
             units_bytes(stats.bytes_reclaimed_regions).text, units_bytes(guest->cost.refaulted).text,
             guest->backoff.factor / 10, guest->backoff.factor % 10);
}

void guest_log_advice(const struct guest *guest)
{
    struct advise_report report;

    advice(guest, &report);
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        const struct advise_age *age = &report.ages[i];

        if (age->age_ns > report.observed_ns && !age->cold)
            continue;
        log_info("dry run: min_age %s: %s cold now; %s would have been reclaimed, %" PRIu32
                 " permille of it used again",
                 units_seconds(age->age_ns).text, units_bytes(age->cold).text, units_bytes(age->reclaimed).text,
                 age->reused_permille);
    }
    if (report.min_age_ns)
        log_info("dry run: advice after %s: min_age %s", units_seconds(report.observed_ns).text,
                 units_seconds(report.min_age_ns).text);
    else
        log_info("dry run: no advice yet, after %s", units_seconds(report.observed_ns).text);
}
