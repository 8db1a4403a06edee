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
    static const char *const words[2][6] = {{"n", "N", "0", "off", "f", "F"}, {"y", "Y", "1", "on", "t", "T"}};
    size_t len = length_of_line(text);

    for (uint64_t value = 0; value < 2; value++) {
        for (size_t i = 0; i < 6; i++) {
            if (strlen(words[value][i]) == len && !strncmp(text, words[value][i], len)) {
                *ret_value = value;
                return 0;
            }
        }
    }
    return drcl_params_error(error, -EINVAL, "%s: \"%.*s\" is not a switch; write Y (y 1 on T) or N (n 0 off F)",
                             param->info.name, (int)(len < 40 ? len : 40), text);
}

int drcl_param_out_of_range(const struct drcl_param *param, const char *value, const struct drcl_error_text *error)
{
    return drcl_params_error(error, -ERANGE, "%s: %s is out of range; it goes from %llu to %llu %s", param->info.name,
                             value, (unsigned long long)param->info.min, (unsigned long long)param->info.max,
                             param->info.unit);
}

static int parse_number(const struct drcl_param *param, const char *text, const struct drcl_error_text *error,
                        uint64_t *ret_value)
{
    const char *unit = param->info.unit;
    struct dimension dimension = dimension_of(unit);
    char line[64];
    size_t len = length_of_line(text);
    const char *at = line;
    uint64_t value, factor;
    int r;

    snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
    r = len < sizeof(line) ? drcl_take_number(&at, true, &value) : -EINVAL;
    if (r == -ERANGE)
        return drcl_param_out_of_range(param, line, error);
    factor = r == 0 && *at ? drcl_unit_factor(dimension.units, at) : dimension.own;
    if (r < 0 || !factor)
        return drcl_params_error(error, -EINVAL, "%s: \"%s\" is not a number of %s; write digits, 0x or octal%s",
                                 param->info.name, line, unit, dimension.help);
    if (factor > dimension.own && value > UINT64_MAX / factor)
        return drcl_param_out_of_range(param, line, error);
    if (factor < dimension.own && value % (dimension.own / factor))
        return drcl_params_error(error, -EINVAL, "%s: %s is not a whole number of %s", param->info.name, line, unit);
    value = factor < dimension.own ? value / (dimension.own / factor) : value * (factor / dimension.own);
    if (value < param->info.min || value > param->info.max)
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
