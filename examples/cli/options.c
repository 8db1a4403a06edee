/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <damon_reclaim/damon_reclaim.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "exclude.h"
#include "filters.h"
#include "units.h"

enum option_id {
    OPT_BACKEND = 256,
    OPT_OPERATIONS,
    OPT_TAKE_OVER,
    OPT_MONITOR_ONLY,
    OPT_LARGEST_RAM,
    OPT_PID,
    OPT_COMM,
    OPT_CGROUP,
    OPT_WAIT,
    OPT_FILTER,
    OPT_EXCLUDE,
    OPT_WORKLOAD,
    OPT_RATE,
    OPT_MEMORY,
    OPT_SEED,
    OPT_DURATION,
    OPT_INTERVAL,
    OPT_TOLERANCE,
    OPT_DRY_RUN,
    OPT_SET,
    OPT_CONFIG,
    OPT_NO_WATERMARKS,
    OPT_ROOT,
    OPT_JSON,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_PARAMETER /* and behind it, one for each of the library's parameters */
};

static const struct {
    const char *name;
    char letter; /* 0: none */
    enum option_id id;
    const char *argument; /* NULL: takes none */
    const char *commands; /* that know it */
    const char *doc;
} table[] = {
    {"backend", 0, OPT_BACKEND, "NAME", "run advise",
     "how memory is watched: damon, idle-page, sim (auto: one that works)"},
    {"damon-operations", 0, OPT_OPERATIONS, "NAME", "run advise",
     "damon: paddr, vaddr or fvaddr (what fits the targets)"},
    {"take-over", 0, OPT_TAKE_OVER, NULL, "run advise", "damon: switch the kernel's DAMON_STAT off meanwhile"},
    {"monitor-only", 0, OPT_MONITOR_ONLY, NULL, "run", "damon: the kernel watches the processes, we reclaim"},
    {"pid", 0, OPT_PID, "PID", "run advise", "watch this process (may be repeated)"},
    {"comm", 0, OPT_COMM, "NAME", "run advise",
     "watch the processes of this name as they come and go (may be repeated)"},
    {"cgroup", 0, OPT_CGROUP, "PATH", "run advise",
     "watch the processes of this cgroup and those below it (may be repeated)"},
    {"wait", 0, OPT_WAIT, NULL, "run advise", "wait for processes when there are none yet, instead of failing"},
    {"largest-ram", 0, OPT_LARGEST_RAM, NULL, "run advise",
     "of physical memory the largest range alone, as DAMON_RECLAIM does"},
    {"filter", 0, OPT_FILTER, "RULE", "run", "what goes and what stays, see below (may be repeated)"},
    {"exclude", 0, OPT_EXCLUDE, "WHAT", "run", "never reclaim this, see below (may be repeated)"},
    {"workload", 0, OPT_WORKLOAD, "FILE", "run advise",
     "simulate memory that is used as this file says, in masim's format"},
    {"rate", 0, OPT_RATE, "N", "run advise", "simulation: accesses a second (1000000)"},
    {"memory", 0, OPT_MEMORY, "BYTES", "run advise", "simulation: memory of the machine (5/4 of the workload's)"},
    {"seed", 0, OPT_SEED, "N", "run advise", "of the random source; the same seed makes the same simulated run (0)"},
    {"duration", 0, OPT_DURATION, "TIME", "run advise",
     "end after this long, in s unless it says; simulation: virtual time"},
    {"interval", 0, OPT_INTERVAL, "TIME", "advise", "also say what is known this often"},
    {"tolerance", 0, OPT_TOLERANCE, "PERCENT", "advise", "share of what is reclaimed that may be used again (2)"},
    {"dry-run", 0, OPT_DRY_RUN, NULL, "run", "watch and count, reclaim nothing"},
    {"set", 0, OPT_SET, "NAME=VALUE", "run advise", "set a parameter; the same as --NAME=VALUE (may be repeated)"},
    {"config", 0, OPT_CONFIG, "FILE", "run advise", "lines NAME=VALUE, and # comments; read again on SIGHUP"},
    {"no-watermarks", 0, OPT_NO_WATERMARKS, NULL, "run", "work however much memory is free"},
    {"root", 0, OPT_ROOT, "DIR", "run advise probe", "look for /proc and /sys in this directory"},
    {"json", 0, OPT_JSON, NULL, "run advise probe params",
     "print JSON; run: a line an aggregation, then one with the summary; advise: a line each time"},
    {"quiet", 'q', OPT_QUIET, NULL, "run", "no progress and no summary (but of JSON)"},
    {"verbose", 'v', OPT_VERBOSE, NULL, "run advise probe",
     "run, advise: log changes of state; twice: everything; probe: all findings"},
    {"help", 'h', OPT_HELP, NULL, "run advise probe params version", "this text"},
};

