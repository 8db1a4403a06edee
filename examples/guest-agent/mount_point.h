/* SPDX-License-Identifier: MIT */
/*
 * A directory to mount something on. It is reached by descriptors, one name after the other, without following links,
 * so that nobody who may write to a directory on the way can have something else mounted over or unmounted.
 */
#ifndef MOUNT_POINT_H
#define MOUNT_POINT_H

#include <stdbool.h>

#include "common/error.h"

struct mount_point {
    char *path, *names;             /* `names`: the path, cut into what is above and the last two names */
    const char *name, *parent_name; /* the last two names */
    int above, parent, directory;   /* -1: not open */
    bool made, made_parent;         /* made by this daemon, or by one that was killed: to be removed */
};

/* Makes the directory and its parent if they do not exist, and unmounts what a dead server has left there. Both must
 * belong to this user, and nobody else may write to them. */
int mount_point_prepare(const char *path, struct mount_point *ret, struct error_text *error);
/* Mounts FUSE on the directory. Returns the descriptor of its server. */
int mount_point_mount(const struct mount_point *point, struct error_text *error);
int mount_point_unmount(const struct mount_point *point);
void mount_point_remove(struct mount_point *point);

#endif
