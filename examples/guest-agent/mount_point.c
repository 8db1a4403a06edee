/* SPDX-License-Identifier: MIT */
#include "mount_point.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/log.h"

/* --- descriptors ------------------------------------------------------------------------------------------------- */

static int open_directory(int above, const char *name)
{
    int fd = openat(above, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* The path of the mount point as the kernel knows it by its parent's descriptor, whoever renames what meanwhile. */
static void path_by_parent(const struct mount_point *point, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "/proc/self/fd/%d/%s", point->parent, point->name);
}

static void close_all(struct mount_point *point)
{
    int *const all[] = {&point->above, &point->parent, &point->directory};

    for (size_t i = 0; i < 3; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int walk_error(const struct mount_point *point, const char *name, int r, struct error_text *error)
{
    const char *cure = "";

    if (r == -ELOOP || r == -ENOTDIR)
        cure = "; a part of the path is a symbolic link or no directory: name a path without them";
    if (r == -ENOENT)
        cure = "; make it";
    return error_set(error, r, "%s: %s: %s%s", point->path, name, strerror(-r), cure);
}

/* Opens the directory that @names, between slashes, lead to. Changes @names. */
static int walk(const struct mount_point *point, char *names, struct error_text *error)
{
    int fd = open_directory(AT_FDCWD, "/"), next;
    char *rest = names;

    for (const char *name; fd >= 0 && (name = strtok_r(rest, "/", &rest)) != NULL; fd = next) {
        next = open_directory(fd, name);
        close(fd);
        if (next < 0)
            return walk_error(point, name, next, error);
    }
    return fd < 0 ? walk_error(point, "/", fd, error) : fd;
}

/* --- whose it is ------------------------------------------------------------------------------------------------- */

/* A daemon creates a directory with the sticky bit, by which the next daemon recognises it if this one is killed. The
 * bit has no other effect, because nobody else can write to the directory. */
static int make(const struct mount_point *point, int above, const char *name, mode_t mode, struct error_text *error)
{
    if (mkdirat(above, name, S_ISVTX | mode) < 0 && errno != EEXIST)
        return error_set(error, -errno, "%s: %s: %s", point->path, name, strerror(errno));
    return 0;
}

static bool is_made(const struct stat *st)
{
    return (st->st_mode & (S_ISVTX | S_IWGRP | S_IWOTH)) == S_ISVTX && st->st_uid == geteuid();
}

/* Somebody else's directory may become another one at any time. */
static int check_ours(const struct mount_point *point, const char *name, const struct stat *st,
                      struct error_text *error)
{
    if (st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH)))
        return 0;
    return error_set(error, -EPERM,
                     "%s: %s belongs to user %u with mode %o: it must belong to user %u, and nobody else may write to "
                     "it; name another directory with --parameters-directory",
                     point->path, name, (unsigned int)st->st_uid, (unsigned int)(st->st_mode & 07777),
                     (unsigned int)geteuid());
}

/* --- preparing --------------------------------------------------------------------------------------------------- */

/* Cuts the last two names off, so that `names` is what is above them. */
static int split(struct mount_point *point, struct error_text *error)
{
    const char **const parts[] = {&point->name, &point->parent_name};

    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(point->names);
        char *slash;

        while (len && point->names[len - 1] == '/')
            point->names[--len] = '\0';
        slash = strrchr(point->names, '/');
        if (!slash || *point->path != '/')
            return error_set(error, -EINVAL, "%s: not the absolute path of a directory in a directory", point->path);
        *parts[i] = slash + 1;
        *slash = '\0';
    }
    return 0;
}

/* If the server of a file system was killed, statfs() of its root directory fails with ENOTCONN. */
static int open_without_the_dead(struct mount_point *point, struct error_text *error)
{
    char path[PATH_MAX];
    struct statfs fs;

    path_by_parent(point, path);
    for (;;) {
        point->directory = open_directory(point->parent, point->name);
        if (point->directory < 0)
            return walk_error(point, point->name, point->directory, error);
        if (fstatfs(point->directory, &fs) == 0 || errno != ENOTCONN)
            return 0;
        close(point->directory);
        point->directory = -1;
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
            return error_set(error, -errno, "%s: a killed daemon left it mounted, and unmounting it fails: %s",
                             point->path, strerror(errno));
        log_info("%s: unmounted the directory of a killed daemon", point->path);
    }
}

static int open_parent(struct mount_point *point, struct stat *st, struct error_text *error)
{
    const char *name = point->parent_name;
    int r = make(point, point->above, name, 0755, error);

    if (r < 0)
        return r;
    point->parent = open_directory(point->above, name);
    if (point->parent < 0)
        return walk_error(point, name, point->parent, error);
    if (fstat(point->parent, st) < 0)
        return walk_error(point, name, -errno, error);
    point->made_parent = is_made(st);
    return check_ours(point, name, st, error);
}

static int open_all(struct mount_point *point, struct error_text *error)
{
    struct stat parent, st;
    int r;

    point->above = walk(point, point->names, error);
    if (point->above < 0)
        return point->above;
    r = open_parent(point, &parent, error);
    if (r == 0)
        r = make(point, point->parent, point->name, 0700, error);
    if (r == 0)
        r = open_without_the_dead(point, error);
    if (r < 0)
        return r;
    if (fstat(point->directory, &st) < 0)
        return walk_error(point, point->name, -errno, error);
    if (st.st_dev != parent.st_dev)
        return error_set(error, -EBUSY, "%s: something is mounted there already; unmount it", point->path);
    point->made = is_made(&st);
    return check_ours(point, point->name, &st, error);
}

int mount_point_prepare(const char *path, struct mount_point *ret, struct error_text *error)
{
    struct mount_point point = {
        .path = strdup(path), .names = strdup(path), .above = -1, .parent = -1, .directory = -1};
    int r = point.path && point.names ? split(&point, error) : error_set(error, -ENOMEM, "no memory");

    if (r == 0)
        r = open_all(&point, error);
    if (r < 0)
        mount_point_remove(&point);
    else
        *ret = point;
    return r;
}

void mount_point_remove(struct mount_point *point)
{
    if (!point->path)
        return;
    if (point->made)
        unlinkat(point->parent, point->name, AT_REMOVEDIR); /* fails if somebody has put something there */
    if (point->made_parent)
        unlinkat(point->above, point->parent_name, AT_REMOVEDIR);
    close_all(point);
    free(point->path);
    free(point->names);
    *point = (struct mount_point){0};
}

/* --- mounting ---------------------------------------------------------------------------------------------------- */

int mount_point_mount(const struct mount_point *point, struct error_text *error)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char path[64], options[128];
    int r;

    if (fd < 0)
        return error_set(error, -errno, "%s is not mounted: /dev/fuse: %s; the kernel needs FUSE (modprobe fuse)",
                         point->path, strerror(errno));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", point->directory);
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fd,
             (unsigned int)geteuid(), (unsigned int)getegid());
    if (mount("damon_reclaim", path, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
        return fd;
    r = -errno;
    close(fd);
    return error_set(error, r, "%s is not mounted: %s%s", point->path, strerror(-r), geteuid() ? "; run as root" : "");
}

int mount_point_unmount(const struct mount_point *point)
{
    char path[PATH_MAX];

    path_by_parent(point, path);
    return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}
