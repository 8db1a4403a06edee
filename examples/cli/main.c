/* SPDX-License-Identifier: MIT */
/* damon-reclaim: finds cold memory and reclaims it, for people who test, tune and look. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define ENTRY(name) &command_##name,
static const struct command *const commands[] = {COMMANDS(ENTRY)};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *file)
{
    fputs("damon-reclaim finds memory that has not been accessed for long enough, and reclaims it under limits.\n\n"
          "usage: damon-reclaim COMMAND [OPTION...]\n\n",
          file);
    for (size_t i = 0; i < NR_COMMANDS; i++)
        fprintf(file, "  %-8s %s\n", commands[i]->name, commands[i]->doc);
    fputs("\n\"damon-reclaim COMMAND --help\" tells the options of a command.\n\n"
          "Exit codes: 0 done; 1 failed; 2 wrong usage, or a value that is refused; 3 no usable backend;\n"
          "4 a process or cgroup was not found, or may not be watched.\n",
          file);
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct options options = {0};
    int r;

    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a failed write */
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return cli_flush();
    }
    for (size_t i = 0; i < NR_COMMANDS && !command; i++)
        if (!strcmp(argv[1] + (strcmp(argv[1], "--version") ? 0 : 2), commands[i]->name))
            command = commands[i];
    if (!command) {
        cli_error("there is no command \"%s\"; see: damon-reclaim --help", argv[1]);
        return CLI_USAGE;
    }
    r = options_read(&options, command, argv + 2);
    if (r == CLI_OK && !options.help)
        r = command->run(&options);
    options_free(&options);
    return r;
}
