/* SPDX-License-Identifier: MIT */
/* How a run is shown: as JSON, and to people. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "facts.h"

/* A line of JSON after an aggregation, and the last one. Parameters are those of @ctx. They print to stdout. */
void json_aggregation(const struct facts *facts);
void json_summary(const struct facts *facts, struct damon_reclaim *ctx);

/* One line on a terminal, drawn over the last one; and it is wiped away for other text to come. They print to stderr.
 */
void text_progress(const struct facts *facts);
void text_wipe(void);

/* What it came to. To stdout. */
void text_summary(const struct facts *facts);

#endif
