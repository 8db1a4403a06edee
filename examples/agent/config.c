/* SPDX-License-Identifier: MIT */
/* The values of a configuration: set, and asked for. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"

static void clear_value(struct config_value *value)
{
    free(value->text);
    free(value->origin);
    free(value->meaning.items);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n; i++)
        clear_value(&config->values[i]);
    for (size_t i = 0; i < config->nr_instances; i++)
        free(config->instances[i]);
    free(config->values);
    free(config->instances);
    config_table_free(&config->table);
    free(config);
}

static int add_value(struct config *config, const struct config_option *option, const char *instance,
                     struct config_value **ret, struct agent_error *error)
{
    struct config_value *grown = realloc(config->values, (config->n + 1) * sizeof(*grown)), value = {0};
    int r;

    if (!grown)
        return agent_fail(error, -ENOMEM, "no memory");
    config->values = grown;
    value.option = option;
    value.instance = instance;
    r = config_parse(option, option->value, &value.meaning, error);
    assert(r != -EINVAL && r != -ERANGE); /* a default is valid */
    if (r < 0)
        return r;
    value.text = strdup(option->value);
    if (!value.text) {
        clear_value(&value);
        return agent_fail(error, -ENOMEM, "no memory");
    }
    config->values[config->n] = value;
    if (ret)
        *ret = &config->values[config->n];
    config->n++;
    return 0;
}

static struct config_value *find_value(const struct config *config, const struct config_option *option,
                                       const char *instance)
{
    for (size_t i = 0; i < config->n; i++) {
        struct config_value *value = &config->values[i];

        if (value->option == option && (value->instance ? instance && !strcmp(value->instance, instance) : !instance))
            return value;
    }
    return NULL;
}

/* The text that a list has after more was said in the same source. NULL: no memory. */
static char *joined(const char *a, const char *b)
{
    char *text = malloc(strlen(a) + strlen(b) + 3);

    if (text)
        sprintf(text, "%s, %s", a, b);
    return text;
}

static int replace(struct config_value *value, const struct config_setting *s, struct agent_error *error)
{
    bool more = s->option->type == CONFIG_LIST && value->rank == s->rank;
    struct agent_error why = {""};
    struct config_value new = *value;
    int r;

    new.rank = s->rank;
    new.text = more ? joined(value->text, s->text) : strdup(s->text);
    new.origin = strdup(s->origin);
    new.meaning = (struct config_meaning){0};
    r = new.text &&new.origin ? config_parse(s->option, new.text, &new.meaning, &why) : -ENOMEM;
    if (r < 0) {
        clear_value(&new);
        if (r == -ENOMEM)
            return agent_fail(error, r, "no memory");
        return agent_fail(error, r, "%s: %s: %s", s->origin, s->option->name, why.text);
    }
    clear_value(value);
    *value = new;
    return 0;
}

int config_set(struct config *config, const struct config_setting *s, struct agent_error *error)
{
    struct config_value *value = find_value(config, s->option, s->instance);

    if (!value) {
        int r = add_value(config, s->option, s->instance, &value, error);

        if (r < 0)
            return r;
    }
    if (value->rank == s->rank && s->rank == CONFIG_FILE && s->option->type != CONFIG_LIST)
        return agent_fail(error, -EINVAL, "%s: %s is already set at %s", s->origin, s->option->name, value->origin);
    if (value->rank > s->rank) {
        /* It does not count, but a mistake in it is one all the same. */
        struct config_value unused = {.option = s->option};
        int r = replace(&unused, s, error);

        clear_value(&unused);
        return r;
    }
    return replace(value, s, error);
}

