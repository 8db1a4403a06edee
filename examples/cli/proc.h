/* SPDX-License-Identifier: MIT */
/* Files of /proc and /sys, below --root, and the processes that they tell of. */
#ifndef PROC_H
#define PROC_H

#include <dirent.h>
#include <stdio.h>
#include <sys/types.h>

#include "options.h"

/* They return NULL with errno set. */
FILE *proc_file(const struct options *options, const char *directory, const char *name);
DIR *proc_directory(const struct options *options, const char *directory);

/* The pid that a directory of /proc or a line of a file names, or 0. */
pid_t proc_pid(const char *text);

bool proc_exists(const struct options *options, pid_t pid);

/* Calls @found for each process whose name, as far as the kernel keeps it, is one of @comms. */
void proc_scan(const struct options *options, const char *const *comms, size_t n, void (*found)(void *data, pid_t pid),
               void *data);

#endif
