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

static unsigned int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A' + 10);
    return 99;
}

static bool is_decimal(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the point and the digits behind it, if that is what follows. */
static void take_fraction(const char **text, struct drcl_number *number)
{
    const char *at = *text + 1;

    if (**text != '.' || !is_decimal(*at))
        return;
    number->fraction = at;
    while (is_decimal(*at))
        at++;
    number->nr_digits = (size_t)(at - number->fraction);
    *text = at;
}

int drcl_take_number(const char **text, bool octal, struct drcl_number *ret)
{
    struct drcl_number number = {0};
    const char *at = *text;
    uint64_t base = 10;

    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    } else if (at[0] == '0' && at[1] != '.' && octal) {
        base = 8;
    }
    if (digit_of(*at) >= base)
        return -EINVAL;
    for (; digit_of(*at) < base; at++) {
        if (number.whole > (UINT64_MAX - digit_of(*at)) / base)
            return -ERANGE;
        number.whole = number.whole * base + digit_of(*at);
    }
    if (base == 10)
        take_fraction(&at, &number);
    *text = at;
    *ret = number;
    return 0;
}

int drcl_number_times(const struct drcl_number *number, uint64_t factor, uint64_t *ret, bool *ret_exact)
{
    uint64_t part = 0; /* the fraction times the factor: less than the factor */
    bool exact = true;

    for (size_t i = number->nr_digits; i-- > 0; part /= 10) {
        part += factor * digit_of(number->fraction[i]);
        exact = exact && part % 10 == 0;
    }
    if (number->whole > (UINT64_MAX - part) / factor)
        return -ERANGE;
    *ret = number->whole * factor + part;
    *ret_exact = exact;
    return 0;
}

/* @bare: the factor of a number without a unit; 0: there must be one. A part of a byte or of a ns is no number. */
static int parse(const char *text, const struct drcl_unit *units, uint64_t bare, uint64_t *ret)
{
    struct drcl_number number;
    uint64_t factor;
    bool exact;
    int r = text && ret ? drcl_take_number(&text, false, &number) : -EINVAL;

    if (r < 0)
        return r;
    factor = *text ? drcl_unit_factor(units, text) : bare;
    if (!factor || (factor == 1 && number.nr_digits))
        return -EINVAL;
    return drcl_number_times(&number, factor, ret, &exact);
}

int damon_reclaim_parse_size(const char *text, uint64_t *ret_bytes)
{
    return parse(text, drcl_units_of_size, 1, ret_bytes);
}

int damon_reclaim_parse_time(const char *text, uint64_t bare_ns, uint64_t *ret_ns)
{
    return parse(text, drcl_units_of_time, bare_ns, ret_ns);
}

static bool is_word(const char *text, size_t len, const char *word)
{
    size_t i = 0;

    while (i < len && word[i] && (text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]) == word[i])
        i++;
    return i == len && !word[i];
}

int drcl_parse_bool(const char *text, size_t len, bool *ret)
{
    static const char *const words[2][6] = {{"n", "no", "0", "off", "f", "false"},
                                            {"y", "yes", "1", "on", "t", "true"}};

    for (int value = 0; value < 2; value++) {
        for (size_t i = 0; i < 6; i++) {
            if (is_word(text, len, words[value][i])) {
                *ret = value;
                return 0;
            }
        }
    }
    return -EINVAL;
}

int damon_reclaim_parse_bool(const char *text, bool *ret_value)
{
    return text && ret_value ? drcl_parse_bool(text, strlen(text), ret_value) : -EINVAL;
}
