/* SPDX-License-Identifier: MIT */
/* Where values come from besides the file: the boot line, the environment and the command line. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"
#include "common/files.h"

const struct config_action_info config_actions[] = {
    {"--help", "print this text"},
    {"--version", "print the versions of the program and of the library"},
    {"--man", "print the part of the manual page that is made from the table of options"},
    {"--show-config", "print the configuration, and where each value comes from"},
    {"--check-config", "print nothing and exit with 0 if the configuration is valid, else print why and exit with 2"},
    {NULL, NULL},
};

static enum config_action action_of(const struct config_program *program, const char *word)
{
    if (!strcmp(word, "-h"))
        return CONFIG_HELP;
    for (int i = 0; config_actions[i].word && (i == 0 || !program->command); i++)
        if (!strcmp(word, config_actions[i].word))
            return (enum config_action)(i + 1);
    return CONFIG_RUN;
}

enum config_action config_asked(const struct config_program *program, char *const *words)
{
    enum config_action action = CONFIG_RUN;

    for (; *words && strcmp(*words, "--") && action == CONFIG_RUN; words++)
        action = action_of(program, *words);
    return action;
}

/* The option of a name of @len characters that can be set from outside of the file, or NULL. */
static const struct config_option *find(const struct config *config, const char *name, size_t len)
{
    const struct config_option *option = NULL;
    char key[96];

    if (snprintf(key, sizeof(key), "%.*s", (int)len, name) < (int)sizeof(key))
        option = config_table_find(&config->table, key);
    if (!option || config_is_instance_section(config->program, option->section) ||
        !config_option_is_for(config->program, option))
        return NULL;
    return option;
}

/* NAME=VALUE of @len characters of name. */
static int set_key(struct config *config, const char *name, size_t len, const char *value, enum config_rank rank,
                   const char *origin, struct error_text *error)
{
    struct config_setting setting = {.option = find(config, name, len), .text = value, .origin = origin, .rank = rank};

    if (!setting.option)
        return error_set(error, -EINVAL, "%s: there is no such option; --help lists them", origin);
    return config_set(config, &setting, error);
}

/* --- the boot line ----------------------------------------------------------------------------------------------- */

/* Ends the word that begins *@at, and moves on to the next one. As for the kernel, blanks in double quotes end none,
 * and a word as a whole may be in them. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " \t\n"), *c;
    bool quoted = false, whole = *word == '"';

    for (c = word; *c && (quoted || !strchr(" \t\n", *c)); c++)
        quoted ^= *c == '"';
    *at = c + (*c != '\0');
    *c = '\0';
    if (!*word)
        return NULL;
    if (whole && c - word > 1 && c[-1] == '"')
        c[-1] = '\0';
    return word + whole;
}

int config_read_boot_line(struct config *config, struct error_text *error)
{
    char path[PATH_MAX], *text, *at;
    int r;

    snprintf(path, sizeof(path), "%s/proc/cmdline", config->sources.root ? config->sources.root : "");
    r = file_read(path, &text, NULL);
    if (r < 0)
        return error_set(error, r, "%s: %s", path, strerror(-r));
    at = text;
    for (char *word = next_word(&at); word && r == 0; word = next_word(&at)) {
        char *equals = strchr(word, '=');
        char origin[160];

        if (strncmp(word, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) || !equals)
            continue;
        snprintf(origin, sizeof(origin), "boot line: %.*s", (int)(equals - word), word);
        word += strlen(CONFIG_PREFIX);
        r = set_key(config, word, (size_t)(equals - word), equals + 1, CONFIG_BOOT, origin, error);
    }
    free(text);
    return r;
}

/* --- the environment --------------------------------------------------------------------------------------------- */

int config_read_environment(struct config *config, struct error_text *error)
{
    int r = 0;

    for (char *const *at = config->sources.environment; at && *at && r == 0; at++) {
        const char *equals = strchr(*at, '=');
        char key[96], origin[160];
        size_t len;

        if (strncmp(*at, CONFIG_ENV_PREFIX, strlen(CONFIG_ENV_PREFIX)) || !equals)
            continue;
        snprintf(origin, sizeof(origin), "environment: %.*s", (int)(equals - *at), *at);
        snprintf(key, sizeof(key), "%.*s", (int)(equals - *at - (int)strlen(CONFIG_ENV_PREFIX)),
                 *at + strlen(CONFIG_ENV_PREFIX));
        len = strlen(key);
        for (size_t i = 0; i < len; i++)
            key[i] = key[i] >= 'A' && key[i] <= 'Z' ? (char)(key[i] - 'A' + 'a') : key[i];
        r = set_key(config, key, len, equals + 1, CONFIG_ENVIRONMENT, origin, error);
    }
    return r;
}

