/* SPDX-License-Identifier: MIT */
/*
 * What fewer looks at the memory cost in quality: the same simulated workloads with a look every sample interval
 * (DAMON_RECLAIM_EVERY_SAMPLE) and with as many as the library takes by itself. A Markdown table: for each workload the
 * median of some seeds, and the worst of them in parentheses.
 *
 *   bench-quality SEEDS WORKLOAD...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "damon_reclaim/damon_reclaim.h"

#define MAX_SEEDS    100
#define MIN_AGE_US   UINT64_C(5000000)
#define STEP_NS      UINT64_C(1000000000) /* how often the truth is read */
#define MAX_TEXT     65536
#define NUMBER_OF(a) (sizeof(a) / sizeof((a)[0]))

/* What a run has shown. */
struct quality {
    double found;     /* of the cold memory, the mean over the run, percent */
    double regretted; /* of what was reclaimed, percent */
    double wait_s;    /* how long a byte stays when it has become cold */
    double looks_s;   /* looks a second */
};

static const struct {
    const char *name, *settings;
} limits[] = {
    {"default quotas", ""},
    {"no quotas", "quota_ms=0 quota_sz=0"},
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static char *read_file(const char *path)
{
    char *text = calloc(1, MAX_TEXT);
    FILE *f = fopen(path, "re");
    size_t n;

    if (!text || !f)
        fail(path, "cannot be opened");
    n = fread(text, 1, MAX_TEXT - 1, f);
    fclose(f);
    if (n == MAX_TEXT - 1)
        fail(path, "is too long");
    return text;
}

static struct damon_reclaim_sim_report report(struct damon_reclaim *ctx)
{
    struct damon_reclaim_sim_report r = {.size = sizeof(r)};

    if (damon_reclaim_sim_get_report(ctx, MIN_AGE_US, &r) < 0)
        fail("report", damon_reclaim_last_error(ctx));
    return r;
}

static struct damon_reclaim *start(const char *name, const char *text, uint64_t seed, size_t limit, bool every)
{
    const struct damon_reclaim_sim_config sim = {.size = sizeof(sim), .workload = text, .workload_name = name};
    char error[256], settings[256];
    const struct damon_reclaim_config config = {.size = sizeof(config),
                                                .backend = "sim",
                                                .sim = &sim,
                                                .seed = seed,
                                                .flags = every ? DAMON_RECLAIM_EVERY_SAMPLE : 0,
                                                .error = error,
                                                .error_size = sizeof(error)};
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0)
        fail(name, error);
    snprintf(settings, sizeof(settings), "min_age=%llu wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 %s",
             (unsigned long long)MIN_AGE_US, limits[limit].settings);
    if (damon_reclaim_set_line(ctx, settings) < 0 || damon_reclaim_enable(ctx) < 0)
        fail(name, damon_reclaim_last_error(ctx));
    return ctx;
}

static struct quality run(const char *name, const char *text, uint64_t seed, size_t limit, bool every)
{
    struct damon_reclaim *ctx = start(name, text, seed, limit, every);
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim_sim_report r = report(ctx);
    double cold = 0, found = 0, missed = 0;
    struct quality q = {0};

    /* Not up to the very end: the next phase would begin there. */
    for (uint64_t t = STEP_NS; t < r.workload_end_ns; t += STEP_NS) {
        while (damon_reclaim_now(ctx) < t)
            if (damon_reclaim_dispatch(ctx) < 0)
                fail(name, damon_reclaim_last_error(ctx));
        r = report(ctx);
        cold += (double)r.cold;
        found += (double)r.cold_reclaimed;
        missed += (double)r.cold_missed;
    }
    damon_reclaim_get_stats(ctx, &stats);
    q.found = cold > 0 ? 100 * found / cold : 100;
    q.regretted = r.reclaimed ? 100 * (double)r.regretted / (double)r.reclaimed : 0;
    /* By Little's law: what waits, on the average, is what comes a second times how long it waits. */
    q.wait_s = r.reclaimed ? missed * (STEP_NS / 1e9) / (double)r.reclaimed : 0;
    q.looks_s = (double)stats.nr_samples / ((double)r.now_ns / 1e9);
    damon_reclaim_unref(ctx);
    return q;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* A cell: the median of one member, and the worst if it is another. */
static void cell(const struct quality *runs, size_t n, size_t member, int digits, bool least_is_worst)
{
    double values[MAX_SEEDS], worst;

    for (size_t i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&runs[i] + member, sizeof(values[i]));
    qsort(values, n, sizeof(values[0]), compare);
    worst = values[least_is_worst ? 0 : n - 1];
    printf(" %.*f (%.*f) |", digits, (values[(n - 1) / 2] + values[n / 2]) / 2, digits, worst);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

    if (argc < 3 || n < 1 || n > MAX_SEEDS)
        fail("bench-quality", "give the number of seeds, at most 100, and the files of workloads");
    printf("| workload | limits | looks | a second | cold found, %% | regretted, %% | found after, s |\n"
           "| --- | --- | --- | ---: | ---: | ---: | ---: |\n");
    for (int i = 2; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/'), *name = slash ? slash + 1 : argv[i];
        char *text = read_file(argv[i]);

        for (size_t limit = 0; limit < NUMBER_OF(limits); limit++) {
            for (int every = 1; every >= 0; every--) {
                struct quality runs[MAX_SEEDS];

                for (uint64_t seed = 0; seed < n; seed++)
                    runs[seed] = run(name, text, seed, limit, every);
                printf("| %s | %s | %s |", name, limits[limit].name, every ? "every sample" : "as needed");
                printf(" %.0f |", runs[0].looks_s);
                cell(runs, n, offsetof(struct quality, found), 1, true);
                cell(runs, n, offsetof(struct quality, regretted), 2, false);
                cell(runs, n, offsetof(struct quality, wait_s), 2, false);
                printf("\n");
                fflush(stdout);
            }
        }
        free(text);
    }
    return 0;
}
