/* SPDX-License-Identifier: MIT */
/* The command line. Its options, their help and the parameters' options come from tables. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

#include "cli.h"
#include "settings.h"

/* Words that an option collects, in their order; they belong to argv. */
struct words {
    const char **items;
    size_t n;
};

struct options {
    const char *backend, *operations, *workload, *config, *root;
    struct words pids, comms, cgroups, filters, exclusions;
    struct settings settings; /* parameters of the command line */
    uint64_t duration_ns;     /* 0: until it ends by itself */
    uint64_t interval_ns;     /* between two tables of advice; 0: one at the end */
    uint64_t tolerance;       /* permille */
    uint64_t seed, rate, memory;
    int verbose;
    bool json, quiet, wait, no_watermarks, help;
    bool take_over, monitor_only, largest_ram, dry_run;
    char **words; /* what is left of argv */
    size_t nr_words;
};

/* Parses argv, whose word 0 is the command. Returns CLI_OK, or CLI_USAGE with a message. */
int options_parse(struct options *options, const struct command *command, int argc, char **argv);
void options_free(struct options *options);

void options_usage(FILE *file);                               /* of the program */
void options_help(FILE *file, const struct command *command); /* of a command */

#endif
