/* SPDX-License-Identifier: MIT */
/* How a run is shown: as JSON, and to people. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "common/advise.h"
#include "facts.h"
#include "common/units.h"

/* What is known of the memory at one moment. */
struct advice {
    const char *backend;
    const char *workload; /* NULL: none, or the built-in one */
    const char *end;      /* why it ended; NULL: it continues */
    uint32_t tolerance;   /* permille */
    struct advise_report report;
};

/* An age as a parameter takes it: "30s", "5min". */
struct units_text advice_age(uint64_t age_ns);

/* A line of JSON after an aggregation, and the last one. Parameters are those of @ctx. They print to stdout. */
void json_aggregation(const struct facts *facts);
void json_summary(const struct facts *facts, struct damon_reclaim *ctx);

void json_advice(const struct advice *advice); /* a line */
void text_advice(const struct advice *advice);

/* One line on a terminal, drawn over the last one; and it is wiped away for other text to come. They print to stderr.
 */
void text_progress(const struct facts *facts);
void text_wipe(void);

/* What it came to. To stdout. */
void text_summary(const struct facts *facts);

#endif
