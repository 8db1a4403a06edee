/* SPDX-License-Identifier: MIT */
/* The configuration and its table for people: as a file, as help, as a manual page. */
#include <stdlib.h>
#include <string.h>

#include "common/config_internal.h"

static const char sources_text[] = "If an option is set several times, the last of these applies: default, file, boot "
                                   "line (with --boot-line), environment, command line.";

static const char *argument(const struct config_option *option)
{
    if (option->argument)
        return option->argument;
    switch (option->type) {
    case CONFIG_BOOL:
        return "Y|N";
    case CONFIG_UINT:
        return "NUMBER";
    case CONFIG_BYTES:
        return "BYTES";
    case CONFIG_TIME:
        return "TIME";
    case CONFIG_SHARE:
        return "PERCENT";
    case CONFIG_LIST:
        return "ITEM,...";
    case CONFIG_CHOICE:
        return "WORD";
    case CONFIG_SETTING:
        return "NAME=VALUE";
    case CONFIG_COUNT:
    case CONFIG_TEXT:
    case CONFIG_WORDS:
        break;
    }
    return "TEXT";
}

/* "metrics-port": as on the command line. */
static struct config_key dashed(const struct config_option *option)
{
    struct config_key key = config_key(option);

    for (char *c = key.text; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return key;
}

static void show_items(const struct config_value *value, FILE *file)
{
    if (!value->meaning.items)
        config_print_quoted(value->meaning.text, false, file);
    for (size_t i = 0; i < value->meaning.n; i++) {
        fputs(i ? "," : "", file);
        config_print_quoted(value->meaning.items[i], true, file);
    }
}

static void show_value(const struct config_value *value, FILE *file)
{
    char *text = NULL;
    size_t len = 0;
    FILE *items = open_memstream(&text, &len);
    int width;

    if (!items)
        return;
    show_items(value, items);
    fclose(items);
    width = fprintf(file, "%s%s =%s%s", value->option->flags & CONFIG_NOT_IN_FILE ? "# " : "", value->option->name,
                    len ? " " : "", text);
    fprintf(file, "%*s ; ", width < 40 ? 40 - width : 0, "");
    for (const char *c = value->origin ? value->origin : "default"; *c; c++)
        fputc((unsigned char)*c < ' ' ? '?' : *c, file);
    fputc('\n', file);
    free(text);
}

static void show_instance(const struct config *config, const char *section, FILE *file)
{
    const char *name = strchr(section, ' ') + 1;

    fprintf(file, "\n[%.*s ", (int)(name - section - 1), section);
    /* As an item: a name with a blank, a comma or a bracket is then in quotes. */
    config_print_quoted(name, true, file);
    fputs("]\n", file);
    for (size_t i = config->table.n; i < config->n; i++) {
        const struct config_value *value = &config->values[i];
        size_t len = strlen(value->option->section);

        if (!strncmp(section, value->option->section, len) && section[len] == ' ' && !strcmp(name, value->instance))
            show_value(value, file);
    }
}

/* Whether the option at @index is the first of its section that the program's command has. */
static bool begins_section(const struct config_program *program, const struct config_table *table, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (!strcmp(table->items[i].section, table->items[index].section) &&
            config_option_is_for(program, &table->items[i]))
            return false;
    return config_option_is_for(program, &table->items[index]);
}

void config_show(const struct config *config, FILE *file)
{
    const struct config_table *table = &config->table;

    fprintf(file, "# %s\n", sources_text);
    for (size_t i = 0; i < table->n; i++) {
        const char *section = table->items[i].section;

        if (!begins_section(config->program, table, i) || config_is_instance_section(config->program, section))
            continue;
        fprintf(file, "\n[%s]\n", section);
        for (size_t j = 0; j < table->n; j++)
            if (!strcmp(table->items[j].section, section))
                show_value(&config->values[j], file);
    }
    for (size_t i = 0; i < config->nr_instances; i++)
        show_instance(config, config->instances[i], file);
}

static void help_option(const struct config_option *option, bool in_file_only, FILE *file)
{
    const char *value = argument(option);

    if (option->letter)
        fprintf(file, "  -%c,", option->letter);
    if (in_file_only)
        fprintf(file, "  %s = %s", option->name, value);
    else
        fprintf(file, "%s--%s%s%s", option->letter ? " " : "  ", dashed(option).text, *value ? "=" : "", value);
    fprintf(file, "\n      %s", option->doc);
    if (option->choices)
        fprintf(file, ": one of %s", option->choices);
    if (*option->value && *value)
        fprintf(file, " (%s)", option->value);
    fputc('\n', file);
}

/* One section of the help, which is one of the file if that has sections. */
static void help_section(const struct config_program *program, const struct config_table *table, const char *section,
                         FILE *file)
{
    bool instances = config_is_instance_section(program, section);

    if (program->command)
        fprintf(file, "\n%s:\n", section);
    else
        fprintf(file, "\n[%s%s]%s\n", section, instances ? " NAME" : "", instances ? " (only in the file)" : "");
    for (size_t i = 0; i < table->n; i++)
        if (!strcmp(table->items[i].section, section) && config_option_is_for(program, &table->items[i]))
            help_option(&table->items[i], instances, file);
}

static void help_end(const struct config_program *program, FILE *file)
{
    if (!program->no_parameters)
        fputs("\nA bare number of a parameter is in the unit shown; 30s, 1.5min and 128MiB have their own. Other times "
              "need "
              "a unit.\n",
              file);
    if (program->command && !program->no_parameters)
        fputs("Later options count, and the command line counts more than the file of --config.\n", file);
    if (!program->command)
        fprintf(file,
                "[section] is the section in the file%s%s.\n%s\nExit codes: 0 ended by a signal; 1 failed; 2 wrong "
                "usage or configuration.\n",
                program->file ? ", without --config " : " that --config names", program->file ? program->file : "",
                sources_text);
}

void config_help(const struct config_program *program, FILE *file)
{
    const char *command = program->command ? program->command : "", *blank = program->command ? " " : "";
    struct config_table table;

    fprintf(file, "%s: %s\n\nusage: %s%s%s [--NAME=VALUE%s]...%s%s\n\n", *command ? command : program->name,
            program->summary, program->name, blank, command,
            program->no_parameters ? "" : " | " CONFIG_PREFIX "NAME=VALUE", program->words ? " " : "",
            program->words ? program->words : "");
    for (const struct config_action_info *action = config_actions; action->word; action++)
        if (!program->command || action == config_actions)
            fprintf(file, "  %-16s %s\n", action->word, action->doc);
    if (config_table_make(program, &table) < 0)
        return;
    for (size_t i = 0; i < table.n; i++)
        if (begins_section(program, &table, i))
            help_section(program, &table, table.items[i].section, file);
    config_table_free(&table);
    help_end(program, file);
}

/* Text for troff. */
static void escaped(const char *text, FILE *file)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", file);
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            fputc('\\', file);
        fputc(*text == '\\' ? 'e' : *text, file);
    }
}

