/* SPDX-License-Identifier: MIT */
/* The directory on which something is mounted. */
#ifndef MOUNT_POINT_H
#define MOUNT_POINT_H

#include <stdbool.h>

#include "agent/error.h"

struct mount_point {
    char *path;
    bool made, made_parent; /* by a daemon, this one or one that was killed: to be removed again */
};

/* Makes the directory and its parent, unless they are there, and clears what a dead server has left mounted on it. */
int mount_point_prepare(const char *directory, struct mount_point *ret, struct agent_error *error);
void mount_point_remove(struct mount_point *point);

#endif
