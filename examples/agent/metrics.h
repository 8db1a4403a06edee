/* SPDX-License-Identifier: MIT */
/*
 * A page of metrics: samples of the one table, as text in Prometheus' format (for node_exporter's textfile collector
 * and promtool) or in OpenMetrics (for a scraper that asks for it).
 */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <damon_reclaim/damon_reclaim.h>

#include "error.h"
#include "metrics_table.h"

struct advise_report;
struct backoff;

enum metric_id {
#define METRICS_ID(id, name, unit, type, help) METRIC_##id,
    METRICS_TABLE(METRICS_ID)
#undef METRICS_ID
        NR_METRICS
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name, *unit, *help;
    enum metric_type type;
};

const struct metric *metric_describe(enum metric_id id);

/* The full name of its samples, "damon_reclaim_reclaimed_bytes_total". Returns the length, as snprintf(). */
int metric_name(enum metric_id id, char *buf, size_t size);

struct metrics_label {
    const char *name, *value; /* any UTF-8 text as value */
};

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

#define METRICS_TYPE_PROMETHEUS  "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Holds the samples until they are written. */
struct metrics;

int metrics_new(struct metrics **ret);
void metrics_free(struct metrics *metrics);
void metrics_clear(struct metrics *metrics);

/*
 * Add a sample. The order is free: the page brings those of a metric together. Labels must differ between samples of a
 * metric. Without memory the sample is lost and writing the page fails, so that callers need not look at each.
 */
void metrics_uint(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                  uint64_t value);
void metrics_seconds(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                     uint64_t ns);
void metrics_permille(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                      uint64_t permille); /* as a ratio */

/* The words that the labels have for a state and a reason. */

/* The samples that every context has, with @labels on all of them. Of @backoff if it is not NULL. */
void metrics_context(struct metrics *metrics, struct damon_reclaim *ctx, const struct backoff *backoff,
                     const struct metrics_label *labels, size_t n);
/* Of a context that several have together, what is not to be told for each of them. */
void metrics_shared_context(struct metrics *metrics, struct damon_reclaim *ctx);

/* What the advice is made of, for each age: the label min_age, in seconds. */
void metrics_advice(struct metrics *metrics, const struct advise_report *report, const struct metrics_label *labels,
                    size_t n);

/* Prints the page. @ret_text is the caller's, to be freed. -ENOMEM. */
int metrics_text(const struct metrics *metrics, enum metrics_format format, char **ret_text, size_t *ret_len);

/*
 * Replaces the file at @path by the page, mode 0644: a reader sees the old page or the new one, never a part. The name
 * must end in .prom for node_exporter to read it.
 */
int metrics_write_file(const struct metrics *metrics, const char *path, struct agent_error *error);

#endif
