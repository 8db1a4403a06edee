/* SPDX-License-Identifier: MIT */
/* A directory to mount something on. */
#ifndef MOUNT_POINT_H
#define MOUNT_POINT_H

#include <stdbool.h>

#include "common/error.h"

struct mount_point {
    char *path;
    bool made, made_parent; /* made by this daemon, or by one that was killed: to be removed */
};

/* Makes the directory and its parent if they do not exist, and unmounts what a dead server has left there. */
int mount_point_prepare(const char *directory, struct mount_point *ret, struct agent_error *error);
void mount_point_remove(struct mount_point *point);

#endif
