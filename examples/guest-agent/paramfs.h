/* SPDX-License-Identifier: MIT */
/*
 * A mounted directory with one file for each parameter and counter. They behave like the files of the kernel's module
 * in /sys/module/damon_reclaim/parameters: their mode is 0600, or 0400 if they are read-only; each write is a new
 * value, and each read from the beginning returns the current value. The event loop serves them, without a thread.
 */
#ifndef PARAMFS_H
#define PARAMFS_H

#include <stddef.h>

#include "common/error.h"

struct loop;
struct paramfs;

struct paramfs_calls {
    /* Prints a value into @buf, without a newline. Returns its length, or a negative errno. */
    int (*get)(void *userdata, const char *name, char *buf, size_t size);
    /* Accepts a text without a newline. Returns 0, or a negative errno, which the writer gets. */
    int (*set)(void *userdata, const char *name, const char *value);
};

/*
 * Mounts at @directory. It creates the directory and its parent if they do not exist, and first unmounts what a killed
 * daemon has left there. Returns 0; -EOPNOTSUPP (built without FUSE), -ENOENT, -EPERM ... (FUSE is missing), -EBUSY
 * (something else is mounted there).
 */
int paramfs_open(struct loop *loop, const char *directory, const struct paramfs_calls *calls, void *userdata,
                 struct paramfs **ret, struct error_text *error);

/* Unmounts, and removes the directories that it has created. The argument may be NULL. */
void paramfs_close(struct paramfs *paramfs);

#endif
