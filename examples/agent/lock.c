/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The pid of the holder. The file may be empty for a moment while the holder writes it. */
static int held(int fd, const char *path, struct error_text *error)
{
    char text[32] = "";
    int pid = 0;

    if (pread(fd, text, sizeof(text) - 1, 0) > 0 && sscanf(text, "%d", &pid) == 1 && pid > 0)
        return error_set(error, -EWOULDBLOCK, "%s: the daemon runs already, as process %d", path, pid);
    return error_set(error, -EWOULDBLOCK, "%s: the daemon runs already", path);
}

static int write_pid(int fd)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    if (ftruncate(fd, 0) < 0)
        return -errno;
    if (pwrite(fd, text, (size_t)len, 0) != len)
        return errno ? -errno : -EIO;
    return 0;
}

static const char *cure(int err)
{
    if (err == -EACCES)
        return "; run as root, or name another directory with --lock-directory";
    if (err == -ENOENT || err == -ENOTDIR)
        return "; make it, or name another directory with --lock-directory";
    return "";
}

/* Somebody who may write to the directory may have put a link to another's file there. */
static int check(int fd, const char *path, struct error_text *error)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(error, -errno, "%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink <= 1)
        return 0;
    return error_set(error, -EPERM, "%s: it is not a file that this daemon has made; remove it", path);
}

static int take(int fd, const char *path, struct error_text *error)
{
    int r = check(fd, path, error);

    if (r < 0)
        return r;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? held(fd, path, error) : error_set(error, -errno, "%s: %s", path, strerror(errno));
    fchmod(fd, 0600); /* the file may be of an earlier version; whoever may read it could lock it */
    r = write_pid(fd);
    return r < 0 ? error_set(error, r, "%s: %s", path, strerror(-r)) : 0;
}

int lock_acquire(const char *directory, const char *name, struct error_text *error)
{
    char path[PATH_MAX];
    int fd, r;

    if (snprintf(path, sizeof(path), "%s/%s.lock", directory, name) >= (int)sizeof(path))
        return error_set(error, -ENAMETOOLONG, "%s: the name of the directory is too long", directory);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0) {
        r = -errno;
        return error_set(error, r, "%s: %s%s", path, strerror(-r), cure(r));
    }
    r = take(fd, path, error);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

void lock_release(int fd)
{
    if (fd >= 0)
        close(fd);
}
