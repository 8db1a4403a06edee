/* SPDX-License-Identifier: MIT */
/*
 * simulated [DAYS [SEED]]: a month (30 days) of the library over simulated memory, in a minute.
 *
 * One context lives all the time, others for hours. Every ten minutes of their virtual clocks something changes:
 * targets come and go, parameters are committed, good ones and bad ones, schemes, filters and exclusions are set, a
 * context is disabled and enabled. Every hour counters, regions and the truth of the simulation must agree. The last
 * hour of a day is quiet: the one context is left, with all targets and the same parameters, so that its memory can be
 * compared with that of other days. Samples are taken every half second and aggregations last ten seconds or twenty, a
 * hundredth of the default's rate.
 */
#include "soak.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB     UINT64_C(1048576)
#define BASE    (UINT64_C(4) << 30) /* where simulated memory begins */
#define SECOND  UINT64_C(1000000000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define PARTS   8
#define SCHEMES 4
#define GUESTS  3 /* contexts beside the one that stays */

#define SAMPLE_US UINT64_C(500000)
#define AGGR_US   UINT64_C(10000000)

struct machine {
    struct damon_reclaim *ctx;
    struct soak_random random;
    uint64_t part_bytes;
    bool is_target[PARTS];
    uint32_t targets[PARTS];
    bool has_scheme[SCHEMES];
    uint32_t schemes[SCHEMES];
    struct damon_reclaim_stats stats; /* of the last hour */
    struct damon_reclaim_sim_report truth;
    uint64_t looked_ns;
    unsigned int hours, lifetime;
    uint64_t nr_aggregations; /* callbacks */
    uint64_t reclaimed;       /* as the callbacks were told */
};

static struct soak_random events;
static size_t allocated; /* by the library */
static uint64_t nr_machines, nr_commits, nr_refused, nr_target_changes, nr_errors, nr_logged, nr_checks, nr_failed;
static uint64_t sum_reclaimed, sum_aggregations;

static void check(bool holds, const char *what, const struct machine *m)
{
    nr_checks++;
    if (holds)
        return;
    if (nr_failed++ < 20)
        printf("FAILED: %s, after %u hours: %s\n", what, m->hours, damon_reclaim_last_error(m->ctx));
}

#define CHECK(m, condition) check(condition, #condition, m)

static _Noreturn void die(const char *what)
{
    printf("%s\n", what);
    exit(1);
}

/* --- what the library is given ---------------------------------------------------------------------------------- */

static void *count_realloc(void *data, void *ptr, size_t bytes)
{
    size_t old = ptr ? malloc_usable_size(ptr) : 0;
    void *p = realloc(ptr, bytes);

    (void)data;
    if (p)
        allocated += malloc_usable_size(p) - old;
    return p;
}

static void count_free(void *data, void *ptr)
{
    (void)data;
    allocated -= malloc_usable_size(ptr);
    free(ptr);
}

static void log_line(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    (void)ctx, (void)text, (void)userdata;
    nr_logged += level == DAMON_RECLAIM_LOG_ERROR;
}

static void after_aggregation(struct damon_reclaim *ctx, void *userdata)
{
    struct machine *m = userdata;

    (void)ctx;
    m->nr_aggregations++;
}

static void after_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata)
{
    struct machine *m = userdata;

    (void)ctx, (void)region;
    if (scheme == DAMON_RECLAIM_SCHEME_RECLAIM) /* what the others count is nothing that was done */
        m->reclaimed += result->reclaimed;
}

/* Parts of memory, filled once; then phases of minutes or hours, in each of which one to three parts are in use. */
static char *make_workload(struct machine *m)
{
    uint64_t ms = 0, end = (uint64_t)m->lifetime * 3600000;
    size_t size;
    char *text;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        die("no memory");
    for (int i = 0; i < PARTS; i++)
        fprintf(file, "part %d, %" PRIu64 "%s\n", i, m->part_bytes, i % 3 ? "" : ", file");
    fprintf(file, "\nfill\n300000\n");
    for (int i = 0; i < PARTS; i++)
        fprintf(file, "part %d, 0, 4096, 1\n", i);
    for (unsigned int phase = 0; ms < end; phase++) {
        uint64_t duration = 600000 * (1 + soak_random(&m->random, 24));
        uint64_t used = 1 + soak_random(&m->random, 3), first = soak_random(&m->random, PARTS);

        fprintf(file, "\nphase %u\n%" PRIu64 "\n", phase, duration);
        for (uint64_t i = 0; i < used; i++)
            fprintf(file, "part %" PRIu64 ", %d, %d, %d\n", (first + i) % PARTS, soak_chance(&m->random, 70),
                    soak_chance(&m->random, 50) ? 4096 : 64, 1 + (int)soak_random(&m->random, 9));
        ms += duration;
    }
    if (fclose(file) != 0)
        die("no memory");
    return text;
}

