/* SPDX-License-Identifier: MIT */
/* cleanup: takes away what a killed program with this library has left in the kernel. */
#include <stdio.h>

#include "damon_reclaim/damon_reclaim.h"

#include "cli.h"
#include "options.h"

static int cleanup(struct options *options)
{
    struct damon_reclaim_config config = {.size = sizeof(config), .root = options->root};
    char text[512];
    int r = damon_reclaim_cleanup(&config, text, sizeof(text));

    if (r < 0) {
        cli_error("cleanup: %s", text);
        return CLI_FAILED;
    }
    printf("%s\n", text);
    return cli_flush();
}

const struct command command_cleanup = {
    "cleanup", NULL, "take away what a killed program with this library has left in the kernel", cleanup, false, NULL};
