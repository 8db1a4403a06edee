/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <damon_reclaim/damon_reclaim.h>

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "exclude.h"
#include "filters.h"
#include "common/units.h"

enum kind {
    FLAG,  /* bool */
    COUNT, /* int, how often it was given */
    TEXT,
    WORDS,
    NUMBER, /* uint64_t, as those below */
    SIZE,
    TIME,
    PERCENT,
    SETTING,
};

#define AT(member) offsetof(struct options, member)

static const struct {
    const char *name;
    char letter; /* 0: none */
    enum kind kind;
    size_t offset;        /* of what it sets, in struct options */
    const char *argument; /* NULL: takes none */
    const char *commands; /* that know it; NULL: all */
    const char *doc;
} table[] = {
    {"backend", 0, TEXT, AT(backend), "NAME", "run advise",
     "the backend: damon, idle-page or sim (auto: one that works)"},
    {"damon-operations", 0, TEXT, AT(operations), "NAME", "run advise",
     "damon: paddr, vaddr or fvaddr (the one that fits the targets)"},
    {"take-over", 0, FLAG, AT(take_over), NULL, "run advise probe",
     "damon: switch the kernel's DAMON_STAT off during the run"},
    {"monitor-only", 0, FLAG, AT(monitor_only), NULL, "run",
     "damon: the kernel monitors the processes, this program reclaims"},
    {"pid", 0, WORDS, AT(pids), "PID", "run advise", "watch this process (may be repeated)"},
    {"comm", 0, WORDS, AT(comms), "NAME", "run advise",
     "watch the processes of this name, also new ones (may be repeated)"},
    {"cgroup", 0, WORDS, AT(cgroups), "PATH", "run advise",
     "watch the processes of this cgroup and of those below it (may be repeated)"},
    {"wait", 0, FLAG, AT(wait), NULL, "run advise", "wait if there is no process yet, instead of failing"},
    {"largest-ram", 0, FLAG, AT(largest_ram), NULL, "run advise",
     "watch only the largest range of physical memory, as DAMON_RECLAIM does"},
    {"filter", 0, WORDS, AT(filters), "RULE", "run", "allow or reject pages, see below (may be repeated)"},
    {"exclude", 0, WORDS, AT(exclusions), "WHAT", "run", "never reclaim this, see below (may be repeated)"},
    {"workload", 0, TEXT, AT(workload), "FILE", "run advise",
     "simulate the memory that this file describes, in masim's format"},
    {"rate", 0, NUMBER, AT(rate), "N", "run advise", "simulation: accesses a second (1000000)"},
    {"memory", 0, SIZE, AT(memory), "BYTES", "run advise", "simulation: memory of the machine (5/4 of the workload's)"},
    {"seed", 0, NUMBER, AT(seed), "N", "run advise",
     "seed of the random numbers; the same seed gives the same simulated run (0)"},
    {"duration", 0, TIME, AT(duration_ns), "TIME", "run advise",
     "end after this time, in s without a unit; simulation: virtual time"},
    {"interval", 0, TIME, AT(interval_ns), "TIME", "advise", "also print the results so far at this interval"},
    {"tolerance", 0, PERCENT, AT(tolerance), "PERCENT", "advise",
     "share of the reclaimed memory that may be used again (2)"},
    {"dry-run", 0, FLAG, AT(dry_run), NULL, "run", "watch and count, reclaim nothing"},
    {"set", 0, SETTING, AT(settings), "NAME=VALUE", "run advise",
     "set a parameter, like --NAME=VALUE (may be repeated)"},
    {"config", 0, TEXT, AT(config), "FILE", "run advise",
     "read parameters from lines NAME=VALUE; SIGHUP reads them again"},
    {"no-watermarks", 0, FLAG, AT(no_watermarks), NULL, "run", "work regardless of how much memory is free"},
    {"root", 0, TEXT, AT(root), "DIR", "run advise probe", "use /proc and /sys in this directory"},
    {"json", 0, FLAG, AT(json), NULL, "run", "print JSON: a line per aggregation, then one with the summary"},
    {"json", 0, FLAG, AT(json), NULL, "advise", "print JSON: a line each time that results are printed"},
    {"json", 0, FLAG, AT(json), NULL, "probe params", "print JSON"},
    {"quiet", 'q', FLAG, AT(quiet), NULL, "run", "print no progress and no summary (except JSON)"},
    {"verbose", 'v', COUNT, AT(verbose), NULL, "run advise", "log changes of state; twice: everything"},
    {"verbose", 'v', COUNT, AT(verbose), NULL, "probe", "print all findings"},
    {"help", 'h', FLAG, AT(help), NULL, NULL, "print this text"},
};

