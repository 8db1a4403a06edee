/* SPDX-License-Identifier: MIT */
/*
 * The file: sections in brackets, below them lines NAME = VALUE, and comments from # or ; on, which stand at the begin
 * of a line, of a value, or behind a blank. Each line is for itself: blanks in front of it mean nothing. In quotes,
 * nothing begins a comment. What is none of these is an error, because a line that nobody understands may be one that
 * protects.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"

static const char blanks[] = " \t";

struct reader {
    struct config *config;
    const char *path;
    unsigned int line;
    const char *section, *instance; /* the one that lines belong to; NULL: none */
    struct error_text *error;
};

#define fail(reader, format, ...)                                                                                      \
    error_set((reader)->error, -EINVAL, "%s:%u: " format, (reader)->path, (reader)->line, __VA_ARGS__)

static bool is_comment(const char *text)
{
    return *text == '#' || *text == ';';
}

static void trim_end(char *text)
{
    size_t len = strlen(text);

    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    text[len] = '\0';
}

/* Ends @value where a comment begins. A quote opens at the begin of the value or of an item, and only there. */
static void cut_comment(char *value)
{
    char quote = '\0';
    bool begins = true;

    for (char *c = value; *c; c++) {
        if (quote) {
            if (*c == '\\' && quote == '"' && c[1])
                c++;
            else if (*c == quote)
                quote = '\0';
        } else if (is_comment(c) && (c == value || strchr(blanks, c[-1]))) {
            *c = '\0';
            break;
        } else if (begins && config_is_quote(*c)) {
            quote = *c;
        }
        begins = *c == ',' || (begins && strchr(blanks, *c));
    }
    trim_end(value);
}

/* --- sections ---------------------------------------------------------------------------------------------------- */

/* Takes the NAME of [vm NAME] off the front of *@at: up to the ] that closes the section, or what is in quotes. */
static int take_name(struct reader *reader, char **at, char *ret)
{
    const char *c = *at;
    int depth = 0;
    size_t len;

    if (config_is_quote(*c)) {
        struct error_text why = {""};

        if (config_take_quoted(&c, ret, &why) < 0)
            return fail(reader, "%s", why.text);
        *at += c - *at;
        return 0;
    }
    for (; *c && (*c != ']' || depth); c++)
        depth += *c == '[' ? 1 : *c == ']' ? -1 : 0;
    len = (size_t)(c - *at);
    snprintf(ret, len + 1, "%s", *at);
    *at += len;
    trim_end(ret);
    if (strchr(ret, ','))
        return fail(reader,
                    "\"%s\" has a comma; write a section for each name, or quotes around one with a comma in it", ret);
    return 0;
}

static int enter(struct reader *reader, const char *section, const char *name)
{
    const struct config_option *option = config_table_find_in(&reader->config->table, section, NULL);
    bool instances = config_is_instance_section(reader->config->program, section);

    if (!option || (*name && !instances))
        return fail(reader, "there is no section [%s%s%s]", section, *name ? " " : "", name);
    if (instances && !*name)
        return fail(reader, "there is no section [%s]; write [%s NAME]", section, section);
    reader->section = option->section;
    reader->instance = NULL;
    return instances ? config_add_instance(reader->config, option->section, name, &reader->instance, reader->error) : 0;
}

/* @line begins with the bracket. */
static int take_section(struct reader *reader, char *line)
{
    char *at = line + 1 + strspn(line + 1, blanks), *section = at, *name = calloc(1, strlen(line) + 1);
    size_t len = strcspn(at, " \t]");
    int r = name ? 0 : error_set(reader->error, -ENOMEM, "no memory");

    at += len;
    at += strspn(at, blanks);
    if (r == 0 && *at && *at != ']')
        r = take_name(reader, &at, name);
    at += strspn(at, blanks);
    if (r == 0 && *at != ']')
        r = fail(reader, "%s has no ] at its end; a [ in a name needs a ] of its own, or quotes around the name", line);
    if (r == 0) {
        at++;
        if (!strchr(blanks, *at) || (at[strspn(at, blanks)] && !is_comment(at + strspn(at, blanks))))
            r = fail(reader, "\"%s\" stands behind the section; put a name with brackets in quotes", at);
    }
    section[len] = '\0';
    if (r == 0)
        r = enter(reader, section, name);
    free(name);
    return r;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

/* The name as the table has it: in a section of parameters it may stand as on the kernel's boot line. */
static const char *bare_name(const struct reader *reader, const char *name)
{
    bool prefixed = !strcmp(reader->section, CONFIG_PARAMETERS) && !strncmp(name, CONFIG_PREFIX, strlen(CONFIG_PREFIX));

    return prefixed ? name + strlen(CONFIG_PREFIX) : name;
}

static int take_value(struct reader *reader, char *line)
{
    struct config_setting setting = {.rank = CONFIG_FILE, .instance = reader->instance};
    char *value = strpbrk(line, "=:"), origin[PATH_MAX + 16];

    if (!value || value == line)
        return fail(reader, "\"%.60s\" is neither NAME = VALUE nor a [section]%s", line,
                    value ? "" : "; a value ends with its line, and a list goes on by NAME = again");
    *value++ = '\0';
    trim_end(line);
    if (!reader->section)
        return fail(reader, "%s comes before the first [section]", line);
    value += strspn(value, blanks);
    cut_comment(value);
    setting.option = config_table_find_in(&reader->config->table, reader->section, bare_name(reader, line));
    if (!setting.option || (setting.option->flags & CONFIG_NOT_IN_FILE))
        return fail(reader, "section [%s] has no option %s", reader->section, line);
    snprintf(origin, sizeof(origin), "%s:%u", reader->path, reader->line);
    setting.text = value;
    setting.origin = origin;
    return config_set(reader->config, &setting, reader->error);
}

static int take_line(struct reader *reader, char *line, size_t len)
{
    if (strlen(line) != len)
        return fail(reader, "%s", "has a NUL byte; save the file as UTF-8");
    if (reader->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3))
        line += 3; /* the mark of UTF-8 */
    line += strspn(line, " \t\r\n");
    trim_end(line);
    if (!*line || is_comment(line))
        return 0;
    return *line == '[' ? take_section(reader, line) : take_value(reader, line);
}

static int read_lines(struct reader *reader, FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;
    int r = 0;

    while (r == 0 && (errno = 0, len = getline(&line, &capacity, file)) >= 0) {
        reader->line++;
        r = take_line(reader, line, (size_t)len);
    }
    if (r == 0 && !feof(file))
        r = error_set(reader->error, errno ? -errno : -EIO, "%s: cannot be read: %s", reader->path,
                      strerror(errno ? errno : EIO));
    free(line);
    return r;
}

int config_read_file(struct config *config, const char *path, bool may_be_missing, struct error_text *error)
{
    struct reader reader = {.config = config, .path = path, .section = config->program->first_section, .error = error};
    FILE *file;
    int r;

    if (!path)
        return 0;
    file = fopen(path, "re");
    if (!file && errno == ENOENT && may_be_missing)
        return 0;
    if (!file)
        return error_set(error, -errno, "%s: %s", path, strerror(errno));
    r = read_lines(&reader, file);
    fclose(file);
    return r;
}
