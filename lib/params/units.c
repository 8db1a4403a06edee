/* SPDX-License-Identifier: MIT */
#include "params/units.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "damon_reclaim/damon_reclaim.h"

const struct drcl_unit drcl_units_of_time[] = {
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
    {NULL, 0},
};

const struct drcl_unit drcl_units_of_size[] = {
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

uint64_t drcl_unit_factor(const struct drcl_unit *units, const char *name)
{
    for (; units && units->name; units++)
        if (!strcmp(units->name, name))
            return units->factor;
    return 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

int drcl_take_number(const char **text, bool octal, uint64_t *ret_value)
{
    const char *at = *text;
    int base = 10;
    uint64_t value = 0;

    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    } else if (at[0] == '0' && octal) {
        base = 8;
    }
    if (digit_of(*at) >= base)
        return -EINVAL;
    for (; digit_of(*at) < base; at++) {
        if (value > (UINT64_MAX - (uint64_t)digit_of(*at)) / (uint64_t)base)
            return -ERANGE;
        value = value * (uint64_t)base + (uint64_t)digit_of(*at);
    }
    *text = at;
    *ret_value = value;
    return 0;
}

/* @bare: the factor of a number without a unit; 0: there must be one. */
static int parse(const char *text, const struct drcl_unit *units, uint64_t bare, uint64_t *ret)
{
    uint64_t value, factor;
    int r = text && ret ? drcl_take_number(&text, false, &value) : -EINVAL;

    if (r < 0)
        return r;
    factor = *text ? drcl_unit_factor(units, text) : bare;
    if (!factor)
        return -EINVAL;
    if (value > UINT64_MAX / factor)
        return -ERANGE;
    *ret = value * factor;
    return 0;
}

int damon_reclaim_parse_size(const char *text, uint64_t *ret_bytes)
{
    return parse(text, drcl_units_of_size, 1, ret_bytes);
}

int damon_reclaim_parse_time(const char *text, uint64_t bare_ns, uint64_t *ret_ns)
{
    return parse(text, drcl_units_of_time, bare_ns, ret_ns);
}
