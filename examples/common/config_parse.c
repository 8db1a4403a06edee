/* SPDX-License-Identifier: MIT */
/* What a text means, by the type of its option. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"
#include "common/units.h"

static const char blanks[] = " \t\r\n";

void config_meaning_clear(struct config_meaning *meaning)
{
    for (size_t i = 0; i < meaning->n; i++)
        free(meaning->items[i]);
    free(meaning->items);
    free(meaning->text);
    *meaning = (struct config_meaning){0};
}

static int make_room(struct config_meaning *meaning, size_t n)
{
    char **grown = realloc(meaning->items, (meaning->n + n + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    meaning->items = grown;
    meaning->items[meaning->n] = NULL;
    return 0;
}

int config_meaning_append(struct config_meaning *meaning, struct config_meaning *more)
{
    if (make_room(meaning, more->n) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < more->n; i++)
        meaning->items[meaning->n++] = more->items[i];
    meaning->items[meaning->n] = NULL;
    more->n = 0;
    return 0;
}

/* --- quotes ------------------------------------------------------------------------------------------------------ */

bool config_is_quote(char c)
{
    return c == '"' || c == '\'';
}

int config_take_quoted(const char **at, char *ret, struct error_text *error)
{
    const char quote = **at, *c = *at + 1;

    for (; *c && *c != quote; c++) {
        if (*c == '\\' && quote == '"') {
            c++;
            if (*c != '"' && *c != '\\' && *c != 'n')
                return error_set(error, -EINVAL, "\\%.1s in double quotes means nothing; write \\\\ for a backslash",
                                 c);
            *ret++ = *c == 'n' ? '\n' : *c;
        } else {
            *ret++ = *c;
        }
    }
    if (!*c)
        return error_set(error, -EINVAL, "%s has no quote at its end", *at);
    *ret = '\0';
    *at = c + 1;
    return 0;
}

/* Whether a text means itself only in quotes. */
static bool needs_quotes(const char *text, bool in_list)
{
    char last = ' ';

    if (in_list ? !*text || strpbrk(text, ", \t\r[]") : *text && strchr(blanks, text[strlen(text) - 1]))
        return true;
    if (config_is_quote(*text) || (*text && strchr(blanks, *text)))
        return true;
    for (; *text; last = *text++)
        if (*text == '\n' || ((*text == '#' || *text == ';') && (last == ' ' || last == '\t')))
            return true;
    return false;
}

void config_print_quoted(const char *text, bool in_list, FILE *file)
{
    if (!needs_quotes(text, in_list)) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            fputc('\\', file);
        fputc(*text == '\n' ? 'n' : *text, file);
    }
    fputc('"', file);
}

/* A value as a whole. */
static int unquote(const char *text, char **ret, struct error_text *error)
{
    char *copy = strdup(text);
    const char *at = text;
    int r = 0;

    if (!copy)
        return error_set(error, -ENOMEM, "no memory");
    if (config_is_quote(*text)) {
        r = config_take_quoted(&at, copy, error);
        if (r == 0 && *at)
            r = error_set(error, -EINVAL, "\"%s\" stands behind the closing quote", at);
    }
    if (r < 0) {
        free(copy);
        return r;
    }
    *ret = copy;
    return 0;
}

/* --- single values ----------------------------------------------------------------------------------------------- */

static int parse_time(const char *text, uint64_t *ret, struct error_text *error)
{
    int r = damon_reclaim_parse_time(text, 0, ret);
    uint64_t bare;

    if (r == 0 || damon_reclaim_parse_time(text, 1, &bare) < 0)
        return r;
    if (bare)
        return error_set(error, -EDOM, "\"%s\" has no unit; write us, ms, s, min, h or d behind it, like %ss", text,
                         text);
    *ret = 0;
    return 0;
}

/* In permille: digits, and at most one behind a point. */
static int parse_share(const char *text, uint64_t *ret)
{
    size_t whole = strspn(text, "0123456789"), tenth = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    uint64_t permille = strtoull(text, NULL, 10) * 10 + (tenth ? (uint64_t)(text[whole + 1] - '0') : 0);

    if (!whole || whole > 3 || tenth > 1 || text[whole + (tenth ? 1 + tenth : 0)] || permille > 1000)
        return -EINVAL;
    *ret = permille;
    return 0;
}

/* 0, or -EINVAL, -ERANGE or, with its own text, -EDOM. */
static int to_number(enum config_type type, const char *text, uint64_t *ret, struct error_text *error)
{
    switch (type) {
    case CONFIG_TIME:
        return parse_time(text, ret, error);
    case CONFIG_BYTES:
        return damon_reclaim_parse_size(text, ret);
    case CONFIG_SHARE:
        return parse_share(text, ret);
    default:
        return units_parse(text, ret) ? 0 : -EINVAL;
    }
}

/* A limit as people write it. */
static struct units_text limit(enum config_type type, uint64_t number)
{
    return type == CONFIG_TIME    ? units_seconds(number)
           : type == CONFIG_BYTES ? units_bytes(number)
                                  : units_number((int64_t)number);
}

