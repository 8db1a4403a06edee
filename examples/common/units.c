/* SPDX-License-Identifier: MIT */
#include "common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A bare number has the factor of the empty unit. The names are those that the library takes for its parameters. */
const struct unit units_time[] = {
    {"", 1000000000},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
    {NULL, 0},
};
const struct unit units_size[] = {
    {"", 1},
    {"B", 1},
    {"K", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

bool units_parse(const char *text, const struct unit *units, uint64_t *ret)
{
    static const struct unit none[] = {{"", 1}, {NULL, 0}};
    uint64_t value = 0;
    const char *at;

    for (at = text; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == text)
        return false;
    for (units = units ? units : none; units->text; units++) {
        if (strcmp(at, units->text))
            continue;
        if (value > UINT64_MAX / units->factor)
            return false;
        *ret = value * units->factor;
        return true;
    }
    return false;
}

static bool parse_hex(const char *text, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text || strlen(text) > 16 || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
        return false;
    sscanf(text, "%" SCNx64, &value);
    *ret = value;
    return true;
}

static bool parse_address(const char *text, size_t len, uint64_t *ret)
{
    char copy[40];

    if (len >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
    if (copy[0] == '0' && (copy[1] == 'x' || copy[1] == 'X'))
        return parse_hex(copy + 2, ret);
    return units_parse(copy, units_size, ret);
}

bool units_parse_range(const char *text, uint64_t *ret_start, uint64_t *ret_end)
{
    const char *dash = strchr(text, '-');

    return dash && parse_address(text, (size_t)(dash - text), ret_start) &&
           parse_address(dash + 1, strlen(dash + 1), ret_end);
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
