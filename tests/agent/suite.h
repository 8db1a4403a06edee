/* SPDX-License-Identifier: MIT */
/* What the tests of examples/agent share: how they are run, and directories of their own. */
#ifndef AGENT_SUITE_H
#define AGENT_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MIB    (UINT64_C(1) << 20)

int suite_run(const char *name, void (*fill)(TCase *tc));

/* A new directory, and a file in it with its directories. The paths are valid until the test ends. */
const char *suite_directory(void);
const char *suite_file(const char *directory, const char *path, const char *text);

/* Removes all that was made. */
void suite_clean(void);

#endif
