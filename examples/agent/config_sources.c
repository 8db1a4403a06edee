/* SPDX-License-Identifier: MIT */
/* Where values come from: the file, the boot line, the environment and the command line. */
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "common/files.h"

#define LONGEST_SECTION 48u /* of inih, which cuts off what is longer */

/* A file under way. */
struct reader {
    struct config *config;
    const char *path;
    FILE *file;
    unsigned int line;   /* read last */
    unsigned int failed; /* line of the first error; 0: none */
    int result;
    struct agent_error *error;
};

static void fail(struct reader *reader, int r)
{
    reader->failed = reader->line;
    reader->result = r;
}

/* The instance of "vm NAME", and the section alone in @name. -ENOENT: there are no such sections. */
static int instance(struct reader *reader, const char *section, char *name, size_t size, const char **ret)
{
    const char *blank = strchr(section, ' ');
    int len = blank ? (int)(blank - section) : (int)strlen(section);

    snprintf(name, size, "%.*s", len, section);
    *ret = NULL;
    if (config_is_instance_section(reader->config->program, name) != (blank && blank[1]))
        return -ENOENT;
    return blank ? config_add_instance(reader->config, section, ret) : 0;
}

/* What is in brackets at the begin of a line, whether anything stands below it or not. */
static int find_section(struct reader *reader, const char *section, char *alone, size_t size, const char **ret_instance)
{
    int r;

    if (strlen(section) > LONGEST_SECTION)
        return agent_fail(reader->error, -EINVAL, "%s:%u: the name of the section is longer than %u characters",
                          reader->path, reader->line, LONGEST_SECTION);
    r = instance(reader, section, alone, size, ret_instance);
    if (r == -ENOMEM)
        return agent_fail(reader->error, r, "no memory");
    if (r < 0 || !config_table_find_in(&reader->config->table, alone, NULL))
        return agent_fail(reader->error, -EINVAL, "%s:%u: there is no section [%s]", reader->path, reader->line,
                          section);
    return 0;
}

/* inih tells of sections only with what stands below them. */
static void check_header(struct reader *reader, const char *line)
{
    char section[LONGEST_SECTION + 2], alone[64];
    const char *end = line[0] == '[' ? strchr(line, ']') : NULL, *ignored;
    int r;

    if (!end || reader->failed)
        return;
    snprintf(section, sizeof(section), "%.*s", (int)(end - line - 1), line + 1);
    r = find_section(reader, section, alone, sizeof(alone), &ignored);
    if (r < 0)
        fail(reader, r);
}

/* fgets() for inih that counts the lines, and finds those that do not fit. */
static char *read_line(char *buf, int size, void *userdata)
{
    struct reader *reader = userdata;
    size_t len;

    if (!fgets(buf, size, reader->file))
        return NULL;
    reader->line++;
    len = strlen(buf);
    if (len < (size_t)size - 1 || buf[len - 1] == '\n' || feof(reader->file)) {
        check_header(reader, buf);
        return buf;
    }
    if (!reader->failed)
        fail(reader, agent_fail(reader->error, -EINVAL,
                                "%s:%u: the line is longer than %d characters; split a list into several lines",
                                reader->path, reader->line, size - 2));
    for (int c = 0; c != '\n' && c != EOF;)
        c = fgetc(reader->file);
    return buf;
}

static int take(struct reader *reader, const char *section, const char *name, const char *value)
{
    struct config_setting setting = {.text = value, .rank = CONFIG_FILE};
    char origin[PATH_MAX + 16], alone[64];
    int r;

    if (!*section)
        return agent_fail(reader->error, -EINVAL, "%s:%u: %s comes before the first [section]", reader->path,
                          reader->line, name);
    r = find_section(reader, section, alone, sizeof(alone), &setting.instance);
    if (r < 0)
        return r;
    setting.option = config_table_find_in(&reader->config->table, alone, name);
    if (!setting.option || (setting.option->flags & CONFIG_NOT_IN_FILE))
        return agent_fail(reader->error, -EINVAL, "%s:%u: section [%s] has no option %s", reader->path, reader->line,
                          section, name);
    snprintf(origin, sizeof(origin), "%s:%u", reader->path, reader->line);
    setting.origin = origin;
    return config_set(reader->config, &setting, reader->error);
}

