/* SPDX-License-Identifier: MIT */
/* The values of a configuration: set, and asked for. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n; i++) {
        config_meaning_clear(&config->values[i].meaning);
        free(config->values[i].origin);
    }
    for (size_t i = 0; i < config->nr_instances; i++)
        free(config->instances[i]);
    free(config->values);
    free(config->instances);
    free(config->words);
    config_table_free(&config->table);
    free(config);
}

/* --- set --------------------------------------------------------------------------------------------------------- */

static int add_value(struct config *config, const struct config_option *option, const char *instance,
                     struct config_value **ret, struct error_text *error)
{
    struct config_value *grown = realloc(config->values, (config->n + 1) * sizeof(*grown));
    struct config_value value = {.option = option, .instance = instance};
    int r;

    if (!grown)
        return error_set(error, -ENOMEM, "no memory");
    config->values = grown;
    r = config_parse(option, option->type == CONFIG_WORDS ? NULL : option->value, &value.meaning, error);
    assert(r == 0 || r == -ENOMEM); /* a default is valid */
    if (r < 0)
        return r;
    config->values[config->n] = value;
    *ret = &config->values[config->n++];
    return 0;
}

int config_fill(struct config *config, struct error_text *error)
{
    struct config_value *ignored;
    int r = 0;

    for (size_t i = 0; i < config->table.n && r == 0; i++)
        r = add_value(config, &config->table.items[i], NULL, &ignored, error);
    return r;
}

/* The value of an instance if it has one, else that of all. */
static struct config_value *find(const struct config *config, const struct config_option *option, const char *instance)
{
    for (size_t i = config->table.n; i < config->n && instance; i++)
        if (config->values[i].option == option && !strcmp(config->values[i].instance, instance))
            return &config->values[i];
    return &config->values[option - config->table.items];
}

/* Takes over what was said, besides what was said before in the same source where that adds up. */
static int take(struct config_value *value, const struct config_setting *s, struct config_meaning *meaning)
{
    if (value->rank == s->rank && meaning->items)
        return config_meaning_append(&value->meaning, meaning);
    if (value->rank == s->rank && s->option->type == CONFIG_COUNT)
        meaning->number += value->meaning.number;
    config_meaning_clear(&value->meaning);
    value->meaning = *meaning;
    *meaning = (struct config_meaning){0};
    return 0;
}

static int replace(struct config_value *value, const struct config_setting *s, struct error_text *error)
{
    struct error_text why = {""};
    struct config_meaning meaning;
    char *origin;
    int r = config_parse(s->option, s->text, &meaning, &why);

    if (r < 0)
        return error_set(error, r, "%s: %s: %s", s->origin, s->option->name, why.text);
    origin = strdup(s->origin);
    r = origin ? take(value, s, &meaning) : -ENOMEM;
    config_meaning_clear(&meaning);
    if (r < 0) {
        free(origin);
        return error_set(error, r, "no memory");
    }
    free(value->origin);
    value->origin = origin;
    value->rank = s->rank;
    return 0;
}

/* A mistake in what does not count is one all the same. */
static int check(const struct config_setting *s, struct error_text *error)
{
    struct config_value unused = {.option = s->option};
    int r = replace(&unused, s, error);

    config_meaning_clear(&unused.meaning);
    free(unused.origin);
    return r;
}

int config_set(struct config *config, const struct config_setting *s, struct error_text *error)
{
    bool adds_up = s->option->type == CONFIG_LIST || s->option->type == CONFIG_WORDS;
    struct config_value *value = find(config, s->option, s->instance);
    int r;

    if (value->instance != s->instance) {
        r = add_value(config, s->option, s->instance, &value, error);
        if (r < 0)
            return r;
    }
    if (value->rank == s->rank && s->rank == CONFIG_FILE && !adds_up)
        return error_set(error, -EINVAL, "%s: %s is already set at %s", s->origin, s->option->name, value->origin);
    return value->rank > s->rank ? check(s, error) : replace(value, s, error);
}

int config_add_instance(struct config *config, const char *section, const char *name, const char **ret_instance,
                        struct error_text *error)
{
    size_t n = config->nr_instances, len = strlen(section) + strlen(name) + 2;
    char *text = malloc(len), **grown = realloc(config->instances, (n + 1) * sizeof(*grown));

    if (grown)
        config->instances = grown;
    if (!text || !grown) {
        free(text);
        return error_set(error, -ENOMEM, "no memory");
    }
    snprintf(text, len, "%s %s", section, name);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(config->instances[i], text)) {
            free(text);
            *ret_instance = strchr(config->instances[i], ' ') + 1;
            return 0;
        }
    }
    config->instances[config->nr_instances++] = text;
    *ret_instance = strchr(text, ' ') + 1;
    return 0;
}

/* --- asked for --------------------------------------------------------------------------------------------------- */

/* The value of a key, which must be of one of the types. */
static const struct config_value *ask(const struct config *config, const char *instance, const char *key,
                                      unsigned int types)
{
    const struct config_option *option = config_table_find(&config->table, key);

    if (!option || !(types & (1u << option->type)))
        abort(); /* the program asks for what its table does not have */
    return find(config, option, instance);
}

bool config_bool(const struct config *config, const char *instance, const char *key)
{
    return ask(config, instance, key, 1u << CONFIG_BOOL)->meaning.flag;
}

uint64_t config_number(const struct config *config, const char *instance, const char *key)
{
    return ask(config, instance, key,
               1u << CONFIG_UINT | 1u << CONFIG_BYTES | 1u << CONFIG_TIME | 1u << CONFIG_SHARE | 1u << CONFIG_COUNT)
        ->meaning.number;
}

const char *config_text(const struct config *config, const char *instance, const char *key)
{
    return ask(config, instance, key, 1u << CONFIG_TEXT | 1u << CONFIG_CHOICE)->meaning.text;
}

size_t config_list(const struct config *config, const char *instance, const char *key, const char *const **ret)
{
    const struct config_value *value = ask(config, instance, key, 1u << CONFIG_LIST | 1u << CONFIG_WORDS);

    *ret = (const char *const *)value->meaning.items;
    return value->meaning.n;
}

bool config_is_set(const struct config *config, const char *instance, const char *key)
{
    return ask(config, instance, key, ~0u)->rank > CONFIG_DEFAULT;
}

const char *config_word(const struct config *config, size_t index)
{
    return index < config->nr_words ? config->words[index] : NULL;
}

const char *config_instance(const struct config *config, const char *section, size_t index)
{
    size_t len = strlen(section);

    for (size_t i = 0; i < config->nr_instances; i++) {
        const char *text = config->instances[i];

        if (!strncmp(text, section, len) && text[len] == ' ' && index-- == 0)
            return text + len + 1;
    }
    return NULL;
}
