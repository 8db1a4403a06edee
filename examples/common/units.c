/* SPDX-License-Identifier: MIT */
#include "common/units.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool units_parse(const char *text, uint64_t *ret)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return !errno && !*end;
}

bool units_parse_pid(const char *text, pid_t *ret)
{
    uint64_t pid;

    if (!units_parse(text, &pid) || !pid || pid > INT_MAX)
        return false;
    *ret = (pid_t)pid;
    return true;
}

bool units_parse_range(const char *text, uint64_t *ret_start, uint64_t *ret_end)
{
    const char *dash = strchr(text, '-');
    char start[64];

    if (!dash || (size_t)(dash - text) >= sizeof(start))
        return false;
    snprintf(start, sizeof(start), "%.*s", (int)(dash - text), text);
    return damon_reclaim_parse_size(start, ret_start) == 0 && damon_reclaim_parse_size(dash + 1, ret_end) == 0;
}

struct units_text units_bytes(uint64_t bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes / 1024;
    struct units_text t;
    unsigned int i = 0;

    if (bytes < 1024) {
        snprintf(t.text, sizeof(t.text), "%" PRIu64 " B", bytes);
        return t;
    }
    for (; value >= 1024 && i < sizeof(names) / sizeof(names[0]) - 1; i++)
        value /= 1024;
    snprintf(t.text, sizeof(t.text), "%.1f %s", value, names[i]);
    return t;
}

struct units_text units_seconds(uint64_t ns)
{
    struct units_text t;

    snprintf(t.text, sizeof(t.text), "%.*f s", ns < UINT64_C(10000000000) ? 3 : 1, (double)ns / 1e9);
    return t;
}

struct units_text units_number(int64_t number)
{
    struct units_text t;

    snprintf(t.text, sizeof(t.text), "%" PRId64, number);
    return t;
}

struct units_text units_percent(uint64_t part, uint64_t whole)
{
    struct units_text t;

    snprintf(t.text, sizeof(t.text), "%.1f %%", whole ? 100 * (double)part / (double)whole : 0.0);
    return t;
}
