/* SPDX-License-Identifier: MIT */
/*
 * A page of metrics. It prints samples as text: in the format of Prometheus (for node_exporter's textfile collector and
 * promtool), or in OpenMetrics (for scrapers that ask for it).
 */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <damon_reclaim/damon_reclaim.h>

#include "common/error.h"
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

/* Prints the full name of a metric, such as "damon_reclaim_reclaimed_bytes_total". Returns the length, like snprintf().
 */
int metric_name(enum metric_id id, char *buf, size_t size);

struct metrics_label {
    const char *name, *value; /* the value may be any UTF-8 text */
};

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

#define METRICS_TYPE_PROMETHEUS  "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Holds the samples until they are printed. */
struct metrics;

int metrics_new(struct metrics **ret);
void metrics_free(struct metrics *metrics);
void metrics_clear(struct metrics *metrics);

/*
 * Add a sample, in any order: the page groups the samples of a metric. Samples of a metric must have different labels.
 * Without memory the sample is lost, and printing the page fails; so callers need not check each sample.
 */
void metrics_uint(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                  uint64_t value);
void metrics_seconds(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                     uint64_t ns);
void metrics_permille(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                      uint64_t permille); /* printed as a ratio */

/* The values of the labels for a state and a reason. */

/* Adds the samples that every context has, with @labels on all of them, and those of @backoff if it is not NULL. */
void metrics_context(struct metrics *metrics, struct damon_reclaim *ctx, const struct backoff *backoff,
                     const struct metrics_label *labels, size_t n);
/* Adds the samples of a context that several machines share, which cannot be divided among them. */
void metrics_shared_context(struct metrics *metrics, struct damon_reclaim *ctx);

/* Adds the figures behind the advice for each age, with the label min_age in seconds. */
void metrics_advice(struct metrics *metrics, const struct advise_report *report, const struct metrics_label *labels,
                    size_t n);

/* Prints the page. The caller frees @ret_text. Returns 0 or -ENOMEM. */
int metrics_text(const struct metrics *metrics, enum metrics_format format, char **ret_text, size_t *ret_len);

/*
 * Replaces the file at @path by the page, with mode 0644. A reader sees the old page or the new one, never a part. The
 * name must end in .prom, or node_exporter does not read it.
 */
int metrics_write_file(const struct metrics *metrics, const char *path, struct error_text *error);

#endif