#define NR_TABLE (sizeof(table) / sizeof(table[0]))

static bool knows(const struct command *command, size_t i)
{
    const char *at = strstr(table[i].commands, command->name);
    size_t len = strlen(command->name);

    return at && (at == table[i].commands || at[-1] == ' ') && (!at[len] || at[len] == ' ');
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
                                        (int)table[i].id};
    for (size_t i = 0; i < params; i++) {
        struct damon_reclaim_param_info info;
        int argument, id = OPT_PARAMETER + (int)i;

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
        if (list[i].val >= OPT_PARAMETER && list[i].val == list[i - 1].val)
            free((char *)(uintptr_t)list[i].name); /* the dashed one of a pair; ours */
    free(list);
}

static void add_word(struct words *words, const char *word)
{
    words->items = cli_realloc(words->items, words->n + 1, sizeof(*words->items));
    words->items[words->n++] = word;
}

static int number(const char *option, const char *text, const struct unit *units, uint64_t *ret)
{
    if (units_parse(text, units, ret))
        return CLI_OK;
    cli_error("--%s=%s: not a number%s", option, text, units ? " with a unit, like 30s or 1GiB" : "");
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

static int option(struct options *o, int id)
{
    switch (id) {
    case OPT_BACKEND:
        o->backend = optarg;
        return CLI_OK;
    case OPT_OPERATIONS:
        o->operations = optarg;
        return CLI_OK;
    case OPT_TAKE_OVER:
        o->take_over = true;
        return CLI_OK;
    case OPT_MONITOR_ONLY:
        o->monitor_only = true;
        return CLI_OK;
    case OPT_LARGEST_RAM:
        o->largest_ram = true;
        return CLI_OK;
    case OPT_FILTER:
        add_word(&o->filters, optarg);
        return CLI_OK;
    case OPT_EXCLUDE:
        add_word(&o->exclusions, optarg);
        return CLI_OK;
    case OPT_PID:
        add_word(&o->pids, optarg);
        return CLI_OK;
    case OPT_COMM:
        add_word(&o->comms, optarg);
        return CLI_OK;
    case OPT_CGROUP:
        add_word(&o->cgroups, optarg);
        return CLI_OK;
    case OPT_WAIT:
        o->wait = true;
        return CLI_OK;
    case OPT_WORKLOAD:
        o->workload = optarg;
        return CLI_OK;
    case OPT_RATE:
        return number("rate", optarg, NULL, &o->rate);
    case OPT_MEMORY:
        return number("memory", optarg, units_size, &o->memory);
    case OPT_SEED:
        return number("seed", optarg, NULL, &o->seed);
    case OPT_DURATION:
        return number("duration", optarg, units_time, &o->duration_ns);
    case OPT_INTERVAL:
        return number("interval", optarg, units_time, &o->interval_ns);
    case OPT_TOLERANCE:
        return percent("tolerance", optarg, &o->tolerance);
    case OPT_DRY_RUN:
        o->dry_run = true;
        return CLI_OK;
    case OPT_SET:
        return settings_add_line(&o->settings, optarg, "--set") ? CLI_OK : CLI_USAGE;
    case OPT_CONFIG:
        o->config = optarg;
        return CLI_OK;
    case OPT_NO_WATERMARKS:
        o->no_watermarks = true;
        return CLI_OK;
    case OPT_ROOT:
        o->root = optarg;
        return CLI_OK;
    case OPT_JSON:
        o->json = true;
        return CLI_OK;
    case OPT_QUIET:
    case 'q':
        o->quiet = true;
        return CLI_OK;
    case OPT_VERBOSE:
    case 'v':
        o->verbose++;
        return CLI_OK;
    case OPT_HELP:
    case 'h':
        o->help = true;
        return CLI_OK;
    default:
        return parameter(o, (size_t)(id - OPT_PARAMETER), optarg);
    }
}

static const char *short_options(const struct command *command)
{
    return !strcmp(command->name, "run")                                         ? "qvh"
           : !strcmp(command->name, "advise") || !strcmp(command->name, "probe") ? "vh"
                                                                                 : "h";
}

int options_parse(struct options *options, const struct command *command, int argc, char **argv)
{
    struct option *list = long_options(command);
    char name[] = "damon-reclaim"; /* getopt's messages begin with argv[0] */
    int r = CLI_OK, id;

    argv[0] = name;
    while (r == CLI_OK && (id = getopt_long(argc, argv, short_options(command), list, NULL)) != -1)
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
