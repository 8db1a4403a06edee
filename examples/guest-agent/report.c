/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/metrics.h"
#include "channel.h"
#include "common/clock.h"
#include "compaction.h"

#define FORMAT 1 /* version of the format; grows when a member changes its meaning or is removed */

struct report {
    struct guest *guest;
    struct channel *channel;
    uint64_t sequence;
};

static json_t *line(const char *type)
{
    return json_pack("{s:s, s:f}", "type", type, "time", (double)clock_ns(CLOCK_REALTIME) / 1e9);
}

/* Prints the object as a line with its newline, and frees the object. NULL without memory. */
static char *to_text(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT), *grown = NULL;

    json_decref(object);
    if (text)
        grown = realloc(text, strlen(text) + 2);
    if (grown)
        strcat(grown, "\n");
    else
        free(text);
    return grown;
}

static void add(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value); /* without memory, the member is left out */
}

static void send(struct report *report, json_t *object)
{
    char *text;

    add(object, "sequence", json_integer((json_int_t)report->sequence++));
    text = to_text(object);
    if (text)
        channel_send(report->channel, text);
}

/* --- the lines --------------------------------------------------------------------------------------------------- */

static json_t *parameters(struct guest *guest)
{
    json_t *object = json_object();
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    char value[64];

    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++) {
        if (info.read_only || !strcmp(info.name, "commit_inputs") ||
            guest_input_get(guest, info.name, value, sizeof(value)) < 0)
            continue;
        add(object, info.name,
            info.type == DAMON_RECLAIM_PARAM_BOOL ? json_boolean(*value == 'Y')
                                                  : json_integer((json_int_t)strtoull(value, NULL, 10)));
    }
    return object;
}

static char *hello(void *userdata)
{
    struct report *report = userdata;
    json_t *object = line("hello");

    add(object, "format", json_integer(FORMAT));
    add(object, "program", json_string(report->guest->agent->program->config.name));
    add(object, "version", json_string(damon_reclaim_version_string()));
    add(object, "backend", json_string(damon_reclaim_backend_name(report->guest->ctx)));
    add(object, "dry_run", json_boolean(report->guest->advise != NULL));
    add(object, "state", json_string(damon_reclaim_state_name(guest_stats(report->guest).state)));
    add(object, "parameters", parameters(report->guest));
    return to_text(object);
}

void report_state(struct report *report, const struct damon_reclaim_event *event)
{
    json_t *object;

    if (!report)
        return;
    object = line("state");
    add(object, "state", json_string(damon_reclaim_state_name(event->state)));
    add(object, "reason", json_string(damon_reclaim_reason_name(event->reason)));
    if (event->reason >= DAMON_RECLAIM_REASON_WMARK_HIGH && event->reason <= DAMON_RECLAIM_REASON_WMARK_LOW)
        add(object, "free_permille", json_integer(event->free_permille));
    add(object, "text", json_string(event->text));
    send(report, object);
}

void report_stats(struct report *report)
{
    struct damon_reclaim_stats stats;
    uint32_t free_permille;
    struct guest *guest;
    json_t *object;

    if (!report)
        return;
    guest = report->guest;
    stats = guest_stats(guest);
    object = line("stats");
    add(object, "state", json_string(damon_reclaim_state_name(stats.state)));
    add(object, "reclaimed_bytes", json_integer((json_int_t)stats.bytes_reclaimed_regions));
    add(object, "tried_bytes", json_integer((json_int_t)stats.bytes_reclaim_tried_regions));
    add(object, "refaulted_bytes", json_integer((json_int_t)guest->cost.refaulted));
    if (guest_free_permille(guest, &free_permille))
        add(object, "free_permille", json_integer(free_permille));
    add(object, "quota_permille", json_integer(guest->backoff.factor));
    add(object, "compactions", json_integer((json_int_t)compaction_nr_requests(guest->compaction)));
    add(object, "dropped_lines", json_integer((json_int_t)report_nr_dropped(report)));
    send(report, object);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int report_new(struct guest *guest, const char *place, struct report **ret, struct error_text *error)
{
    struct report *report = calloc(1, sizeof(*report));
    int r;

    if (!report)
        return error_set(error, -ENOMEM, "no memory");
    report->guest = guest;
    r = channel_new(guest->agent->loop, place, hello, report, &report->channel, error);
    if (r < 0) {
        free(report);
        return r;
    }
    *ret = report;
    return 0;
}

uint64_t report_nr_dropped(const struct report *report)
{
    return report ? channel_nr_dropped(report->channel) : 0;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    send(report, line("bye"));
    channel_free(report->channel);
    free(report);
}
