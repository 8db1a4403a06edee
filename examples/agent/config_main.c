/* SPDX-License-Identifier: MIT */
/* What a daemon's command line asks for. */
#include <string.h>
#include <unistd.h>

#include "config_internal.h"
#include "log.h"

const struct config_action_info config_actions[] = {
    {"--help", "print this text"},
    {"--version", "print the versions of the program and of the library"},
    {"--man", "print the part of the manual page that is made from the table of options"},
    {"--show-config", "print the configuration, and where each value comes from"},
    {"--check-config", "print nothing and exit with 0 if the configuration is valid, else print why and exit with 2"},
    {NULL, NULL},
};

enum config_action config_action(const char *word)
{
    if (!strcmp(word, "-h"))
        return CONFIG_HELP;
    for (int i = 0; config_actions[i].word; i++)
        if (!strcmp(word, config_actions[i].word))
            return (enum config_action)(i + 1);
    return CONFIG_RUN;
}

static enum config_action asked(char *const *words)
{
    enum config_action action = CONFIG_RUN;

    for (; *words && action == CONFIG_RUN; words++)
        action = config_action(*words);
    return action;
}

/* The exit code of a program that has only printed: 1 if that has not arrived. */
static int flushed(const struct config_program *program)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    fprintf(stderr, "%s: standard output cannot be written\n", program->name);
    return 1;
}

bool config_main(const struct config_program *program, int argc, char **argv, struct config **ret, int *ret_exit)
{
    struct config_sources sources = {.words = argv + (argc > 0), .environment = environ, .root = ""};
    enum config_action action = asked(sources.words);
    struct agent_error error = {""};
    struct config *config;
    int r;

    log_open(program->name, DAMON_RECLAIM_LOG_INFO);
    if (action == CONFIG_HELP || action == CONFIG_MAN)
        (action == CONFIG_HELP ? config_help : config_man)(program, stdout);
    else if (action == CONFIG_VERSION)
        printf("%s %s\nlibdamonreclaim %s\n", program->name, PROJECT_VERSION, damon_reclaim_version_string());
    if (action == CONFIG_HELP || action == CONFIG_MAN || action == CONFIG_VERSION) {
        *ret_exit = flushed(program);
        return false;
    }
    r = config_load(program, &sources, &config, &error);
    if (r < 0) {
        log_error("%s", error.text);
        *ret_exit = 2;
        return false;
    }
    if (action == CONFIG_RUN) {
        *ret = config;
        return true;
    }
    if (action == CONFIG_SHOW)
        config_show(config, stdout);
    config_free(config);
    *ret_exit = flushed(program);
    return false;
}