int config_add_instance(struct config *config, const char *section, const char **ret_instance)
{
    size_t i = 0;

    while (i < config->nr_instances && strcmp(config->instances[i], section))
        i++;
    if (i == config->nr_instances) {
        char **grown = realloc(config->instances, (i + 1) * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        config->instances = grown;
        grown[i] = strdup(section);
        if (!grown[i])
            return -ENOMEM;
        config->nr_instances++;
    }
    *ret_instance = strchr(config->instances[i], ' ') + 1;
    return 0;
}

/* One value for each option that is there once, with its default. */
static int fill(struct config *config, struct agent_error *error)
{
    int r = 0;

    for (size_t i = 0; i < config->table.n && r == 0; i++)
        if (!config_is_instance_section(config->program, config->table.items[i].section))
            r = add_value(config, &config->table.items[i], NULL, NULL, error);
    return r;
}

static int read_sources(struct config *config, struct agent_error *error)
{
    int r = config_read_words(config, error);

    /* First those that say what else is to be read; each value knows how much it counts. */
    if (r == 0)
        r = config_read_environment(config, error);
    if (r == 0 && config_bool(config, NULL, "boot_line"))
        r = config_read_boot_line(config, error);
    if (r == 0) {
        const char *path = config_text(config, NULL, "config");

        r = config_read_file(config, *path ? path : config->program->file, !*path, error);
    }
    return r == 0 ? config_check_params(config, error) : r;
}

int config_load(const struct config_program *program, const struct config_sources *sources, struct config **ret,
                struct agent_error *error)
{
    struct config *config = calloc(1, sizeof(*config));
    int r;

    if (!config)
        return agent_fail(error, -ENOMEM, "no memory");
    config->program = program;
    config->sources = *sources;
    r = config_table_make(program, &config->table);
    if (r < 0)
        agent_fail(error, r, "no memory");
    if (r == 0)
        r = fill(config, error);
    if (r == 0)
        r = read_sources(config, error);
    if (r < 0) {
        config_free(config);
        return r;
    }
    *ret = config;
    return 0;
}

int config_reload(const struct config *old, struct config **ret, struct agent_error *error)
{
    struct config *config;
    int r = config_load(old->program, &old->sources, &config, error);

    if (r < 0)
        return r;
    for (size_t i = 0; i < old->n && r == 0; i++) {
        const struct config_value *was = &old->values[i], *is = &config->values[i];

        if (was->instance)
            break; /* from here on they need not be the same */
        if ((was->option->flags & CONFIG_FIXED) && strcmp(was->text, is->text))
            r = agent_fail(error, -EPERM, "%s: %s cannot change while %s runs; restart it",
                           is->origin ? is->origin : "default", was->option->name, old->program->name);
    }
    if (r < 0) {
        config_free(config);
        return r;
    }
    *ret = config;
    return 0;
}

const struct config_value *config_value(const struct config *config, const char *instance, const char *key)
{
    const struct config_option *option = config_table_find(&config->table, key);

    if (!option)
        abort(); /* the program asks for what its table does not have */
    return find_value(config, option, instance);
}

/* The value of a key, which must be of one of the types; @option is set if it has only its default. */
static const struct config_value *ask(const struct config *config, const char *instance, const char *key,
                                      unsigned int types, const struct config_option **option)
{
    *option = config_table_find(&config->table, key);
    if (!*option || !(types & (1u << (*option)->type)))
        abort(); /* the program's mistake */
    return find_value(config, *option, instance);
}

bool config_bool(const struct config *config, const char *instance, const char *key)
{
    const struct config_option *option;
    const struct config_value *value = ask(config, instance, key, 1u << CONFIG_BOOL, &option);
    struct config_meaning meaning = {0};

    if (value)
        return value->meaning.flag;
    config_parse(option, option->value, &meaning, NULL);
    return meaning.flag;
}

uint64_t config_number(const struct config *config, const char *instance, const char *key)
{
    const struct config_option *option;
    const struct config_value *value =
        ask(config, instance, key, 1u << CONFIG_UINT | 1u << CONFIG_BYTES | 1u << CONFIG_TIME, &option);
    struct config_meaning meaning = {0};

    if (value)
        return value->meaning.number;
    config_parse(option, option->value, &meaning, NULL);
    return meaning.number;
}

const char *config_text(const struct config *config, const char *instance, const char *key)
{
    const struct config_option *option;
    const struct config_value *value = ask(config, instance, key, 1u << CONFIG_TEXT | 1u << CONFIG_CHOICE, &option);

    return value ? value->text : option->value;
}

size_t config_list(const struct config *config, const char *instance, const char *key, const char *const **ret)
{
    static const char *const none[] = {NULL};
    const struct config_option *option;
    const struct config_value *value = ask(config, instance, key, 1u << CONFIG_LIST, &option);

    /* An instance's list has no default but the empty one. */
    *ret = value ? value->meaning.items : none;
    return value ? value->meaning.n : 0;
}

bool config_is_set(const struct config *config, const char *instance, const char *key)
{
    const struct config_value *value = config_value(config, instance, key);

    return value && value->rank > CONFIG_DEFAULT;
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
