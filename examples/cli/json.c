/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* JSON's numbers end at 2^63, and the only counter above is the quota that has no limit. */
static json_t *number(uint64_t value)
{
    return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

static json_t *fields(json_t *object, const void *values, const struct field *table)
{
    for (; table->name; table++)
        json_object_set_new(object, table->name, number(facts_field(values, table)));
    return object;
}

static double seconds(uint64_t ns)
{
    return (double)(ns / 1000) / 1e6;
}

/* What a line and the summary have in common. */
static json_t *moment(const struct facts *facts)
{
    json_t *object = json_object();

    json_object_set_new(object, "time", json_real(seconds(facts->time_ns)));
    json_object_set_new(object, "state", json_string(damon_reclaim_state_name(facts->stats.state)));
    json_object_set_new(object, "reason", json_string(damon_reclaim_reason_name(facts->stats.reason)));
    json_object_set_new(object, "bytes_cold", number(facts->cold_bytes));
    return fields(object, &facts->stats, facts_stats);
}

static void print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

void json_aggregation(const struct facts *facts)
{
    json_t *line = moment(facts);

    json_object_set_new(line, "sample_interval", number(facts->params.sample_interval));
    json_object_set_new(line, "aggr_interval", number(facts->params.aggr_interval));
    print(line);
}

/* Every parameter that can be set, as it is staged; text for what is no number. */
static json_t *parameters(struct damon_reclaim *ctx)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    json_t *object = json_object();

    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++, info.size = sizeof(info)) {
        char text[64];
        json_t *value;

        if (info.read_only || damon_reclaim_get(ctx, info.name, text, sizeof(text)) < 0)
            continue;
        if (info.type == DAMON_RECLAIM_PARAM_BOOL)
            value = json_boolean(!strcmp(text, "Y"));
        else
            value = json_loads(text, JSON_DECODE_ANY, NULL);
        json_object_set_new(object, info.name, value ? value : json_string(text));
    }
    return object;
}

void json_summary(const struct facts *facts, struct damon_reclaim *ctx)
{
    json_t *summary = json_pack("{s:b, s:s, s:s*, s:s, s:b}", "summary", 1, "backend", facts->backend, "workload",
                                facts->workload, "end", facts->end, "dry_run", facts->dry_run);

    json_object_update_new(summary, moment(facts));
    json_object_set_new(summary, "real_time", json_real(seconds(facts->real_ns)));
    json_object_set_new(summary, "cpu_time", json_real(seconds(facts->cpu_ns)));
    json_object_set_new(summary, "parameters", parameters(ctx));
    if (facts->simulated)
        json_object_set_new(summary, "truth", fields(json_object(), &facts->truth, facts_truth));
    print(summary);
}

/* One of the candidates. */
static json_t *age(const struct advise_age *of)
{
    bool known = of->reclaimed > of->pending;

    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "min_age", (json_int_t)(of->age_ns / 1000), "bytes_cold",
                     number(of->cold), "bytes_reclaimed", number(of->reclaimed), "bytes_pending", number(of->pending),
                     "bytes_reused", number(of->reused), "reused",
                     known ? json_real((double)of->reused_permille / 1000) : json_null());
}

void json_advice(const struct advice *advice)
{
    const struct advise_report *report = &advice->report;
    json_t *object = json_pack("{s:b, s:s, s:s*, s:s*}", "summary", advice->end != NULL, "backend", advice->backend,
                               "workload", advice->workload, "end", advice->end);
    json_t *ages = json_object();

    json_object_set_new(object, "time", json_real(seconds(report->observed_ns)));
    json_object_set_new(object, "monitored_bytes", number(report->monitored));
    json_object_set_new(object, "tolerance", json_real((double)advice->tolerance / 1000));
    json_object_set_new(object, "min_age", report->min_age_ns ? number(report->min_age_ns / 1000) : json_null());
    for (size_t i = 0; i < ADVISE_AGES; i++)
        json_object_set_new(ages, advice_age(report->ages[i].age_ns).text, age(&report->ages[i]));
    json_object_set_new(object, "ages", ages);
    print(object);
}
