/* SPDX-License-Identifier: MIT */
/* The page of metrics, in both formats and as a file. */
#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/advise.h"
#include "agent/backoff.h"
#include "agent/metrics.h"
#include "scratch.h"
#include "suite.h"

static struct metrics *metrics;
static char *text;
static size_t len;
static struct error_text error;

static const char *page(enum metrics_format format)
{
    free(text);
    text = NULL;
    ck_assert_int_eq(metrics_text(metrics, format, &text, &len), 0);
    ck_assert_uint_eq(strlen(text), len);
    return text;
}

static void begin(void)
{
    ck_assert_int_eq(metrics_new(&metrics), 0);
}

static void end(void)
{
    metrics_free(metrics);
    free(text);
    text = NULL;
}

FIXTURE(begin, end);

TEST(test_formats)
{
    metrics_uint(metrics, METRIC_RECLAIMED, NULL, 0, UINT64_MAX);
    metrics_permille(metrics, METRIC_BACKOFF, NULL, 0, 125);
    ck_assert_str_eq(page(METRICS_PROMETHEUS),
                     "# HELP damon_reclaim_reclaimed_bytes_total Memory that was reclaimed and is free, as measured.\n"
                     "# TYPE damon_reclaim_reclaimed_bytes_total counter\n"
                     "damon_reclaim_reclaimed_bytes_total 18446744073709551615\n"
                     "# HELP damon_reclaim_backoff_ratio Share of the configured quota that the back-off leaves.\n"
                     "# TYPE damon_reclaim_backoff_ratio gauge\n"
                     "damon_reclaim_backoff_ratio 0.125\n");
    ck_assert_str_eq(page(METRICS_OPENMETRICS),
                     "# HELP damon_reclaim_reclaimed_bytes Memory that was reclaimed and is free, as measured.\n"
                     "# TYPE damon_reclaim_reclaimed_bytes counter\n"
                     "# UNIT damon_reclaim_reclaimed_bytes bytes\n"
                     "damon_reclaim_reclaimed_bytes_total 18446744073709551615\n"
                     "# HELP damon_reclaim_backoff_ratio Share of the configured quota that the back-off leaves.\n"
                     "# TYPE damon_reclaim_backoff_ratio gauge\n"
                     "# UNIT damon_reclaim_backoff_ratio ratio\n"
                     "damon_reclaim_backoff_ratio 0.125\n"
                     "# EOF\n");
}

TEST(test_empty)
{
    ck_assert_str_eq(page(METRICS_PROMETHEUS), "");
    ck_assert_str_eq(page(METRICS_OPENMETRICS), "# EOF\n");
    metrics_uint(metrics, METRIC_REGIONS, NULL, 0, 1);
    metrics_clear(metrics);
    ck_assert_str_eq(page(METRICS_PROMETHEUS), "");
}

/* Samples of a metric are together in the page, in whatever order they were added. */
TEST(test_order_and_labels)
{
    const char *names[] = {"web", "a \"b\"\\\n"};

    for (int i = 0; i < 2; i++) {
        struct metrics_label labels[] = {{"vm", names[i]}, {"state", "x"}};

        metrics_uint(metrics, METRIC_STATE, labels, 2, (uint64_t)i);
        metrics_seconds(metrics, METRIC_MONITOR_CPU, labels, 1, 1500000000 + (uint64_t)i);
    }
    page(METRICS_PROMETHEUS);
    says(text, "gauge\ndamon_reclaim_state{vm=\"web\",state=\"x\"} 0\n"
               "damon_reclaim_state{vm=\"a \\\"b\\\"\\\\\\n\",state=\"x\"} 1\n# HELP");
    says(text, "damon_reclaim_monitor_cpu_seconds_total{vm=\"web\"} 1.500000000\n");
    says(text, "} 1.500000001\n");
}

TEST(test_many)
{
    for (int i = 0; i < 5000; i++) {
        char name[32];

        snprintf(name, sizeof(name), "vm-%d", i);
        metrics_uint(metrics, METRIC_RECLAIMED, &(struct metrics_label){"vm", name}, 1, (uint64_t)i);
    }
    page(METRICS_PROMETHEUS);
    says(text, "{vm=\"vm-0\"} 0\n");
    says(text, "{vm=\"vm-4999\"} 4999\n");
}

/* Prometheus' conventions, which promtool looks at in its own test, for all of the table. */
TEST(test_names)
{
    for (int id = 0; id < NR_METRICS; id++) {
        const struct metric *m = metric_describe((enum metric_id)id);
        char name[128];

        metric_name((enum metric_id)id, name, sizeof(name));
        ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        says(" bytes seconds ratio ", m->unit);
        ck_assert_ptr_null(strpbrk(m->help, "\n\\"));
        for (int other = 0; other < id; other++)
            ck_assert_str_ne(m->name, metric_describe((enum metric_id)other)->name);
    }
}