/* --- what happens ----------------------------------------------------------------------------------------------- */

static void change_target(struct machine *m, size_t i)
{
    struct damon_reclaim_range range = {BASE + i * m->part_bytes, BASE + (i + 1) * m->part_bytes};
    struct damon_reclaim_target target = {.size = sizeof(target), .ranges = &range, .nr_ranges = 1};
    size_t there = 0;

    for (size_t p = 0; p < PARTS; p++)
        there += m->is_target[p];
    if (m->is_target[i] && there == 1)
        return;
    if (m->is_target[i])
        CHECK(m, damon_reclaim_remove_target(m->ctx, m->targets[i]) == 0);
    else
        CHECK(m, damon_reclaim_add_target(m->ctx, &target, &m->targets[i]) == 0);
    m->is_target[i] = !m->is_target[i];
    nr_target_changes++;
}

static struct damon_reclaim_params quiet_params(void)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};

    damon_reclaim_params_init(&params);
    params.sample_interval = SAMPLE_US;
    params.aggr_interval = AGGR_US;
    params.max_nr_regions = 300;
    params.wmarks_high = params.wmarks_mid = 1000;
    params.wmarks_low = 0;
    return params;
}

static void set_params(struct machine *m)
{
    struct damon_reclaim_params params = quiet_params();

    params.aggr_interval = AGGR_US << soak_random(&m->random, 2);
    params.min_age = (1 + soak_random(&m->random, 60)) * 60 * 1000000;
    params.quota_ms = soak_random(&m->random, 3) * 10;
    params.quota_sz = soak_random(&m->random, 3) * 16 * MIB;
    params.quota_reset_interval_ms = 1000 * (1 + soak_random(&m->random, 30));
    params.max_nr_regions = 100 + soak_random(&m->random, 200);
    params.skip_anon = soak_chance(&m->random, 10);
    params.wmarks_low = soak_chance(&m->random, 5) ? 999 : 0; /* 999: it waits, because less is free */
    params.wmarks_interval = 5000000;
    CHECK(m, damon_reclaim_set_params(m->ctx, &params) == 0);
}

static void commit_good(struct machine *m)
{
    set_params(m);
    CHECK(m, damon_reclaim_commit(m->ctx) == 0);
    nr_commits++;
}

/* A contradictory set is refused, and what is in effect stays. */
static void commit_bad(struct machine *m)
{
    struct damon_reclaim_params before = {.size = sizeof(before)}, after = {.size = sizeof(after)}, bad;

    damon_reclaim_get_active_params(m->ctx, &before);
    bad = before;
    bad.min_nr_regions = bad.max_nr_regions + 1;
    nr_errors++;
    if (damon_reclaim_set_params(m->ctx, &bad) == 0)
        CHECK(m, damon_reclaim_commit(m->ctx) == -EINVAL);
    damon_reclaim_get_active_params(m->ctx, &after);
    CHECK(m, !memcmp(&before, &after, sizeof(before)));
    CHECK(m, damon_reclaim_set_params(m->ctx, &before) == 0);
    nr_refused++;
}

static void change_scheme(struct machine *m, size_t i)
{
    struct damon_reclaim_scheme scheme = {.size = sizeof(scheme),
                                          .max_nr_accesses = i % 2 ? UINT32_MAX : 0,
                                          .min_age_us = soak_random(&m->random, 3600) * 1000000,
                                          .action = DAMON_RECLAIM_ACTION_STAT};

    if (m->has_scheme[i])
        CHECK(m, damon_reclaim_remove_scheme(m->ctx, m->schemes[i]) == 0);
    else
        CHECK(m, damon_reclaim_add_scheme(m->ctx, &scheme, &m->schemes[i]) == 0);
    m->has_scheme[i] = !m->has_scheme[i];
}

static void change_filters(struct machine *m)
{
    struct damon_reclaim_filter filters[4];
    size_t n = soak_random(&m->random, 5);

    for (size_t i = 0; i < n; i++) {
        uint64_t start = BASE + soak_random(&m->random, PARTS * m->part_bytes);

        filters[i] = (struct damon_reclaim_filter){.type = DAMON_RECLAIM_FILTER_ADDR,
                                                   .matching = true,
                                                   .allow = false,
                                                   .start = start,
                                                   .end = start + soak_random(&m->random, 16 * MIB) + 1};
    }
    CHECK(m, damon_reclaim_set_filters(m->ctx, DAMON_RECLAIM_SCHEME_RECLAIM, filters, n) == 0);
}

