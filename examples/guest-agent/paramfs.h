/* SPDX-License-Identifier: MIT */
/*
 * A mounted directory with one file for each parameter and counter, which behave as those of the kernel module below
 * /sys/module/damon_reclaim/parameters: mode 0600, or 0400 for what can only be read; each write is a new value, each
 * read from the beginning a new text. Served on the loop, without a thread.
 */
#ifndef PARAMFS_H
#define PARAMFS_H

#include <stddef.h>

#include "agent/error.h"

struct loop;
struct paramfs;

struct paramfs_calls {
    /* Puts the text of a value into @buf, without newline. Returns its length, or a negative errno. */
    int (*get)(void *userdata, const char *name, char *buf, size_t size);
    /* Takes a text, without newline. 0 or a negative errno, which is the writer's. */
    int (*set)(void *userdata, const char *name, const char *value);
};

/*
 * Mounts at @directory, which is made if need be, and its parent; what a killed daemon has left mounted there is
 * unmounted first. -EOPNOTSUPP: built without FUSE; -ENOENT, -EPERM ...: no FUSE here; -EBUSY: something else is there.
 */
int paramfs_open(struct loop *loop, const char *directory, const struct paramfs_calls *calls, void *userdata,
                 struct paramfs **ret, struct agent_error *error);

/* Unmounts, and removes what it has made. NULL is fine. */
void paramfs_close(struct paramfs *paramfs);

#endif
