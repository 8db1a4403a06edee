/* SPDX-License-Identifier: MIT */
/* What the host is told: lines of JSON over a channel. The format is in docs/guest-agent.md. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "guest.h"

/* Begins to report to a place, as channel.h has them. -EOPNOTSUPP: built without jansson. */
int report_new(struct guest *guest, const char *place, struct report **ret, struct agent_error *error);

/* Lines. @report may be NULL. */
void report_state(struct report *report, const struct damon_reclaim_event *event);
void report_stats(struct report *report);
uint64_t report_nr_dropped(const struct report *report);

/* Says good-bye. NULL is fine. */
void report_free(struct report *report);

#endif
