/* SPDX-License-Identifier: MIT */
/* The options of the command line, as common/config.h reads them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cli.h"
#include "common/config.h"

/* Words that an option collects, in their order. */
struct words {
    const char *const *items;
    size_t n;
};

struct options {
    struct config *config;
    const char *backend, *operations, *workload, *config_file, *root; /* NULL: not given */
    struct words pids, comms, cgroups, filters, exclusions;
    uint64_t duration_ns; /* 0: until it ends by itself */
    uint64_t interval_ns; /* between two tables of advice; 0: one at the end */
    uint64_t tolerance;   /* permille */
    uint64_t seed, rate, memory, verbose;
    bool json, quiet, wait, help;
    bool take_over, monitor_only, largest_ram, every_sample, dry_run;
};

/* Reads the words behind the command. Prints the help if that is asked for. Returns CLI_OK, or the exit code with a
 * message. */
int options_read(struct options *options, const struct command *command, char **words);
void options_free(struct options *options);

#endif