TEST(test_context)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim"};
    struct backoff backoff = BACKOFF_INIT;
    struct metrics_label label = {"vm", "x"};
    struct damon_reclaim *ctx;

    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    metrics_context(metrics, ctx, &backoff, &label, 1);
    page(METRICS_PROMETHEUS);
    says(text, "damon_reclaim_state{vm=\"x\",state=\"disabled\"} 1\n");
    says(text, "damon_reclaim_state{vm=\"x\",state=\"active\"} 0\n");
    says(text, "damon_reclaim_backoff_ratio{vm=\"x\"} 1.000\n");
    says(text, "damon_reclaim_reclaimed_bytes_total{vm=\"x\"} 0\n");
    damon_reclaim_unref(ctx);
}

TEST(test_advice)
{
    struct damon_reclaim_region region = {.end = MIB, .age = 30};
    struct advise_report report;
    struct advise *advise;

    ck_assert_int_eq(advise_new(&advise), 0);
    ck_assert_int_eq(advise_update(advise, 100 * SECOND, SECOND / 10, &region, 1), 0);
    advise_get(advise, 20, &report);
    advise_free(advise);
    metrics_advice(metrics, &report, &(struct metrics_label){"vm", "x"}, 1);
    page(METRICS_PROMETHEUS);
    says(text, "damon_reclaim_cold_bytes{vm=\"x\",min_age=\"2\"} 1048576\n");
    says(text, "damon_reclaim_cold_bytes{vm=\"x\",min_age=\"3600\"} 0\n");
    says(text, "damon_reclaim_advise_reclaimed_bytes_total{vm=\"x\",min_age=\"1\"} 1048576\n");
    says(text, "damon_reclaim_advise_reused_bytes_total{vm=\"x\",min_age=\"1\"} 0\n");
}

TEST(test_file)
{
    const char *directory = scratch_directory();
    char path[4200], read_back[4096] = "";
    struct stat st;
    FILE *file;

    snprintf(path, sizeof(path), "%s/m.prom", directory);
    metrics_uint(metrics, METRIC_REGIONS, NULL, 0, 1);
    umask(0077);
    ck_assert_msg(metrics_write_file(metrics, path, &error) == 0, "%s", error.text);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0644);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(read_back, 1, sizeof(read_back) - 1, file), 0);
    fclose(file);
    ck_assert_str_eq(read_back, page(METRICS_PROMETHEUS));
    snprintf(path, sizeof(path), "%s/m.prom.new", directory);
    ck_assert_int_ne(access(path, F_OK), 0);
}

TEST(test_file_errors)
{
    const char *directory = scratch_directory();
    char path[4200];

    snprintf(path, sizeof(path), "%s/none/m.prom", directory);
    ck_assert_int_eq(metrics_write_file(metrics, path, &error), -ENOENT);
    says(error.text, "m.prom: No such file");
    /* The old page stays when the new one cannot take its place. */
    snprintf(path, sizeof(path), "%s/d/m.prom", directory);
    scratch_file(directory, "d/m.prom/x", "");
    ck_assert_int_lt(metrics_write_file(metrics, path, &error), 0);
    snprintf(path, sizeof(path), "%s/d/m.prom.new", directory);
    ck_assert_int_ne(access(path, F_OK), 0);
}

/* What somebody who may write to the directory has put in the way. */
TEST(test_file_of_others)
{
    const char *directory = scratch_directory();
    char path[4200], next[4200], theirs[4200];
    struct stat st;

    metrics_uint(metrics, METRIC_REGIONS, NULL, 0, 1);
    snprintf(path, sizeof(path), "%s/m.prom", directory);
    snprintf(next, sizeof(next), "%s/m.prom.new", directory);
    ck_assert_int_eq(mkfifo(next, 0600), 0);
    ck_assert_msg(metrics_write_file(metrics, path, &error) == 0, "%s", error.text);
    snprintf(theirs, sizeof(theirs), "%s", scratch_file(directory, "theirs", "secret"));
    chmod(theirs, 0600);
    ck_assert_int_eq(link(theirs, next), 0);
    ck_assert_msg(metrics_write_file(metrics, path, &error) == 0, "%s", error.text);
    ck_assert_int_eq(stat(theirs, &st), 0);
    ck_assert_int_eq(st.st_size, 6);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(symlink(theirs, next), 0);
    ck_assert_msg(metrics_write_file(metrics, path, &error) == 0, "%s", error.text);
    ck_assert_int_eq(stat(theirs, &st), 0);
    ck_assert_int_eq(st.st_size, 6);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_int_ne(S_ISREG(st.st_mode), 0);
    ck_assert_int_eq(st.st_nlink, 1);
}
