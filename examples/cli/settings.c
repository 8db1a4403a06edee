/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define PREFIX "damon_reclaim."

static char *copy(const char *text, size_t len)
{
    char *c = cli_realloc(NULL, len + 1, 1);

    memcpy(c, text, len);
    c[len] = '\0';
    return c;
}

static void add(struct settings *settings, char *name, char *value, const char *origin)
{
    settings->items = cli_realloc(settings->items, settings->n + 1, sizeof(*settings->items));
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    settings->items[settings->n++] = (struct setting){name, value, copy(origin, strlen(origin))};
}

void settings_add(struct settings *settings, const char *name, const char *value, const char *origin)
{
    add(settings, copy(name, strlen(name)), copy(value, strlen(value)), origin);
}

/* The text between @start and @end without the blanks around it. */
static char *trimmed(const char *start, const char *end)
{
    static const char blanks[] = " \t\r\n";

    while (start < end && strchr(blanks, *start))
        start++;
    while (end > start && strchr(blanks, end[-1]))
        end--;
    return copy(start, (size_t)(end - start));
}

bool settings_add_line(struct settings *settings, const char *line, const char *origin)
{
    const char *equals = strchr(line, '=');

    if (!equals || equals == line) {
        cli_error("%s: \"%.*s\" is not NAME=VALUE", origin, (int)strcspn(line, "\r\n"), line);
        return false;
    }
    add(settings, trimmed(line, equals), trimmed(equals + 1, equals + strlen(equals)), origin);
    return true;
}

bool settings_add_file(struct settings *settings, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t capacity = 0, number = 0;
    char *line = NULL;
    bool good = true;
    int error;

    if (!file) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    while (good && (errno = 0, getline(&line, &capacity, file)) >= 0) {
        const char *text = line + strspn(line, " \t\r\n");
        char origin[4096];

        snprintf(origin, sizeof(origin), "%s:%zu", path, ++number);
        if (*text && *text != '#')
            good = settings_add_line(settings, text, origin);
    }
    error = errno;
    if (good && ferror(file)) {
        cli_error("%s: %s", path, strerror(error));
        good = false;
    }
    free(line);
    fclose(file);
    return good;
}

/* Whether setting it does something at once instead of staging it. */
static bool acts(const char *name)
{
    if (!strncmp(name, PREFIX, strlen(PREFIX)))
        name += strlen(PREFIX);
    return !strcmp(name, "enabled") || !strcmp(name, "commit_inputs");
}

int settings_stage(const struct settings *settings, struct damon_reclaim *ctx, bool act)
{
    for (size_t i = 0; i < settings->n; i++) {
        const struct setting *s = &settings->items[i];
        int r;

        if (acts(s->name) != act)
            continue;
        r = damon_reclaim_set(ctx, s->name, s->value);
        if (r < 0) {
            cli_error("%s: %s", s->origin, damon_reclaim_last_error(ctx));
            return r;
        }
    }
    return 0;
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < settings->n; i++) {
        free(settings->items[i].name);
        free(settings->items[i].value);
        free(settings->items[i].origin);
    }
    free(settings->items);
    *settings = (struct settings){0};
}