static void change_exclusions(struct machine *m)
{
    struct damon_reclaim_exclusion exclusions[4] = {0};
    size_t n = soak_random(&m->random, 5);

    for (size_t i = 0; i < n; i++) {
        uint64_t start = BASE + soak_random(&m->random, PARTS * m->part_bytes);

        exclusions[i].type = DAMON_RECLAIM_EXCLUDE_RANGE;
        exclusions[i].range = (struct damon_reclaim_range){start, start + 4 * MIB};
    }
    CHECK(m, damon_reclaim_set_exclusions(m->ctx, exclusions, n) == 0);
}

static void restart(struct machine *m)
{
    CHECK(m, damon_reclaim_disable(m->ctx) == 0);
    CHECK(m, damon_reclaim_enable(m->ctx) == 0);
}

static void happen(struct machine *m)
{
    switch (soak_random(&m->random, 10)) {
    case 0:
    case 1:
    case 2:
        change_target(m, soak_random(&m->random, PARTS));
        break;
    case 3:
    case 4:
        commit_good(m);
        break;
    case 5:
        commit_bad(m);
        break;
    case 6:
        change_scheme(m, soak_random(&m->random, SCHEMES));
        break;
    case 7:
        change_filters(m);
        break;
    case 8:
        change_exclusions(m);
        break;
    default:
        if (soak_chance(&m->random, 20))
            restart(m);
    }
}

/* All that happened is undone. */
static void settle(struct machine *m)
{
    struct damon_reclaim_params params = quiet_params();

    for (size_t i = 0; i < PARTS; i++)
        if (!m->is_target[i])
            change_target(m, i);
    for (size_t i = 0; i < SCHEMES; i++)
        if (m->has_scheme[i])
            change_scheme(m, i);
    CHECK(m, damon_reclaim_set_filters(m->ctx, DAMON_RECLAIM_SCHEME_RECLAIM, NULL, 0) == 0);
    CHECK(m, damon_reclaim_set_exclusions(m->ctx, NULL, 0) == 0);
    CHECK(m, damon_reclaim_set_params(m->ctx, &params) == 0);
    CHECK(m, damon_reclaim_commit(m->ctx) == 0);
}

/* --- what must agree -------------------------------------------------------------------------------------------- */

static void check_regions(struct machine *m, const struct damon_reclaim_stats *stats)
{
    static struct damon_reclaim_region regions[4096];
    uint64_t bytes = 0, last = 0;
    bool in_order = true;
    size_t n = 0;

    damon_reclaim_get_regions(m->ctx, regions, sizeof(regions) / sizeof(regions[0]), &n);
    CHECK(m, n <= sizeof(regions) / sizeof(regions[0]));
    CHECK(m, n == stats->nr_regions);
    for (size_t i = 0; i < n; i++) {
        if (i && regions[i].target != regions[i - 1].target)
            last = 0;
        in_order = in_order && regions[i].start >= last && regions[i].end > regions[i].start;
        last = regions[i].end;
        bytes += regions[i].end - regions[i].start;
    }
    CHECK(m, in_order);
    CHECK(m, bytes == stats->monitored_bytes);
}

static void check_counters(struct machine *m, const struct damon_reclaim_stats *stats,
                           const struct damon_reclaim_sim_report *truth)
{
    const struct damon_reclaim_stats *old = &m->stats;
    uint64_t samples = stats->nr_samples - old->nr_samples, ns = truth->now_ns - m->truth.now_ns;
    size_t targets = 0;

    for (size_t i = 0; i < PARTS; i++)
        targets += m->is_target[i];
    CHECK(m, stats->nr_targets == targets);
    CHECK(m, stats->state != DAMON_RECLAIM_STATE_DISABLED);
    CHECK(m, stats->bytes_reclaimed_regions >= old->bytes_reclaimed_regions);
    CHECK(m, stats->bytes_reclaimed_regions <= stats->bytes_reclaim_tried_regions);
    CHECK(m, stats->nr_reclaimed_regions <= stats->nr_reclaim_tried_regions);
    CHECK(m, stats->bytes_reclaimed_regions == truth->reclaimed);
    CHECK(m, stats->bytes_reclaimed_regions == m->reclaimed);
    CHECK(m, stats->nr_aggregations == m->nr_aggregations);
    CHECK(m, stats->nr_aggregations >= old->nr_aggregations);
    CHECK(m, samples <= ns / (SAMPLE_US * 1000) + 1);
    CHECK(m, truth->now_ns >= m->truth.now_ns);
    CHECK(m, truth->refaulted <= truth->reclaimed && truth->regretted <= truth->refaulted);
    CHECK(m, truth->anon + truth->file == truth->resident);
    CHECK(m, truth->resident + (truth->reclaimed - truth->refaulted) == truth->touched);
    CHECK(m, truth->cold_reclaimed + truth->cold_missed == truth->cold);
}

