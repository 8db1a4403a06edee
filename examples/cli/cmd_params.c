/* SPDX-License-Identifier: MIT */
/* params: the table of parameters. */
#include <damon_reclaim/damon_reclaim.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "options.h"

static const char *const types[] = {
    [DAMON_RECLAIM_PARAM_BOOL] = "bool",
    [DAMON_RECLAIM_PARAM_UINT] = "uint",
    [DAMON_RECLAIM_PARAM_INT] = "int",
};

static void print_text(const struct damon_reclaim_param_info *info)
{
    char value[32];

    if (info->type == DAMON_RECLAIM_PARAM_BOOL)
        snprintf(value, sizeof(value), "%s", info->default_value ? "Y" : "N");
    else
        snprintf(value, sizeof(value), "%" PRId64, info->default_value);
    printf("%-29s %-10s %-9s %s%s\n", info->name, value, info->unit, info->doc, info->read_only ? " (read only)" : "");
}

static json_t *to_json(const struct damon_reclaim_param_info *info)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", info->name, "type", types[info->type], "unit",
                               info->unit, "read_only", (int)info->read_only, "doc", info->doc);

    if (info->type == DAMON_RECLAIM_PARAM_BOOL) {
        json_object_set_new(object, "default", json_boolean(info->default_value));
        return object;
    }
    json_object_set_new(object, "default", json_integer(info->default_value));
    json_object_set_new(object, "min", json_integer((json_int_t)info->min));
    /* JSON's numbers end at 2^63: no limit that anybody can reach. */
    json_object_set_new(object, "max", info->max > INT64_MAX ? json_null() : json_integer((json_int_t)info->max));
    return object;
}

static int params(struct options *options)
{
    struct damon_reclaim_param_info info = {.size = sizeof(info)};
    json_t *list = json_array();

    if (!options->json)
        printf("%-29s %-10s %-9s %s\n", "NAME", "DEFAULT", "UNIT", "MEANING");
    for (size_t i = 0; damon_reclaim_param_describe(i, &info) == 0; i++) {
        if (options->json)
            json_array_append_new(list, to_json(&info));
        else
            print_text(&info);
        info.size = sizeof(info);
    }
    if (options->json) {
        json_dumpf(list, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(list);
    return cli_flush();
}

const struct command command_params = {"params", NULL, "list the parameters with defaults, units and meaning", params};
