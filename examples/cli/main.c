/* SPDX-License-Identifier: MIT */
/* damon-reclaim: finds cold memory and reclaims it, for people who test, tune and look. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define ENTRY(name) &command_##name,
static const struct command *const commands[] = {COMMANDS(ENTRY)};

const struct command *cli_command(size_t index)
{
    return index < sizeof(commands) / sizeof(commands[0]) ? commands[index] : NULL;
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
        cli_error("there is no command \"%s\"; see: damon-reclaim --help", argv[1]);
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