static int parse_number(const struct config_option *option, const char *text, uint64_t *ret, struct error_text *error)
{
    const char *kind = option->type == CONFIG_TIME    ? "a time, like 30s, 1.5s, 500ms or 5min"
                       : option->type == CONFIG_BYTES ? "a number of bytes, like 65536 or 64MiB"
                       : option->type == CONFIG_SHARE ? "a percentage, like 2 or 0.5"
                                                      : "a number";
    uint64_t number = 0;
    int r = to_number(option->type, text, &number, error);

    if (r == -EDOM)
        return -EINVAL;
    if (r < 0)
        return error_set(error, r, "\"%s\" is not %s%s", text, kind, r == -ERANGE ? ", or too large" : "");
    if (option->max && (number < option->min || number > option->max))
        return error_set(error, -ERANGE, "%s is not from %s to %s", text, limit(option->type, option->min).text,
                         limit(option->type, option->max).text);
    if (number < option->min)
        return error_set(error, -ERANGE, "%s is less than %s", text, limit(option->type, option->min).text);
    *ret = number;
    return 0;
}

static int parse_choice(const char *choices, const char *text, struct error_text *error)
{
    size_t len = strlen(text);

    for (const char *at = choices; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (len && strcspn(at, " ") == len && !strncmp(at, text, len))
            return 0;
    return error_set(error, -EINVAL, "\"%s\" is not one of: %s", text, choices);
}

/* The library knows what a parameter may be. Its text begins with the name, which whoever sets the value says, too. */
static int check_param(const struct config_option *option, const char *text, struct error_text *error)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    size_t len = strlen(option->name);
    char why[256] = "";
    int r = damon_reclaim_params_init(&params);

    if (r == 0)
        r = damon_reclaim_params_set(&params, option->name, text, why, sizeof(why));
    if (r == 0)
        return 0;
    return error_set(error, r, "%s", !strncmp(why, option->name, len) && why[len] == ':' ? why + len + 2 : why);
}

static int parse_single(const struct config_option *option, struct config_meaning *meaning, struct error_text *error)
{
    const char *text = meaning->text;

    switch (option->type) {
    case CONFIG_BOOL:
        if (damon_reclaim_parse_bool(text, &meaning->flag) < 0)
            return error_set(error, -EINVAL, "\"%s\" is not a switch; write Y (yes 1 on true) or N (no 0 off false)",
                             text);
        return 0;
    case CONFIG_COUNT:
        meaning->number = *text != '\0';
        return 0;
    case CONFIG_UINT:
    case CONFIG_BYTES:
    case CONFIG_TIME:
    case CONFIG_SHARE:
        return parse_number(option, text, &meaning->number, error);
    case CONFIG_CHOICE:
        return parse_choice(option->choices, text, error);
    default:
        return strcmp(option->section, CONFIG_PARAMETERS) ? 0 : check_param(option, text, error);
    }
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Takes an item off the front of *@at, which is neither at its end nor at a blank or comma. */
static int take_item(const char **at, char *ret, struct error_text *error)
{
    size_t len;

    if (config_is_quote(**at)) {
        int r = config_take_quoted(at, ret, error);

        if (r < 0)
            return r;
        if (!*ret)
            return error_set(error, -EINVAL, "an item is empty; leave it out");
        *at += strspn(*at, blanks);
        return **at && **at != ',' ? error_set(error, -EINVAL,
                                               "\"%s\" stands behind the closing quote; write a comma "
                                               "between two items",
                                               *at)
                                   : 0;
    }
    len = strcspn(*at, ",");
    memcpy(ret, *at, len);
    *at += len;
    while (strchr(blanks, ret[len - 1]))
        len--;
    ret[len] = '\0';
    if (strpbrk(ret, blanks))
        return error_set(error, -EINVAL,
                         "\"%s\" has a blank; write a comma between two items, or quotes around one with "
                         "a blank in it",
                         ret);
    return 0;
}

/* Adds an item, for which there is room. */
static int add_item(const struct config_option *option, const char *text, struct config_meaning *ret,
                    struct error_text *error)
{
    int r = option->check ? option->check(text, error) : 0;
    char *item = r == 0 ? strdup(text) : NULL;

    if (r == 0 && !item)
        r = error_set(error, -ENOMEM, "no memory");
    if (r < 0)
        return r;
    ret->items[ret->n++] = item;
    ret->items[ret->n] = NULL;
    return 0;
}

static int parse_list(const struct config_option *option, const char *text, struct config_meaning *ret,
                      struct error_text *error)
{
    static const char between[] = ", \t\r\n";
    size_t most = 1; /* items */
    char *item;
    int r = 0;

    for (const char *c = text; c && *c; c++)
        most += *c == ',';
    item = malloc(text ? strlen(text) + 1 : 1);
    if (!item || make_room(ret, most) < 0) {
        free(item);
        return error_set(error, -ENOMEM, "no memory");
    }
    if (text && option->type == CONFIG_WORDS) {
        r = add_item(option, text, ret, error);
    } else if (text) {
        for (text += strspn(text, between); r == 0 && *text; text += strspn(text, between)) {
            r = take_item(&text, item, error);
            if (r == 0)
                r = add_item(option, item, ret, error);
        }
    }
    free(item);
    return r;
}

int config_parse(const struct config_option *option, const char *text, struct config_meaning *ret,
                 struct error_text *error)
{
    struct config_meaning meaning = {0};
    int r;

    if (option->type == CONFIG_LIST || option->type == CONFIG_WORDS) {
        r = parse_list(option, text, &meaning, error);
    } else {
        r = unquote(text, &meaning.text, error);
        if (r == 0)
            r = parse_single(option, &meaning, error);
        if (r == 0 && option->check)
            r = option->check(meaning.text, error);
    }
    if (r == 0)
        *ret = meaning;
    else
        config_meaning_clear(&meaning);
    return r;
}