static void look(struct machine *m)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim_sim_report truth = {.size = sizeof(truth)};
    struct damon_reclaim_params params = {.size = sizeof(params)};

    damon_reclaim_get_active_params(m->ctx, &params);
    CHECK(m, damon_reclaim_get_stats(m->ctx, &stats) == 0);
    CHECK(m, damon_reclaim_sim_get_report(m->ctx, params.min_age, &truth) == 0);
    check_counters(m, &stats, &truth);
    check_regions(m, &stats);
    m->stats = stats;
    m->truth = truth;
}

/* --- lives ------------------------------------------------------------------------------------------------------ */

static void begin(struct machine *m, unsigned int lifetime)
{
    const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                      .after_aggregation = after_aggregation,
                                                      .after_reclaim = after_reclaim,
                                                      .log = log_line};
    const struct damon_reclaim_allocator allocator = {sizeof(allocator), count_realloc, count_free, NULL};
    struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload_name = "soak"};
    char error[256] = "", *text;
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = "sim",
                                          .callbacks = &callbacks,
                                          .userdata = m,
                                          .allocator = &allocator,
                                          .flags = DAMON_RECLAIM_KEEP_ON_INVALID,
                                          .sim = &sim,
                                          .error = error,
                                          .error_size = sizeof(error)};

    *m = (struct machine){.random = {soak_random(&events, UINT64_MAX)}, .lifetime = lifetime};
    m->part_bytes = 8 * MIB * (1 + soak_random(&m->random, 4));
    config.seed = soak_random(&m->random, UINT64_MAX);
    sim.workload = text = make_workload(m);
    if (damon_reclaim_new(&config, &m->ctx) < 0)
        die(error);
    free(text);
    for (size_t i = 0; i < PARTS / 2; i++)
        change_target(m, i);
    set_params(m);
    if (damon_reclaim_enable(m->ctx) < 0)
        die(damon_reclaim_last_error(m->ctx));
    nr_machines++;
}

static void finish(struct machine *m)
{
    sum_reclaimed += m->stats.bytes_reclaimed_regions;
    sum_aggregations += m->stats.nr_aggregations;
    m->ctx = damon_reclaim_unref(m->ctx);
}

static void live_an_hour(struct machine *m, bool quiet)
{
    for (unsigned int i = 0; i < 6; i++) {
        uint64_t until = damon_reclaim_now(m->ctx) + 10 * MINUTE;

        while (damon_reclaim_now(m->ctx) < until)
            if (damon_reclaim_dispatch(m->ctx) < 0)
                die(damon_reclaim_last_error(m->ctx));
        if (!quiet)
            happen(m);
    }
    m->hours++;
    look(m);
}

static void live_a_day(struct machine *resident, struct machine guests[GUESTS], struct soak_flat *flat)
{
    for (unsigned int hour = 0; hour < 23; hour++) {
        live_an_hour(resident, false);
        for (size_t i = 0; i < GUESTS; i++) {
            if (!guests[i].ctx)
                begin(&guests[i], 1 + (unsigned int)soak_random(&events, 12));
            live_an_hour(&guests[i], false);
            if (guests[i].hours == guests[i].lifetime || hour == 22)
                finish(&guests[i]);
        }
    }
    settle(resident);
    live_an_hour(resident, true);
    malloc_trim(0); /* what the C library keeps of what was freed is no memory that was gained */
    soak_flat_look(flat, getpid());
}

static void measured(const char *name, uint64_t value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %" PRIu64 ", \"unit\": \"%s\"}\n", name, value, unit);
}

int main(int argc, char **argv)
{
    unsigned int days = argc > 1 ? (unsigned int)atoi(argv[1]) : 30;
    struct soak_flat flat = {.total = days};
    struct machine resident, guests[GUESTS] = {0};
    bool is_flat;

    events.state = soak_seed(argc > 2 ? argv[2] : NULL);
    begin(&resident, days * 24);
    for (unsigned int day = 0; day < days; day++)
        live_a_day(&resident, guests, &flat);
    finish(&resident);
    measured("virtual time", days, "days");
    measured("contexts", nr_machines, "");
    measured("aggregations", sum_aggregations, "");
    measured("reclaimed", sum_reclaimed / MIB, "MiB");
    measured("targets that came or went", nr_target_changes, "");
    measured("sets of parameters", nr_commits, "");
    measured("sets refused", nr_refused, "");
    measured("checks", nr_checks, "");
    measured("checks failed", nr_failed, "");
    measured("memory of the library left", allocated, "bytes");
    measured("errors made", nr_errors, "");
    measured("errors logged", nr_logged, "");
    is_flat = soak_flat_result(&flat);
    return !(is_flat && !nr_failed && !allocated && nr_logged == nr_errors && sum_reclaimed && nr_refused);
}