/* --- the command line -------------------------------------------------------------------------------------------- */

static int add_word(struct config *config, const char *word, struct error_text *error)
{
    const char **grown;

    if (!config->program->words)
        return error_set(error, -EINVAL, "%s: is neither --NAME=VALUE nor " CONFIG_PREFIX "NAME=VALUE", word);
    grown = realloc(config->words, (config->nr_words + 1) * sizeof(*grown));
    if (!grown)
        return error_set(error, -ENOMEM, "no memory");
    config->words = grown;
    config->words[config->nr_words++] = word;
    return 0;
}

/* "-qv": switches by their letters. */
static int take_letters(struct config *config, const char *word, struct error_text *error)
{
    int r = 0;

    for (const char *c = word + 1; *c && r == 0; c++) {
        struct config_setting setting = {.text = "Y", .origin = word, .rank = CONFIG_WORD};

        for (size_t i = 0; i < config->table.n && !setting.option; i++)
            if (config->table.items[i].letter == *c && config_option_is_for(config->program, &config->table.items[i]))
                setting.option = &config->table.items[i];
        r = setting.option ? config_set(config, &setting, error)
                           : error_set(error, -EINVAL, "-%c: there is no such option; --help lists them", *c);
    }
    return r;
}

/* The NAME=VALUE of --set. */
static int take_setting(struct config *config, const char *text, const char *origin, struct error_text *error)
{
    const char *equals = strchr(text, '=');
    const struct config_option *option = equals ? find(config, text, (size_t)(equals - text)) : NULL;

    if (!equals || equals == text)
        return error_set(error, -EINVAL, "%s: \"%s\" is not NAME=VALUE", origin, text);
    if (!option || strcmp(option->section, CONFIG_PARAMETERS))
        return error_set(error, -EINVAL, "%s: there is no parameter %.*s that can be set", origin, (int)(equals - text),
                         text);
    return set_key(config, text, (size_t)(equals - text), equals + 1, CONFIG_WORD, origin, error);
}

/* A word with a name behind its prefix of @prefix characters. Takes the next word, too, if that is the value. */
static int take_option(struct config *config, char *const **at, size_t prefix, struct error_text *error)
{
    const char *word = **at, *name = word + prefix, *value = strchr(name, '=');
    size_t len = value ? (size_t)(value - name) : strlen(name);
    const struct config_option *option = find(config, name, len);
    char origin[160];

    snprintf(origin, sizeof(origin), "%.*s", (int)(prefix + len), word);
    if (value)
        value++;
    else if (option && (option->type == CONFIG_BOOL || option->type == CONFIG_COUNT))
        value = "Y";
    else if (option && (!(*at)[1] || !strncmp((*at)[1], "--", 2)))
        return error_set(error, -EINVAL, "%s: a value is missing; one that begins with -- is written %s=--...", origin,
                         origin);
    else if (option)
        value = *++*at;
    if (option && option->type == CONFIG_SETTING)
        return take_setting(config, value, origin, error);
    return set_key(config, name, len, value, CONFIG_WORD, origin, error);
}

int config_read_words(struct config *config, struct error_text *error)
{
    bool options = true; /* until -- */
    int r = 0;

    for (char *const *at = config->sources.words; at && *at && r == 0; at++) {
        const char *word = *at;

        if (options && !strcmp(word, "--"))
            options = false;
        else if (options && action_of(config->program, word) != CONFIG_RUN)
            continue;
        else if (options && !strncmp(word, "--", 2))
            r = take_option(config, &at, 2, error);
        else if (options && word[0] == '-' && word[1])
            r = take_letters(config, word, error);
        else if (!strncmp(word, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) && strchr(word, '='))
            r = take_option(config, &at, strlen(CONFIG_PREFIX), error);
        else
            r = add_word(config, word, error);
    }
    return r;
}
