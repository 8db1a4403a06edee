/* SPDX-License-Identifier: MIT */
/* What the files of the configuration share. */
#ifndef COMMON_CONFIG_INTERNAL_H
#define COMMON_CONFIG_INTERNAL_H

#include <damon_reclaim/damon_reclaim.h>

#include "common/config.h"

#define CONFIG_PREFIX     "damon_reclaim."
#define CONFIG_ENV_PREFIX "DAMON_RECLAIM_"
#define CONFIG_PARAMETERS "parameters"

/* All options of a program: the parameters, those of the configuration itself, and the program's tables. */
struct config_table {
    struct config_option *items; /* with the defaults of the program */
    size_t n;
    char (*numbers)[24]; /* defaults of the parameters as text */
};

int config_table_make(const struct config_program *program, struct config_table *ret);
void config_table_free(struct config_table *table);
const struct config_option *config_table_find(const struct config_table *table, const char *key);
const struct config_option *config_table_find_in(const struct config_table *table, const char *section,
                                                 const char *name);
bool config_is_instance_section(const struct config_program *program, const char *section);
/* Whether the program's command has the option. */
bool config_option_is_for(const struct config_program *program, const struct config_option *option);

/* How an option is called outside of the file: "metrics_port". */
struct config_key {
    char text[96];
};

struct config_key config_key(const struct config_option *option);

/* Ordered: later ones count. */
enum config_rank { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_BOOT, CONFIG_ENVIRONMENT, CONFIG_WORD };

/* What a text means. */
struct config_meaning {
    bool flag;
    uint64_t number;
    char *text;   /* without quotes; of lists NULL */
    char **items; /* ends with NULL; of others NULL */
    size_t n;
};

struct config_value {
    const struct config_option *option;
    const char *instance; /* NULL: none */
    char *origin;         /* "FILE:3", "--min-age"; NULL: default */
    enum config_rank rank;
    struct config_meaning meaning;
};

struct config {
    const struct config_program *program;
    struct config_sources sources;
    struct config_table table;
    struct config_value *values; /* one for each option, in the table's order, then those of instances */
    size_t n;
    char **instances; /* "vm NAME", in the file's order */
    size_t nr_instances;
    const char **words; /* of the command line that are no options */
    size_t nr_words;
    struct damon_reclaim_params params;
};

/* A value that somebody has set, which @origin tells. One that counts more stays. */
struct config_setting {
    const struct config_option *option;
    const char *instance, *text, *origin;
    enum config_rank rank;
};

int config_fill(struct config *config, struct error_text *error); /* one value for each option, with its default */
int config_set(struct config *config, const struct config_setting *setting, struct error_text *error);
int config_add_instance(struct config *config, const char *section, const char *name, const char **ret_instance,
                        struct error_text *error);

/* The meaning of a text for an option; NULL is no item of a list. The text of an error is about the value alone. */
int config_parse(const struct config_option *option, const char *text, struct config_meaning *ret,
                 struct error_text *error);
void config_meaning_clear(struct config_meaning *meaning);
/* Adds the items of a list to another one, and leaves it without any. */
int config_meaning_append(struct config_meaning *meaning, struct config_meaning *more);

/* Text in quotes. Takes it off the front of *@at, which is a quote, and writes what it stands for to @ret, which has
 * room for as much as there was. Prints a text so that it is read as the same; in a list, an item. */
bool config_is_quote(char c);
int config_take_quoted(const char **at, char *ret, struct error_text *error);
void config_print_quoted(const char *text, bool in_list, FILE *file);

/* The sources. */
int config_read_file(struct config *config, const char *path, bool may_be_missing, struct error_text *error);
int config_read_boot_line(struct config *config, struct error_text *error);
int config_read_environment(struct config *config, struct error_text *error);
int config_read_words(struct config *config, struct error_text *error);

/* Has the library look at the parameters. */
int config_check_params(struct config *config, struct error_text *error);

/* The words of the command line that ask for something else. */
struct config_action_info {
    const char *word, *doc;
};

extern const struct config_action_info config_actions[]; /* ends with NULL; number i is action i + 1 */

#endif
