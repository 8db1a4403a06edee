/* SPDX-License-Identifier: MIT */
/* The table of all options: the library's parameters and those of the daemon. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"

static bool is_setting(const struct damon_reclaim_param_info *info)
{
    return !info->read_only && strcmp(info->name, "commit_inputs") != 0;
}

static int describe(size_t index, struct damon_reclaim_param_info *ret)
{
    *ret = (struct damon_reclaim_param_info){.size = sizeof(*ret)};
    return damon_reclaim_param_describe(index, ret);
}

static void add_params(struct config_table *table)
{
    struct damon_reclaim_param_info info;

    for (size_t i = 0; describe(i, &info) == 0; i++) {
        bool is_bool = info.type == DAMON_RECLAIM_PARAM_BOOL;

        if (!is_setting(&info))
            continue;
        snprintf(table->numbers[i], sizeof(table->numbers[i]), "%" PRId64, info.default_value);
        table->items[table->n++] = (struct config_option){
            .section = CONFIG_PARAMETERS,
            .name = info.name,
            .type = is_bool ? CONFIG_BOOL : CONFIG_TEXT,
            .value = !is_bool             ? table->numbers[i]
                     : info.default_value ? "Y"
                                          : "N",
            .argument = info.unit,
            .doc = info.doc,
        };
    }
}

static size_t count(const struct config_option *options)
{
    size_t n = 0;

    while (options[n].name)
        n++;
    return n;
}

static void add_options(struct config_table *table, const struct config_option *options)
{
    memcpy(table->items + table->n, options, count(options) * sizeof(*options));
    table->n += count(options);
}

static void override(struct config_table *table, const struct config_default *defaults)
{
    for (; defaults && defaults->key; defaults++)
        for (size_t i = 0; i < table->n; i++)
            if (!strcmp(config_key(&table->items[i]).text, defaults->key))
                table->items[i].value = defaults->value;
}

int config_table_make(const struct config_program *program, struct config_table *ret)
{
    size_t params = program->no_parameters ? 0 : damon_reclaim_param_count(), n = params;
    struct config_table table = {0};

    for (size_t i = 0; program->options[i]; i++)
        n += count(program->options[i]);
    table.items = calloc(n + 1, sizeof(*table.items));
    table.numbers = calloc(params + 1, sizeof(*table.numbers));
    if (!table.items || !table.numbers) {
        config_table_free(&table);
        return -ENOMEM;
    }
    if (params && !program->command)
        add_params(&table);
    for (size_t i = 0; program->options[i]; i++)
        add_options(&table, program->options[i]);
    if (params && program->command)
        add_params(&table);
    override(&table, program->defaults);
    *ret = table;
    return 0;
}

void config_table_free(struct config_table *table)
{
    free(table->items);
    free(table->numbers);
    *table = (struct config_table){0};
}

struct config_key config_key(const struct config_option *option)
{
    bool alone = !strcmp(option->section, CONFIG_PARAMETERS) || !strcmp(option->section, "agent") ||
                 !strcmp(option->section, "options");
    struct config_key key;

    snprintf(key.text, sizeof(key.text), "%s%s%s", alone ? "" : option->section, alone ? "" : "_", option->name);
    return key;
}

/* Equal with '-' as '_'. */
static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    return *a == *b;
}

const struct config_option *config_table_find(const struct config_table *table, const char *key)
{
    for (size_t i = 0; i < table->n; i++)
        if (same(config_key(&table->items[i]).text, key))
            return &table->items[i];
    return NULL;
}

const struct config_option *config_table_find_in(const struct config_table *table, const char *section,
                                                 const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (same(table->items[i].section, section) && (!name || same(table->items[i].name, name)))
            return &table->items[i];
    return NULL;
}

/* Whether @word is one of the words of @text, between blanks. */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    for (; *text; text += strcspn(text, " "), text += strspn(text, " "))
        if (strcspn(text, " ") == len && !strncmp(text, word, len))
            return true;
    return false;
}

bool config_option_is_for(const struct config_program *program, const struct config_option *option)
{
    return !option->commands || !program->command || has_word(option->commands, program->command);
}

bool config_is_instance_section(const struct config_program *program, const char *section)
{
    for (size_t i = 0; program->instances && program->instances[i]; i++)
        if (!strcmp(program->instances[i], section))
            return true;
    return false;
}