static int handle(void *userdata, const char *section, const char *name, const char *value)
{
    struct reader *reader = userdata;
    int r;

    if (reader->failed)
        return 1; /* the first error is told */
    r = take(reader, section, name, value ? value : "");
    if (r < 0)
        fail(reader, r);
    return r == 0;
}

int config_read_file(struct config *config, const char *path, bool may_be_missing, struct agent_error *error)
{
    struct reader reader = {.config = config, .path = path, .error = error};
    int line;

    if (!path)
        return 0;
    reader.file = fopen(path, "re");
    if (!reader.file && errno == ENOENT && may_be_missing)
        return 0;
    if (!reader.file)
        return agent_fail(error, -errno, "%s: %s", path, strerror(errno));
    line = ini_parse_stream(read_line, &reader, handle, &reader);
    if (!reader.failed && ferror(reader.file)) {
        reader.failed = 1;
        reader.result = agent_fail(error, -EIO, "%s: cannot be read", path);
    }
    fclose(reader.file);
    /* What inih itself did not understand, if it is the first. */
    if (line > 0 && (!reader.failed || (unsigned int)line < reader.failed))
        return agent_fail(error, -EINVAL, "%s:%d: is neither NAME = VALUE nor a [section]", path, line);
    return reader.failed ? reader.result : 0;
}

/* NAME=VALUE of @len characters of name. What cannot be set from outside of the file is none. */
static int set_key(struct config *config, const char *name, size_t len, const char *value, enum config_rank rank,
                   const char *origin, struct agent_error *error)
{
    struct config_setting setting = {.text = value, .origin = origin, .rank = rank};
    char key[96];

    if (snprintf(key, sizeof(key), "%.*s", (int)len, name) < (int)sizeof(key))
        setting.option = config_table_find(&config->table, key);
    if (!setting.option || config_is_instance_section(config->program, setting.option->section))
        return agent_fail(error, -EINVAL, "%s: there is no such option; --help lists them", origin);
    return config_set(config, &setting, error);
}

int config_read_boot_line(struct config *config, struct agent_error *error)
{
    char path[PATH_MAX], *text, *save = NULL;
    int r;

    snprintf(path, sizeof(path), "%s/proc/cmdline", config->sources.root ? config->sources.root : "");
    r = file_read(path, &text, NULL);
    if (r < 0)
        return agent_fail(error, r, "%s: %s", path, strerror(-r));
    for (char *word = strtok_r(text, " \t\n", &save); word && r == 0; word = strtok_r(NULL, " \t\n", &save)) {
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

int config_read_environment(struct config *config, struct agent_error *error)
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

/* Whether an option may stand without a value. */
static bool is_switch(const struct config *config, const char *name, size_t len)
{
    const struct config_option *option = NULL;
    char key[96];

    if (snprintf(key, sizeof(key), "%.*s", (int)len, name) < (int)sizeof(key))
        option = config_table_find(&config->table, key);
    return option && option->type == CONFIG_BOOL;
}

int config_read_words(struct config *config, struct agent_error *error)
{
    int r = 0;

    for (char *const *at = config->sources.words; at && *at && r == 0; at++) {
        const char *word = *at, *name, *value;
        char origin[160];
        size_t len;

        if (config_action(word) != CONFIG_RUN)
            continue;
        if (!strncmp(word, "--", 2))
            name = word + 2;
        else if (!strncmp(word, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) && strchr(word, '='))
            name = word + strlen(CONFIG_PREFIX);
        else
            return agent_fail(error, -EINVAL, "%s: is neither --NAME=VALUE nor " CONFIG_PREFIX "NAME=VALUE", word);
        len = strcspn(name, "=");
        snprintf(origin, sizeof(origin), "%.*s", (int)(name - word) + (int)len, word);
        if (name[len])
            value = name + len + 1;
        else if (is_switch(config, name, len))
            value = "Y";
        else if (at[1])
            value = *++at;
        else
            value = NULL;
        if (!value && config_table_find(&config->table, name))
            return agent_fail(error, -EINVAL, "%s: a value is missing", origin);
        r = set_key(config, name, len, value ? value : "", CONFIG_WORD, origin, error);
    }
    return r;
}