#define NR_TABLE (sizeof(table) / sizeof(table[0]))

/* What getopt_long() calls an option without its letter: the index in the table, and then that of the parameter. */
#define FIRST_ID        256
#define FIRST_PARAMETER (FIRST_ID + (int)NR_TABLE)

static bool knows(const struct command *command, size_t i)
{
    const char *at = table[i].commands ? strstr(table[i].commands, command->name) : NULL;
    size_t len = strlen(command->name);

    return !table[i].commands || (at && (at == table[i].commands || at[-1] == ' ') && (!at[len] || at[len] == ' '));
}

static bool takes_parameters(const struct command *command)
{
    return !strcmp(command->name, "run") || !strcmp(command->name, "advise");
}

/* A parameter that can be set, or false. */
static bool describe(size_t index, struct damon_reclaim_param_info *ret)
{
    *ret = (struct damon_reclaim_param_info){.size = sizeof(*ret)};
    return damon_reclaim_param_describe(index, ret) == 0 && !ret->read_only;
}

/* The name with '-' for '_'. The caller frees it. */
static char *dashed(const char *name)
{
    size_t n = strlen(name) + 1;
    char *copy = memcpy(cli_realloc(NULL, n, 1), name, n);

    for (char *c = copy; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return copy;
}

/* The options of a command for getopt_long(): its own, and each parameter with '_' and with '-'. */
static struct option *long_options(const struct command *command)
{
    size_t n = 0, params = takes_parameters(command) ? damon_reclaim_param_count() : 0;
    struct option *list = cli_realloc(NULL, NR_TABLE + 2 * params + 1, sizeof(*list));

    for (size_t i = 0; i < NR_TABLE; i++)
        if (knows(command, i))
            list[n++] = (struct option){table[i].name, table[i].argument ? required_argument : no_argument, NULL,
                                        FIRST_ID + (int)i};
    for (size_t i = 0; i < params; i++) {
        struct damon_reclaim_param_info info;
        int argument, id = FIRST_PARAMETER + (int)i;

        if (!describe(i, &info))
            continue;
        argument = info.type == DAMON_RECLAIM_PARAM_BOOL ? optional_argument : required_argument;
        list[n++] = (struct option){info.name, argument, NULL, id};
        list[n++] = (struct option){dashed(info.name), argument, NULL, id};
    }
    list[n] = (struct option){0};
    return list;
}

static void free_long_options(struct option *list)
{
    for (size_t i = 1; list[i].name; i++)
        if (list[i].val >= FIRST_PARAMETER && list[i].val == list[i - 1].val)
            free((char *)(uintptr_t)list[i].name); /* the dashed one of a pair; ours */
    free(list);
}

static void add_word(struct words *words, const char *word)
{
    words->items = cli_realloc(words->items, words->n + 1, sizeof(*words->items));
    words->items[words->n++] = word;
}

static int number(const char *option, const char *text, enum kind kind, uint64_t *ret)
{
    bool good = kind == NUMBER ? units_parse(text, ret)
                : kind == SIZE ? damon_reclaim_parse_size(text, ret) == 0
                               : damon_reclaim_parse_time(text, 1000000000, ret) == 0;

    if (good)
        return CLI_OK;
    cli_error("--%s=%s: not a number%s", option, text, kind != NUMBER ? " with a unit, like 30s or 1GiB" : "");
    return CLI_USAGE;
}

/* In permille: digits, and at most one behind a point. */
static int percent(const char *option, const char *text, uint64_t *ret)
{
    size_t whole = strspn(text, "0123456789"), tenth = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    uint64_t permille = strtoull(text, NULL, 10) * 10 + (tenth ? (uint64_t)(text[whole + 1] - '0') : 0);

    if (!whole || whole > 3 || tenth > 1 || text[whole + (tenth ? 1 + tenth : 0)] || permille > 1000) {
        cli_error("--%s=%s: not a percentage, like 2 or 0.5", option, text);
        return CLI_USAGE;
    }
    *ret = permille;
    return CLI_OK;
}

static int parameter(struct options *options, size_t index, const char *value)
{
    struct damon_reclaim_param_info info;

    describe(index, &info);
    settings_add(&options->settings, info.name, value ? value : "Y", "command line");
    return CLI_OK;
}

static int take(struct options *options, size_t i, const char *text)
{
    void *at = (char *)options + table[i].offset;

    switch (table[i].kind) {
    case FLAG:
        *(bool *)at = true;
        return CLI_OK;
    case COUNT:
        ++*(int *)at;
        return CLI_OK;
    case TEXT:
        *(const char **)at = text;
        return CLI_OK;
    case WORDS:
        add_word(at, text);
        return CLI_OK;
    case NUMBER:
        return number(table[i].name, text, NUMBER, at);
    case SIZE:
        return number(table[i].name, text, SIZE, at);
    case TIME:
        return number(table[i].name, text, TIME, at);
    case PERCENT:
        return percent(table[i].name, text, at);
    default:
        return settings_add_line(at, text, "--set") ? CLI_OK : CLI_USAGE;
    }
}

/* By what getopt_long() has returned. */
static int option(struct options *options, int id)
{
    size_t i = 0;

    if (id >= FIRST_PARAMETER)
        return parameter(options, (size_t)(id - FIRST_PARAMETER), optarg);
    if (id >= FIRST_ID)
        return take(options, (size_t)(id - FIRST_ID), optarg);
    while (table[i].letter != id)
        i++;
    return take(options, i, optarg);
}

static void short_options(const struct command *command, char letters[NR_TABLE + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < NR_TABLE; i++)
        if (table[i].letter && knows(command, i))
            letters[n++] = table[i].letter;
    letters[n] = '\0';
}

int options_parse(struct options *options, const struct command *command, int argc, char **argv)
{
    struct option *list = long_options(command);
    char name[] = "damon-reclaim"; /* getopt's messages begin with argv[0] */
    char letters[NR_TABLE + 1];
    int r = CLI_OK, id;

    argv[0] = name;
    short_options(command, letters);
    while (r == CLI_OK && (id = getopt_long(argc, argv, letters, list, NULL)) != -1)
        r = id == '?' ? CLI_USAGE : option(options, id);
    free_long_options(list);
    options->words = argv + optind;
    options->nr_words = (size_t)(argc - optind);
    return r;
}

void options_free(struct options *options)
{
    free(options->pids.items);
    free(options->comms.items);
    free(options->cgroups.items);
    free(options->filters.items);
    free(options->exclusions.items);
    settings_free(&options->settings);
}

void options_usage(FILE *file)
{
    const struct command *command;

    fputs("damon-reclaim finds memory that has not been accessed for long enough, and reclaims it under limits.\n\n"
          "usage: damon-reclaim COMMAND [OPTION...]\n\n",
          file);
    for (size_t i = 0; (command = cli_command(i)) != NULL; i++)
        fprintf(file, "  %-8s %s\n", command->name, command->doc);
    fputs("\n\"damon-reclaim COMMAND --help\" tells the options of a command.\n\n"
          "Exit codes: 0 done; 1 failed; 2 wrong usage, or a value that is refused; 3 no usable backend;\n"
          "4 a process or cgroup was not found, or may not be watched.\n",
          file);
}

static void parameter_help(FILE *file)
{
    struct damon_reclaim_param_info info;

    fputs("\nparameters, as the kernel's DAMON_RECLAIM has them; '-' may stand for '_':\n", file);
    for (size_t i = 0; i < damon_reclaim_param_count(); i++)
        if (describe(i, &info))
            fprintf(file, "  --%s=%s\n      %s (%s%s)\n", info.name, info.unit, info.doc,
                    info.type == DAMON_RECLAIM_PARAM_BOOL ? (info.default_value ? "Y" : "N") : "",
                    info.type == DAMON_RECLAIM_PARAM_BOOL ? "" : units_number(info.default_value).text);
    fputs("\nA bare number is in the parameter's unit; 30s, 5min, 128MiB say their own. Later ones count, and the "
          "command\n"
          "line counts more than the file of --config. SIGINT and SIGTERM end the run with its summary.\n",
          file);
}

void options_help(FILE *file, const struct command *command)
{
    fprintf(file, "%s: %s\n\nusage: damon-reclaim %s [OPTION...]%s%s\n\n", command->name, command->doc, command->name,
            command->words[0] ? " " : "", command->words);
    for (size_t i = 0; i < NR_TABLE; i++) {
        char left[64];

        if (!knows(command, i))
            continue;
        snprintf(left, sizeof(left), "%c%c%s--%s%s%s", table[i].letter ? '-' : ' ',
                 table[i].letter ? table[i].letter : ' ', table[i].letter ? ", " : "  ", table[i].name,
                 table[i].argument ? "=" : "", table[i].argument ? table[i].argument : "");
        fprintf(file, "  %-27s %s\n", left, table[i].doc);
    }
    if (!takes_parameters(command))
        return;
    fputs("\nWithout --pid, --comm and --cgroup all physical memory is watched.\n", file);
    if (!strcmp(command->name, "run"))
        fprintf(file, "\n%s\n%s", filters_help, exclude_help);
    parameter_help(file);
}
