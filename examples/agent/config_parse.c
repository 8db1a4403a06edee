/* SPDX-License-Identifier: MIT */
/* What a text means, by the type of its option. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"
#include "config_internal.h"

static const char blanks[] = " \t\r\n";

static int parse_bool(const char *text, bool *ret)
{
    if (text[0] && !text[1] && strchr("Yy1Tt", text[0]))
        *ret = true;
    else if (text[0] && !text[1] && strchr("Nn0Ff", text[0]))
        *ret = false;
    else if (!strcmp(text, "on") || !strcmp(text, "On") || !strcmp(text, "ON"))
        *ret = true;
    else if (!strcmp(text, "off") || !strcmp(text, "Off") || !strcmp(text, "OFF"))
        *ret = false;
    else
        return -EINVAL;
    return 0;
}

static int parse_number(const struct config_option *option, const char *text, uint64_t *ret, struct agent_error *error)
{
    const struct unit *units = option->type == CONFIG_TIME    ? units_time
                               : option->type == CONFIG_BYTES ? units_size
                                                              : NULL;
    const char *example = option->type == CONFIG_TIME    ? " of time, like 30s, 500ms or 5min"
                          : option->type == CONFIG_BYTES ? " of bytes, like 64MiB"
                                                         : "";
    uint64_t number;

    if (!units_parse(text, units, &number))
        return agent_fail(error, -EINVAL, "\"%s\" is not a number%s", text, example);
    if (number < option->min || (option->max && number > option->max)) {
        if (!option->max)
            return agent_fail(error, -ERANGE, "%s is less than %" PRIu64, text, option->min);
        return agent_fail(error, -ERANGE, "%s is not from %" PRIu64 " to %" PRIu64 "%s", text, option->min, option->max,
                          option->type == CONFIG_TIME ? " ns" : "");
    }
    *ret = number;
    return 0;
}

static int parse_choice(const char *choices, const char *text, struct agent_error *error)
{
    size_t len = strlen(text);

    for (const char *at = choices; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (len && strcspn(at, " ") == len && !strncmp(at, text, len))
            return 0;
    return agent_fail(error, -EINVAL, "\"%s\" is not one of: %s", text, choices);
}

/* Items between commas, without the blanks around them. Empty ones are left out. */
static int parse_list(const struct config_option *option, const char *text, struct config_meaning *ret,
                      struct agent_error *error)
{
    size_t room = 2;
    char *copy;
    int r = 0;

    for (const char *c = text; *c; c++)
        room += *c == ',';
    ret->items = malloc(room * sizeof(*ret->items) + strlen(text) + 1);
    if (!ret->items)
        return agent_fail(error, -ENOMEM, "no memory");
    copy = strcpy((char *)(ret->items + room), text);
    ret->n = 0;
    for (char *item = copy, *next; item && r == 0; item = next) {
        char *end;

        next = strchr(item, ',');
        if (next)
            *next++ = '\0';
        item += strspn(item, blanks);
        for (end = item + strlen(item); end > item && strchr(blanks, end[-1]); end--)
            end[-1] = '\0';
        if (!*item)
            continue;
        ret->items[ret->n++] = item;
        r = option->check ? option->check(item, error) : 0;
    }
    ret->items[ret->n] = NULL;
    if (r < 0)
        free(ret->items);
    return r;
}

int config_parse(const struct config_option *option, const char *text, struct config_meaning *ret,
                 struct agent_error *error)
{
    struct config_meaning meaning = {0};
    int r = 0;

    switch (option->type) {
    case CONFIG_BOOL:
        if (parse_bool(text, &meaning.flag) < 0)
            r = agent_fail(error, -EINVAL, "\"%s\" is neither Y nor N", text);
        break;
    case CONFIG_UINT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
        r = parse_number(option, text, &meaning.number, error);
        break;
    case CONFIG_CHOICE:
        r = parse_choice(option->choices, text, error);
        break;
    case CONFIG_LIST:
        r = parse_list(option, text, &meaning, error);
        break;
    case CONFIG_TEXT:
        break;
    }
    if (r == 0 && option->check && option->type != CONFIG_LIST)
        r = option->check(text, error);
    if (r == 0)
        *ret = meaning;
    return r;
}
