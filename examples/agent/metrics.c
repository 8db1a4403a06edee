/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct metric table[] = {
#define METRICS_ROW(id, name, unit, type, help) [METRIC_##id] = {name, unit, help, METRIC_##type},
    METRICS_TABLE(METRICS_ROW)
#undef METRICS_ROW
};

/* A text that grows. If there is no memory, `failed` is set and the text does not change any more. */
struct text {
    char *items;
    size_t len, capacity;
    bool failed;
};

struct metrics {
    struct text samples[NR_METRICS]; /* the text after the name: labels and value */
};

static void append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
    va_list args;

    for (int attempt = 0; attempt < 2 && !text->failed; attempt++) {
        size_t room = text->capacity - text->len;
        char *grown;
        int n;

        va_start(args, format);
        n = vsnprintf(text->items ? text->items + text->len : NULL, room, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < room) {
            text->len += (size_t)n;
            return;
        }
        grown = n < 0 ? NULL : realloc(text->items, 2 * text->capacity + (size_t)n + 64);
        if (!grown) {
            text->failed = true;
            return;
        }
        text->items = grown;
        text->capacity = 2 * text->capacity + (size_t)n + 64;
    }
}

const struct metric *metric_describe(enum metric_id id)
{
    return &table[id];
}

/* The name of the family. In OpenMetrics it has no _total. */
static int family(enum metric_id id, char *buf, size_t size)
{
    const struct metric *m = &table[id];

    return snprintf(buf, size, "damon_reclaim_%s%s%s", m->name, *m->unit ? "_" : "", m->unit);
}

int metric_name(enum metric_id id, char *buf, size_t size)
{
    char name[96];

    family(id, name, sizeof(name));
    return snprintf(buf, size, "%s%s", name, table[id].type == METRIC_COUNTER ? "_total" : "");
}

int metrics_new(struct metrics **ret)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (!metrics)
        return -ENOMEM;
    *ret = metrics;
    return 0;
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; metrics && i < NR_METRICS; i++)
        free(metrics->samples[i].items);
    free(metrics);
}

void metrics_clear(struct metrics *metrics)
{
    for (size_t i = 0; i < NR_METRICS; i++) {
        metrics->samples[i].len = 0;
        metrics->samples[i].failed = false;
    }
}

static void append_labels(struct text *text, const struct metrics_label *labels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        append(text, "%s%s=\"", i ? "," : "{", labels[i].name);
        for (const char *c = labels[i].value; *c; c++) {
            if (*c == '\n')
                append(text, "\\n");
            else
                append(text, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
        }
        append(text, "\"%s", i + 1 == n ? "}" : "");
    }
}

void metrics_uint(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                  uint64_t value)
{
    append_labels(&metrics->samples[id], labels, n);
    append(&metrics->samples[id], " %" PRIu64 "\n", value);
}

void metrics_seconds(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                     uint64_t ns)
{
    append_labels(&metrics->samples[id], labels, n);
    append(&metrics->samples[id], " %" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

void metrics_permille(struct metrics *metrics, enum metric_id id, const struct metrics_label *labels, size_t n,
                      uint64_t permille)
{
    append_labels(&metrics->samples[id], labels, n);
    append(&metrics->samples[id], " %" PRIu64 ".%03" PRIu64 "\n", permille / 1000, permille % 1000);
}

static void append_family(struct text *page, enum metric_id id, const struct text *samples, enum metrics_format format)
{
    const struct metric *m = &table[id];
    char group[96], name[96];

    metric_name(id, name, sizeof(name));
    if (format == METRICS_OPENMETRICS)
        family(id, group, sizeof(group));
    else
        metric_name(id, group, sizeof(group));
    append(page, "# HELP %s %s\n# TYPE %s %s\n", group, m->help, group,
           m->type == METRIC_COUNTER ? "counter" : "gauge");
    if (format == METRICS_OPENMETRICS && *m->unit)
        append(page, "# UNIT %s %s\n", group, m->unit);
    for (const char *line = samples->items, *end = line + samples->len, *next; line < end; line = next) {
        next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        append(page, "%s%.*s", name, (int)(next - line), line);
    }
}

int metrics_text(const struct metrics *metrics, enum metrics_format format, char **ret_text, size_t *ret_len)
{
    struct text page = {0};

    append(&page, "%s", "");
    for (size_t i = 0; i < NR_METRICS; i++) {
        const struct text *samples = &metrics->samples[i];

        page.failed |= samples->failed;
        if (samples->len)
            append_family(&page, (enum metric_id)i, samples, format);
    }
    if (format == METRICS_OPENMETRICS)
        append(&page, "# EOF\n");
    if (page.failed) {
        free(page.items);
        return -ENOMEM;
    }
    *ret_text = page.items;
    *ret_len = page.len;
    return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Writes a new file, and renames it to replace the old one. It need not survive a crash, so there is no fsync(). What
 * has the name of the new file, for example a FIFO or a link to a file of somebody else's, goes: the new file is always
 * one that did not exist. */
static int replace(const char *path, const char *next, const char *text, size_t len)
{
    int fd, r;

    if (unlink(next) < 0 && errno != ENOENT)
        return -errno;
    fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    r = fchmod(fd, 0644) < 0 ? -errno : write_all(fd, text, len); /* whatever the umask is */
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(next, path) < 0)
        r = -errno;
    if (r < 0)
        unlink(next);
    return r;
}

static const char *cure(int err)
{
    if (err == -ENOENT)
        return "; make the directory";
    if (err == -EACCES || err == -EPERM)
        return "; it must belong to the user that runs the daemon, which has dropped the right to write everywhere";
    return err == -EROFS ? "; in a unit of systemd name its directory in ReadWritePaths" : "";
}

int metrics_write_file(const struct metrics *metrics, const char *path, struct error_text *error)
{
    char next[PATH_MAX], *text;
    size_t len;
    int r;

    /* The collector reads only *.prom, so it never reads this file. */
    if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
        return error_set(error, -ENAMETOOLONG, "%s: the name is too long", path);
    r = metrics_text(metrics, METRICS_PROMETHEUS, &text, &len);
    if (r < 0)
        return error_set(error, r, "%s: no memory for the metrics", path);
    r = replace(path, next, text, len);
    free(text);
    return r < 0 ? error_set(error, r, "%s: %s%s", path, strerror(-r), cure(r)) : 0;
}
