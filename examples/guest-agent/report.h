/* SPDX-License-Identifier: MIT */
/* Reports to the host: lines of JSON over a channel. docs/guest-agent.md explains the format. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "guest.h"

/* Starts to report to a place (see channel.h). Returns 0, or -EOPNOTSUPP if this was built without jansson. */
int report_new(struct guest *guest, const char *place, struct report **ret, struct error_text *error);

/* Send lines. @report may be NULL. */
void report_state(struct report *report, const struct damon_reclaim_event *event);
void report_stats(struct report *report);
uint64_t report_nr_dropped(const struct report *report);

/* Sends `bye` and frees the report. @report may be NULL. */
void report_free(struct report *report);

#endif
