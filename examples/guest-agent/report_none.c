/* SPDX-License-Identifier: MIT */
/* A build without jansson. */
#include "report.h"

#include <errno.h>

int report_new(struct guest *guest, const char *place, struct report **ret, struct error_text *error)
{
    (void)guest, (void)ret;
    return error_set(error, -EOPNOTSUPP, "report to %s: this build cannot write JSON (it lacks jansson)", place);
}

void report_state(struct report *report, const struct damon_reclaim_event *event)
{
    (void)report, (void)event;
}

void report_stats(struct report *report)
{
    (void)report;
}

uint64_t report_nr_dropped(const struct report *report)
{
    (void)report;
    return 0;
}

void report_free(struct report *report)
{
    (void)report;
}
