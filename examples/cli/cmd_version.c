/* SPDX-License-Identifier: MIT */
/* version: of the program and the library, and the features of the library. */
#include <stdio.h>

#include <damon_reclaim/damon_reclaim.h>

#include "options.h"

static int version(struct options *options)
{
    const char *feature;

    (void)options;
    printf("damon-reclaim %d.%d.%d, library %s\n", DAMON_RECLAIM_VERSION_MAJOR, DAMON_RECLAIM_VERSION_MINOR,
           DAMON_RECLAIM_VERSION_PATCH, damon_reclaim_version_string());
    for (size_t i = 0; (feature = damon_reclaim_feature(i)) != NULL; i++)
        printf("  %s\n", feature);
    return cli_flush();
}

const struct command command_version = {"version", NULL, "print the version and the features of the library", version};
