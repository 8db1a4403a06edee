/* SPDX-License-Identifier: MIT */
#include "params/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "params/units.h"

/* What may stand behind a number of a parameter. */
struct dimension {
    const struct drcl_unit *units; /* NULL: nothing */
    uint64_t own;                  /* factor of the parameter's unit, which a bare number is in */
    const char *help;
};

static struct dimension dimension_of(const char *unit)
{
    if (!strcmp(unit, "us") || !strcmp(unit, "ms"))
        return (struct dimension){drcl_units_of_time, drcl_unit_factor(drcl_units_of_time, unit),
                                  ", or with us, ms, s, min, h or d behind it"};
    if (!strcmp(unit, "bytes") || !strcmp(unit, "address"))
        return (struct dimension){drcl_units_of_size, 1, ", or with KiB, MiB, GiB or TiB behind it"};
    return (struct dimension){NULL, 1, ""};
}

/* The length without one newline at the end, which "echo 1 > file" leaves there. */
static size_t length_of_line(const char *text)
{
    size_t n = strlen(text);

    return n && text[n - 1] == '\n' ? n - 1 : n;
}

static int parse_bool(const struct drcl_param *param, const char *text, const struct drcl_error_text *error,
                      uint64_t *ret_value)
{
    size_t len = length_of_line(text);
    bool value;

    if (drcl_parse_bool(text, len, &value) < 0)
        return drcl_params_error(error, -EINVAL,
                                 "%s: \"%.*s\" is not a switch; write Y (yes 1 on true) or N (no 0 off false)",
                                 param->info.name, (int)(len < 40 ? len : 40), text);
    *ret_value = value;
    return 0;
}

int drcl_param_out_of_range(const struct drcl_param *param, const char *value, const struct drcl_error_text *error)
{
    return drcl_params_error(error, -ERANGE, "%s: %s is out of range; it goes from %llu to %llu %s", param->info.name,
                             value, (unsigned long long)param->info.min, (unsigned long long)param->info.max,
                             param->info.unit);
}

/* The number in the parameter's unit. 0, -EDOM if it is not a whole number of it, or -ERANGE. */
static int to_own_unit(const struct drcl_number *number, uint64_t factor, const struct dimension *dimension,
                       uint64_t *ret_value)
{
    uint64_t value, divisor = factor < dimension->own ? dimension->own / factor : 1;
    bool exact;
    int r = drcl_number_times(number, divisor > 1 ? 1 : factor / dimension->own, &value, &exact);

    if (r < 0)
        return r;
    if ((!exact && dimension->units != drcl_units_of_size) || value % divisor)
        return -EDOM;
    *ret_value = value / divisor;
    return 0;
}

static int parse_number(const struct drcl_param *param, const char *text, const struct drcl_error_text *error,
                        uint64_t *ret_value)
{
    const char *unit = param->info.unit;
    struct dimension dimension = dimension_of(unit);
    struct drcl_number number = {0};
    char line[64];
    size_t len = length_of_line(text);
    const char *at = line;
    uint64_t value = 0, factor;
    int r;

    snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
    r = len < sizeof(line) ? drcl_take_number(&at, true, &number) : -EINVAL;
    if (r == -ERANGE)
        return drcl_param_out_of_range(param, line, error);
    factor = r == 0 && *at ? drcl_unit_factor(dimension.units, at) : dimension.own;
    if (r < 0 || !factor || (factor == 1 && number.nr_digits))
        return drcl_params_error(error, -EINVAL, "%s: \"%s\" is not a number of %s; write digits, 0x or octal%s",
                                 param->info.name, line, unit, dimension.help);
    r = to_own_unit(&number, factor, &dimension, &value);
    if (r == -EDOM)
        return drcl_params_error(error, -EINVAL, "%s: %s is not a whole number of %s", param->info.name, line, unit);
    if (r < 0 || value < param->info.min || value > param->info.max)
        return drcl_param_out_of_range(param, line, error);
    *ret_value = value;
    return 0;
}

int drcl_param_parse(const struct drcl_param *param, const char *text, const struct drcl_error_text *error,
                     uint64_t *ret_value)
{
    if (param->info.read_only)
        return drcl_params_error(error, -EACCES, "%s: can only be read", param->info.name);
    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return parse_bool(param, text, error, ret_value);
    return parse_number(param, text, error, ret_value);
}

int drcl_param_print(const struct drcl_param *param, uint64_t value, char *buf, size_t size)
{
    if (param->info.type == DAMON_RECLAIM_PARAM_BOOL)
        return snprintf(buf, size, "%s", value ? "Y" : "N");
    return snprintf(buf, size, "%llu", (unsigned long long)value);
}
