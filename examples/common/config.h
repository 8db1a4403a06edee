/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a daemon, or of a command of the command line. One table of options drives the file, the boot
 * words, the environment, the command line, --help, --show-config and the manual page; the library's parameters are
 * options of the section [parameters].
 *
 * An option is named by its key: its name in the sections [agent], [options] and [parameters], SECTION_NAME in the
 * others. The key "metrics_port" is
 *
 *     [metrics]                          in the file: port = 9000
 *     damon_reclaim.metrics_port=9000    on the kernel's boot line (with --boot-line), and among the program's own
 * words DAMON_RECLAIM_METRICS_PORT=9000    in the environment
 *     --metrics-port=9000                on the command line; '-' and '_' are the same
 *
 * Later ones count: defaults, file, boot line, environment, command line. An option or variable that nobody knows, a
 * value that is none and a set of parameters that the library would refuse are errors, wherever they come from.
 *
 * The way of a value:
 *
 *     config_file.c, config_sources.c   find option, section and text, and who has set it
 *     config_parse.c                    what the text means, by the type of the option
 *     config_values.c                   the one that counts is kept; the program asks for it
 *     config_params.c                   the library checks the parameters as a set
 *     config.c                          all of this in order, at the start and at a reload
 *
 * config_table.c has all options of a program, and config_print.c prints them and their values.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"

struct damon_reclaim;
struct damon_reclaim_params;

enum config_type {
    CONFIG_BOOL,   /* a switch: Y N yes no 1 0 on off true false; without a value on the command line: Y */
    CONFIG_COUNT,  /* how often it was given; takes no value */
    CONFIG_UINT,   /* decimal */
    CONFIG_BYTES,  /* with a unit or without: 64MiB */
    CONFIG_TIME,   /* in ns; with a unit: 500ms; or 0 */
    CONFIG_SHARE,  /* in permille; a percentage: 2 or 0.5 */
    CONFIG_TEXT,   /* anything, also nothing */
    CONFIG_CHOICE, /* one of the words in `choices` */
    CONFIG_LIST,   /* items between commas; given again in the same source, they add up */
    CONFIG_WORDS,  /* an item each time it is given, as it is */
    CONFIG_SETTING /* NAME=VALUE of a parameter, as if that were given */
};

enum config_flags {
    CONFIG_FIXED = 1 << 0,      /* cannot change while the daemon runs: a reload that changes it is refused */
    CONFIG_NOT_IN_FILE = 1 << 1 /* says what else is read, or what the program does this time */
};

struct config_option {
    const char *section; /* "agent", "metrics", ...; the file has a section [vm NAME] for each NAME if it is "vm" */
    const char *name;
    enum config_type type;
    const char *value;    /* the default, as text; "" for none */
    const char *argument; /* what stands for the value in help: "PORT"; NULL: by the type */
    const char *doc;      /* one line */
    uint64_t min, max;    /* for numbers; max 0: any */
    const char *choices;  /* for CHOICE, between blanks: "error warning info debug" */
    unsigned int flags;
    int (*check)(const char *value,
                 struct error_text *error); /* optional: more than the type asks; of a list, each item */
    const char *commands;                   /* that have it, between blanks; NULL: all */
    char letter;                            /* -v for --verbose, of switches and counts; 0: none */
};

/* Another default for an option of a group that several daemons share, or for a parameter. */
struct config_default {
    const char *key, *value;
};

struct config;

/* A program. All of it lives as long as its configurations. Lists end with a NULL or with an element whose first member
 * is. */
struct config_program {
    const char *name;                           /* "damon-reclaim-host" */
    const char *summary;                        /* one line for --help */
    const char *file;                           /* read without --config; need not be there */
    const struct config_option *const *options; /* tables, each ending with {0} */
    const char *const *instances;               /* sections that are there once for each NAME: {"vm", NULL}; or NULL */
    const struct config_default *defaults;      /* or NULL */
    const char *command;                        /* of the command line, whose options these are; NULL: it has none */
    const char *words;                          /* what other words may follow, for --help; NULL: none */
    bool no_parameters;                         /* the library's parameters are no options */
    const char *first_section;                  /* of a file, without a line for it; or NULL */
    /* Optional: changes defaults of parameters by what else is configured. */
    void (*adjust)(const struct config *config, struct damon_reclaim_params *params);
};

/* Where the values come from. Of it all lives as long as the configuration. */
struct config_sources {
    char *const *words;       /* the command line without the program's name, NULL-terminated; or NULL */
    char *const *environment; /* NULL-terminated; or NULL */
    const char *root;         /* before /proc/cmdline; "" but in tests */
};

/*
 * Reads all sources and checks all values. 0, or -EINVAL, -ENOENT (the file of --config), -ENOMEM ... with the text in
 * @error, which begins with where the culprit was found: FILE:LINE, the variable or the option.
 */
int config_load(const struct config_program *program, const struct config_sources *sources, struct config **ret,
                struct error_text *error);

/*
 * Reads them again. As config_load(), and -EPERM if an option has changed that is CONFIG_FIXED. @old is as it was in
 * any case; the caller applies the new one and frees the old, or keeps it.
 */
int config_reload(const struct config *old, struct config **ret, struct error_text *error);

void config_free(struct config *config);

/*
 * The values. @instance is the NAME of the section for options of an instance's section, else NULL. Asking for a key
 * that is not in the table, or for another type, is the program's mistake and ends it. Texts live as long as the
 * configuration. An instance that the configuration does not have has the defaults.
 */
bool config_bool(const struct config *config, const char *instance, const char *key);
uint64_t config_number(const struct config *config, const char *instance, const char *key);  /* UINT, BYTES ... */
const char *config_text(const struct config *config, const char *instance, const char *key); /* TEXT, CHOICE */
/* LIST, WORDS. Returns how many; *ret ends with NULL. */
size_t config_list(const struct config *config, const char *instance, const char *key, const char *const **ret);
bool config_is_set(const struct config *config, const char *instance, const char *key); /* by any source */

/* Word number @index of the command line that is no option; NULL past the last. */
const char *config_word(const struct config *config, size_t index);

/* NAME number @index of the sections [SECTION NAME], in the file's order; NULL past the last. */
const char *config_instance(const struct config *config, const char *section, size_t index);

/* The parameters that can be set, already checked by the library, and the parameter `enabled`. */
const struct damon_reclaim_params *config_params(const struct config *config);
bool config_enabled(const struct config *config);

/* Puts the parameters into effect, all of them or none: the old ones are back after an error. Does not enable. */
int config_apply(const struct config *config, struct damon_reclaim *ctx, struct error_text *error);

/* The configuration as a file of the same format that says behind each value where it came from. */
void config_show(const struct config *config, FILE *file);

/* A word of the command line that asks for something else than running the program. */
enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_MAN, CONFIG_SHOW, CONFIG_CHECK };

/* The first such word, which a program looks for before config_load(). A command of the command line has only --help.
 */
enum config_action config_asked(const struct config_program *program, char *const *words);

/* --help, and the sections OPTIONS, FILES, ENVIRONMENT and EXIT STATUS of the manual page (troff's man macros). */
void config_help(const struct config_program *program, FILE *file);
void config_man(const struct config_program *program, FILE *file);

#endif
