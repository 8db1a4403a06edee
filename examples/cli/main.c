/* SPDX-License-Identifier: MIT */
/* damon-reclaim: finds cold memory and reclaims it, for people who test, tune and look. */
#include "cli.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const struct command commands[] = {
    {"run", "[damon_reclaim.NAME=VALUE...]", "watch memory, reclaim what is cold, and say what it came to", cmd_run},
    {"advise", "[damon_reclaim.NAME=VALUE...]", "watch memory, touch nothing, and say which min_age would suit it",
     cmd_advise},
    {"probe", "[BACKEND...]", "tell which backends work here, and what would cure those that do not", cmd_probe},
    {"params", "", "list the parameters: defaults, units and what they are for", cmd_params},
    {"version", "", "tell the version and the features of the library", cmd_version},
};

const struct command *cli_command(size_t index)
{
    return index < sizeof(commands) / sizeof(commands[0]) ? &commands[index] : NULL;
}

void cli_error(const char *format, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("damon-reclaim: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void *cli_realloc(void *ptr, size_t n, size_t size)
{
    void *p = reallocarray(ptr, n ? n : 1, size);

    if (!p) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return p;
}

int cli_flush(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    cli_error("stdout: %s", strerror(errno));
    return CLI_FAILED;
}

int cmd_version(struct options *options)
{
    const char *feature;

    if (options->nr_words) {
        cli_error("version: \"%s\" is one word too many", options->words[0]);
        return CLI_USAGE;
    }
    printf("damon-reclaim %d.%d.%d, library %s\n", DAMON_RECLAIM_VERSION_MAJOR, DAMON_RECLAIM_VERSION_MINOR,
           DAMON_RECLAIM_VERSION_PATCH, damon_reclaim_version_string());
    for (size_t i = 0; (feature = damon_reclaim_feature(i)) != NULL; i++)
        printf("  %s\n", feature);
    return cli_flush();
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct options options = {.tolerance = 20};
    int r;

    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a failed write */
    if (argc < 2) {
        options_usage(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        options_usage(stdout);
        return cli_flush();
    }
    for (size_t i = 0; (command = cli_command(i)) != NULL; i++)
        if (!strcmp(argv[1] + (strcmp(argv[1], "--version") ? 0 : 2), command->name))
            break;
    if (!command) {
        cli_error("\"%s\" is no command; see: damon-reclaim --help", argv[1]);
        return CLI_USAGE;
    }
    r = options_parse(&options, command, argc - 1, argv + 1);
    if (r == CLI_OK && options.help) {
        options_help(stdout, command);
        r = cli_flush();
    } else if (r == CLI_OK) {
        r = command->run(&options);
    }
    options_free(&options);
    return r;
}
