/* SPDX-License-Identifier: MIT */
#include "begin.h"

#include <damon_reclaim/damon_reclaim.h>

#include <stdio.h>
#include <unistd.h>

#include "log.h"

/* The exit code of a program that has only printed: 1 if that has not arrived. */
static int flushed(const struct config_program *program)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    fprintf(stderr, "%s: standard output cannot be written\n", program->name);
    return 1;
}

bool agent_begin(const struct config_program *program, int argc, char **argv, struct config **ret, int *ret_exit)
{
    struct config_sources sources = {.words = argv + (argc > 0), .environment = environ, .root = ""};
    enum config_action action = config_asked(program, sources.words);
    struct error_text error = {""};
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
