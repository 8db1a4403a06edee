/* SPDX-License-Identifier: MIT */
/* A configuration: read from all of its sources, and read again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"

/* An option that not every program has. */
static const struct config_option *optional(const struct config *config, const char *key)
{
    return config_table_find(&config->table, key);
}

static int read_sources(struct config *config, struct error_text *error)
{
    const char *path = "";
    int r = config_read_words(config, error);

    /* First those that say what else is to be read; each value knows how much it counts. */
    if (r == 0)
        r = config_read_environment(config, error);
    if (r == 0 && optional(config, "boot_line") && config_bool(config, NULL, "boot_line"))
        r = config_read_boot_line(config, error);
    if (optional(config, "config"))
        path = config_text(config, NULL, "config");
    if (r == 0)
        r = config_read_file(config, *path ? path : config->program->file, !*path, error);
    return r == 0 && !config->program->no_parameters ? config_check_params(config, error) : r;
}

int config_load(const struct config_program *program, const struct config_sources *sources, struct config **ret,
                struct error_text *error)
{
    struct config *config = calloc(1, sizeof(*config));
    int r;

    if (!config)
        return error_set(error, -ENOMEM, "no memory");
    config->program = program;
    config->sources = *sources;
    r = config_table_make(program, &config->table);
    if (r < 0)
        error_set(error, r, "no memory");
    if (r == 0)
        r = config_fill(config, error);
    if (r == 0)
        r = read_sources(config, error);
    if (r < 0) {
        config_free(config);
        return r;
    }
    *ret = config;
    return 0;
}

static bool is_same(const struct config_meaning *a, const struct config_meaning *b)
{
    bool same = a->n == b->n && (!a->text || !strcmp(a->text, b->text));

    for (size_t i = 0; i < a->n && same; i++)
        same = !strcmp(a->items[i], b->items[i]);
    return same;
}

int config_reload(const struct config *old, struct config **ret, struct error_text *error)
{
    struct config *config;
    int r = config_load(old->program, &old->sources, &config, error);

    if (r < 0)
        return r;
    for (size_t i = 0; i < old->table.n && r == 0; i++) {
        const struct config_value *was = &old->values[i], *is = &config->values[i];

        if ((was->option->flags & CONFIG_FIXED) && !is_same(&was->meaning, &is->meaning))
            r = error_set(error, -EPERM, "%s: %s cannot change while %s runs; restart it",
                          is->origin ? is->origin : "default", was->option->name, old->program->name);
    }
    if (r < 0) {
        config_free(config);
        return r;
    }
    *ret = config;
    return 0;
}
