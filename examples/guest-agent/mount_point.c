/* SPDX-License-Identifier: MIT */
#include "mount_point.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/log.h"

static void parent_of(const char *path, char *buf, size_t size)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(buf, size, "%s", dirname(copy));
}

/* A daemon creates a directory with the sticky bit, by which the next daemon recognises it if this one is killed. The
 * bit has no other effect, because nobody else can write to the directory. */
static int make(const char *path, mode_t mode, struct agent_error *error)
{
    if (mkdir(path, S_ISVTX | mode) < 0 && errno != EEXIST)
        return agent_fail(error, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

static bool is_made(const struct stat *st)
{
    return (st->st_mode & (S_ISVTX | S_IWGRP | S_IWOTH)) == S_ISVTX && st->st_uid == geteuid();
}

/* If the server of a file system was killed, reading its root directory fails with ENOTCONN. stat() does not need to
 * ask the server. */
static int clear(struct mount_point *point, const char *parent, struct agent_error *error)
{
    const char *path = point->path;
    struct stat st, above;
    struct statfs fs;

    if (statfs(path, &fs) < 0 && errno == ENOTCONN) {
        if (umount2(path, MNT_DETACH) < 0)
            return agent_fail(error, -errno, "%s: a killed daemon left it mounted, and unmounting it fails: %s", path,
                              strerror(errno));
        log_info("%s: unmounted the directory of a killed daemon", path);
    }
    if (stat(path, &st) < 0 || stat(parent, &above) < 0)
        return agent_fail(error, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return agent_fail(error, -ENOTDIR, "%s: it is not a directory", path);
    if (st.st_dev != above.st_dev)
        return agent_fail(error, -EBUSY, "%s: something is mounted there already; unmount it", path);
    point->made = is_made(&st);
    point->made_parent = is_made(&above);
    return 0;
}

int mount_point_prepare(const char *directory, struct mount_point *ret, struct agent_error *error)
{
    struct mount_point point = {.path = strdup(directory)};
    char parent[PATH_MAX];
    int r;

    if (!point.path)
        return agent_fail(error, -ENOMEM, "no memory");
    parent_of(directory, parent, sizeof(parent));
    r = make(parent, 0755, error);
    if (r == 0)
        r = make(directory, 0700, error);
    if (r == 0)
        r = clear(&point, parent, error);
    if (r < 0)
        mount_point_remove(&point);
    else
        *ret = point;
    return r;
}

void mount_point_remove(struct mount_point *point)
{
    char parent[PATH_MAX];

    if (!point->path)
        return;
    parent_of(point->path, parent, sizeof(parent));
    if (point->made)
        rmdir(point->path); /* fails if somebody has put something there */
    if (point->made_parent)
        rmdir(parent);
    free(point->path);
    *point = (struct mount_point){0};
}
