/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/filter.h"
#include "exclude.h"

/* A file has parameters alone. */
#define OF(commands_) .flags = CONFIG_NOT_IN_FILE, .commands = commands_

static const struct config_option table[] = {
    {"options", "backend", CONFIG_TEXT, "", "NAME", "the backend: damon, idle-page or sim; without: one that works",
     OF("run advise")},
    {"options", "damon_operations", CONFIG_TEXT, "", "NAME",
     "damon: paddr, vaddr or fvaddr; without: the one that fits the targets", OF("run advise")},
    {"options", "take_over", CONFIG_BOOL, "N", "", "damon: switch the kernel's DAMON_STAT off during the run",
     OF("run advise probe")},
    {"options", "monitor_only", CONFIG_BOOL, "N", "", "damon: the kernel monitors the processes, this program reclaims",
     OF("run")},
    {"options", "pid", CONFIG_WORDS, "", "PID", "watch this process (may be repeated)", OF("run advise")},
    {"options", "comm", CONFIG_WORDS, "", "NAME", "watch the processes of this name, also new ones (may be repeated)",
     OF("run advise")},
    {"options", "cgroup", CONFIG_WORDS, "", "PATH",
     "watch the processes of this cgroup and of those below it (may be repeated)", OF("run advise")},
    {"options", "wait", CONFIG_BOOL, "N", "", "wait if there is no process yet, instead of failing", OF("run advise")},
    {"options", "largest_ram", CONFIG_BOOL, "N", "",
     "watch only the largest range of physical memory, as DAMON_RECLAIM does", OF("run advise")},
    {"options", "every_sample", CONFIG_BOOL, "N", "",
     "check for accesses at every sample_interval, also where fewer checks would do", OF("run advise")},
    {"options", "filter", CONFIG_WORDS, "", "RULE", "allow or reject pages, see below (may be repeated)", OF("run")},
    {"options", "exclude", CONFIG_WORDS, "", "WHAT", "never reclaim this, see below (may be repeated)", OF("run")},
    {"options", "workload", CONFIG_TEXT, "", "FILE", "simulate the memory that this file describes, in masim's format",
     OF("run advise")},
    {"options", "rate", CONFIG_UINT, "0", "N", "simulation: accesses a second; 0: 1000000", OF("run advise")},
    {"options", "memory", CONFIG_BYTES, "0", "BYTES", "simulation: memory of the machine; 0: 5/4 of the workload's",
     OF("run advise")},
    {"options", "seed", CONFIG_UINT, "0", "N", "seed of the random numbers; the same seed gives the same simulated run",
     OF("run advise")},
    {"options", "duration", CONFIG_TIME, "0", "TIME",
     "end after this time, of the virtual clock in a simulation; 0: when it ends by itself", OF("run advise")},
    {"options", "interval", CONFIG_TIME, "0", "TIME", "also print the results so far at this interval; 0: do not",
     OF("advise")},
    {"options", "tolerance", CONFIG_SHARE, "2", "PERCENT", "share of the reclaimed memory that may be used again",
     OF("advise")},
    {"options", "dry_run", CONFIG_BOOL, "N", "", "watch and count, reclaim nothing", OF("run")},
    {"options", "set", CONFIG_SETTING, "", "NAME=VALUE", "set a parameter, like --NAME=VALUE (may be repeated)",
     OF("run advise")},
    {"options", "config", CONFIG_TEXT, "", "FILE", "read parameters from lines NAME=VALUE; SIGHUP reads them again",
     OF("run advise")},
    {"options", "no_watermarks", CONFIG_BOOL, "N", "", "work regardless of how much memory is free", OF("run")},
    {"options", "root", CONFIG_TEXT, "", "DIR", "use /proc, /sys and /run in this directory",
     OF("run advise probe cleanup")},
    {"options", "json", CONFIG_BOOL, "N", "",
     "print JSON; run: a line per aggregation, then the summary; advise: a line each time that results are printed",
     OF("run advise probe params")},
    {"options", "quiet", CONFIG_BOOL, "N", "", "print no progress and no summary (except JSON)", OF("run"),
     .letter = 'q'},
    {"options", "verbose", CONFIG_COUNT, "", "",
     "log changes of state, and if given twice everything; probe: print all findings", OF("run advise probe"),
     .letter = 'v'},
    {"parameters", "commit_inputs", CONFIG_BOOL, "N", "bool",
     "taken, and not needed: all parameters are put into effect", .commands = "run advise"},
    {0},
};

static const struct config_option *const tables[] = {table, NULL};
static const struct config_default defaults[] = {{"enabled", "Y"}, {NULL, NULL}};
static struct config_program program;

static const char *text(const struct config *config, const char *key)
{
    const char *value = config_text(config, NULL, key);

    return *value ? value : NULL;
}

static struct words words_of(const struct config *config, const char *key)
{
    struct words words;

    words.n = config_list(config, NULL, key, &words.items);
    return words;
}

static void take(struct options *options, struct config *config)
{
    *options = (struct options){
        .config = config,
        .backend = text(config, "backend"),
        .operations = text(config, "damon_operations"),
        .workload = text(config, "workload"),
        .config_file = text(config, "config"),
        .root = text(config, "root"),
        .pids = words_of(config, "pid"),
        .comms = words_of(config, "comm"),
        .cgroups = words_of(config, "cgroup"),
        .filters = words_of(config, "filter"),
        .exclusions = words_of(config, "exclude"),
        .duration_ns = config_number(config, NULL, "duration"),
        .interval_ns = config_number(config, NULL, "interval"),
        .tolerance = config_number(config, NULL, "tolerance"),
        .seed = config_number(config, NULL, "seed"),
        .rate = config_number(config, NULL, "rate"),
        .memory = config_number(config, NULL, "memory"),
        .verbose = config_number(config, NULL, "verbose"),
        .json = config_bool(config, NULL, "json"),
        .quiet = config_bool(config, NULL, "quiet"),
        .wait = config_bool(config, NULL, "wait"),
        .take_over = config_bool(config, NULL, "take_over"),
        .monitor_only = config_bool(config, NULL, "monitor_only"),
        .largest_ram = config_bool(config, NULL, "largest_ram"),
        .every_sample = config_bool(config, NULL, "every_sample"),
        .dry_run = config_bool(config, NULL, "dry_run"),
    };
}

static int help(const struct command *command)
{
    config_help(&program, stdout);
    if (command->takes_parameters)
        fputs("\nWithout --pid, --comm and --cgroup all physical memory is watched. SIGINT and SIGTERM end the run "
              "with its "
              "summary.\n",
              stdout);
    if (!strcmp(command->name, "run"))
        printf("\n%s\n%s", filter_help, exclude_help);
    return cli_flush();
}

int options_read(struct options *options, const struct command *command, char **words)
{
    struct config_sources sources = {.words = words};
    struct error_text error = {""};
    struct config *config;
    int r;

    program = (struct config_program){
        .name = "damon-reclaim",
        .summary = command->doc,
        .options = tables,
        .defaults = defaults,
        .command = command->name,
        .words = command->words,
        .no_parameters = !command->takes_parameters,
        .first_section = "parameters",
        .adjust = command->adjust,
    };
    options->help = config_asked(&program, words) == CONFIG_HELP;
    if (options->help)
        return help(command);
    r = config_load(&program, &sources, &config, &error);
    if (r < 0) {
        cli_error("%s", error.text);
        return r == -ENOMEM ? CLI_FAILED : CLI_USAGE;
    }
    take(options, config);
    return CLI_OK;
}

void options_free(struct options *options)
{
    config_free(options->config);
}
