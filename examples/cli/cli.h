/* SPDX-License-Identifier: MIT */
/* What all of the program shares: how it ends, how it says what is wrong, and memory. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, as --help documents them. */
enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NO_BACKEND = 3, CLI_NO_TARGET = 4 };

struct config;
struct damon_reclaim_params;
struct options;

/* One word of the command line that says what to do. */
struct command {
    const char *name;
    const char *words; /* that are no options and may follow, for the help; NULL: none */
    const char *doc;   /* one line */
    int (*run)(struct options *options);
    bool takes_parameters;
    /* Optional: other defaults of parameters than the library's. */
    void (*adjust)(const struct config *config, struct damon_reclaim_params *params);
};

/* The commands, in the order of the usage. A new one is a line here, and a file that defines command_NAME. */
#define COMMANDS(X)                                                                                                    \
    X(run)                                                                                                             \
    X(advise)                                                                                                          \
    X(probe)                                                                                                           \
    X(cleanup)                                                                                                         \
    X(params)                                                                                                          \
    X(version)

#define DECLARE_COMMAND(name) extern const struct command command_##name;
COMMANDS(DECLARE_COMMAND)

/* "damon-reclaim: " and a line on stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As realloc() for @n elements, but ends the program when there is no memory. */
void *cli_realloc(void *ptr, size_t n, size_t size);

/* Flushes stdout. Returns CLI_OK, or CLI_FAILED with a message if what was printed has not arrived. */
int cli_flush(void);

#endif
