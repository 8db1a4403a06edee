/* SPDX-License-Identifier: MIT */
/* Directories of a test's own, which are gone when its process ends. */
#ifndef AGENT_SCRATCH_H
#define AGENT_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MIB    (UINT64_C(1) << 20)

/* A new directory, and a file in it with its directories. The paths are valid until the test ends. */
const char *scratch_directory(void);
const char *scratch_file(const char *directory, const char *path, const char *text);

/* The text contains the word. */
void says(const char *text, const char *word);

#endif