static void man_option(const struct config_option *option, bool in_file_only, FILE *file)
{
    fputs(".TP\n\\fB", file);
    if (!in_file_only)
        fputs("\\-\\-", file);
    escaped(in_file_only ? option->name : dashed(option).text, file);
    fprintf(file, "%s\\fI", in_file_only ? "\\fR = " : "\\fR=");
    escaped(argument(option), file);
    fputs("\\fR\n", file);
    escaped(option->doc, file);
    if (option->choices) {
        fputs(": one of ", file);
        escaped(option->choices, file);
    }
    fputs(".\n", file);
    if (*option->value) {
        fputs("Default: ", file);
        escaped(option->value, file);
        fputs(".\n", file);
    }
}

static void man_options(const struct config_program *program, const struct config_table *table, FILE *file)
{
    for (size_t i = 0; i < table->n; i++) {
        const char *section = table->items[i].section;
        bool instances = config_is_instance_section(program, section);

        if (!begins_section(program, table, i))
            continue;
        fprintf(file, ".SS [%s%s]\n", section, instances ? " NAME" : "");
        if (instances)
            fputs("Only in the file, once for each NAME.\n", file);
        for (size_t j = 0; j < table->n; j++)
            if (!strcmp(table->items[j].section, section))
                man_option(&table->items[j], instances, file);
    }
}

void config_man(const struct config_program *program, FILE *file)
{
    struct config_table table;

    if (config_table_make(program, &table) < 0)
        return;
    fputs(".SH OPTIONS\n", file);
    for (const struct config_action_info *action = config_actions; action->word; action++) {
        fputs(".TP\n\\fB", file);
        escaped(action->word, file);
        fputs("\\fR\n", file);
        escaped(action->doc, file);
        fputs(".\n", file);
    }
    fputs(".PP\nThe other options have the form \\-\\-\\fINAME\\fR=\\fIVALUE\\fR, in which \\- and _ are the same. The "
          "heading of each\ngroup is its section of the file. ",
          file);
    escaped(sources_text, file);
    fputc('\n', file);
    man_options(program, &table, file);
    fprintf(file, ".SH ENVIRONMENT\nEach option can be set as " CONFIG_ENV_PREFIX "\\fINAME\\fR, in capitals and with "
                  "_ for \\-.\n");
    if (program->file) {
        fputs(".SH FILES\n.TP\n\\fI", file);
        escaped(program->file, file);
        fputs(
            "\\fR\nThe configuration: sections in brackets, lines NAME = VALUE, and comments that begin with # or ;.\n",
            file);
    }
    fputs(".SH EXIT STATUS\n0: ended by a signal, or done. 1: failed. 2: wrong usage or "
          "configuration.\n.SH SIGNALS\nSIGHUP reloads the configuration. If it has a mistake, the daemon logs it and "
          "changes "
          "nothing. SIGTERM and SIGINT\nend it.\n",
          file);
    config_table_free(&table);
}
