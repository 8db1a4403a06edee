/* SPDX-License-Identifier: MIT */
/* What the files of the configuration share. */
#ifndef AGENT_CONFIG_INTERNAL_H
#define AGENT_CONFIG_INTERNAL_H

#include <damon_reclaim/damon_reclaim.h>

#include "config.h"

#define CONFIG_PREFIX     "damon_reclaim."
#define CONFIG_ENV_PREFIX "DAMON_RECLAIM_"
#define CONFIG_PARAMETERS "parameters"

/* Flags for inside: what says where the others come from cannot itself be in the file. */
#define CONFIG_NOT_IN_FILE (1u << 16)

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
    const char **items; /* in one piece with what they point to */
    size_t n;
};

struct config_value {
    const struct config_option *option;
    const char *instance; /* NULL: none */
    char *text;
    char *origin; /* "FILE:3", "--min-age"; NULL: default */
    enum config_rank rank;
    struct config_meaning meaning;
};

struct config {
    const struct config_program *program;
    struct config_sources sources;
    struct config_table table;
    struct config_value
        *values; /* one for each option without instances, in the table's order, then those of instances */
    size_t n;
    char **instances; /* "vm NAME", in the file's order */
    size_t nr_instances;
    struct damon_reclaim_params params;
};

/* A value that somebody has set, which @origin tells. One that counts more stays. */
struct config_setting {
    const struct config_option *option;
    const char *instance, *text, *origin;
    enum config_rank rank;
};

int config_set(struct config *config, const struct config_setting *setting, struct agent_error *error);
int config_add_instance(struct config *config, const char *section, const char **ret_instance);
const struct config_value *config_value(const struct config *config, const char *instance, const char *key);

/* The meaning of a text for an option; the text of an error is about the value alone. */
int config_parse(const struct config_option *option, const char *text, struct config_meaning *ret,
                 struct agent_error *error);

/* The sources. */
int config_read_file(struct config *config, const char *path, bool may_be_missing, struct agent_error *error);
int config_read_boot_line(struct config *config, struct agent_error *error);
int config_read_environment(struct config *config, struct agent_error *error);
int config_read_words(struct config *config, struct agent_error *error);

/* Has the library look at the parameters. */
int config_check_params(struct config *config, struct agent_error *error);

/* The words of the command line that ask for something else than a running daemon. */
enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_MAN, CONFIG_SHOW, CONFIG_CHECK };

enum config_action config_action(const char *word);

struct config_action_info {
    const char *word, *doc;
};

extern const struct config_action_info config_actions[]; /* ends with NULL; number i is action i + 1 */

#endif
