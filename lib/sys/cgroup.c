/* SPDX-License-Identifier: MIT */
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/grow.h"
#include "sys/directory.h"

#define MOUNT_V2    "/sys/fs/cgroup"
#define MOUNT_V1    "/sys/fs/cgroup/memory" /* the hierarchy that pages are charged in */
#define MAX_PENDING ((size_t)64 << 20)      /* bytes of paths: no tree is that wide */

/* --- paths -------------------------------------------------------------------------------------------------------- */

static const char *mount_point(struct drcl_env *env)
{
    int fd = drcl_open(env, O_RDONLY, MOUNT_V2 "/cgroup.controllers");

    drcl_close(env, fd);
    return fd == -ENOENT ? MOUNT_V1 : MOUNT_V2;
}

/* Takes @prefix off the front of @path, if it stands there. */
static bool take_off(char *path, const char *prefix)
{
    size_t n = strlen(prefix), rest = strlen(path) + 1;

    if (strncmp(path, prefix, n) != 0 || (path[n] && path[n] != '/'))
        return false;
    memmove(path, path + n, rest - n);
    if (!path[0])
        strcpy(path, "/");
    return true;
}

/* Makes "/a/b" out of "a//b/", and out of the same behind the mount point. */
static int canonical(struct drcl_env *env, const char *path, char ret[PATH_MAX])
{
    size_t len = 0;

    for (const char *at = path + strspn(path, "/"); *at;) {
        size_t n = strcspn(at, "/");

        if ((n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
            return drcl_error(env, -EINVAL, "cgroup \"%s\": give its path below the mount point, without . and ..",
                              path);
        if (len + 1 + n >= PATH_MAX)
            return drcl_error(env, -ENAMETOOLONG, "cgroup \"%.64s...\": the path is too long", path);
        ret[len++] = '/';
        memcpy(ret + len, at, n);
        len += n;
        at += n;
        at += strspn(at, "/");
    }
    if (len == 0)
        ret[len++] = '/';
    ret[len] = '\0';
    if (!strncmp(ret, MOUNT_V2, strlen(MOUNT_V2)) && !take_off(ret, mount_point(env)))
        take_off(ret, MOUNT_V2);
    return 0;
}

/* What it means that a cgroup is not there any more, in the words of the different calls. */
static bool vanished(int err)
{
    return err == -ENOENT || err == -ENODEV || err == -ENOTDIR;
}

/* Opens the directory of a cgroup. -ENOENT, without text, when there is none. */
static int open_cgroup(struct drcl_env *env, const char *mount, const char *path)
{
    int fd = drcl_open(env, O_RDONLY | O_DIRECTORY, "%s%s", mount, path);

    if (vanished(fd))
        return -ENOENT;
    if (fd < 0)
        return drcl_error(env, fd, "%s%s cannot be opened: %s", mount, path, strerror(-fd));
    return fd;
}

static int no_such(struct drcl_env *env, const char *path, const char *mount)
{
    return drcl_error(env, -ENOENT, "cgroup \"%s\": there is no directory %s%s", path, mount, path);
}

/* Opens the directory of a cgroup as the program calls it, and says where it is. */
static int open_named(struct drcl_env *env, const char *path, const char **ret_mount, char ret_name[PATH_MAX])
{
    int r = canonical(env, path, ret_name);

    if (r < 0)
        return r;
    *ret_mount = mount_point(env);
    r = open_cgroup(env, *ret_mount, ret_name);
    return r == -ENOENT ? no_such(env, ret_name, *ret_mount) : r;
}

int drcl_cgroup_inode(struct drcl_env *env, const char *path, uint64_t *ret_inode)
{
    const char *mount;
    char name[PATH_MAX];
    int r, fd = open_named(env, path, &mount, name);

    if (fd < 0)
        return fd;
    r = drcl_inode(env, fd, ret_inode);
    drcl_close(env, fd);
    return r < 0 ? drcl_error(env, r, "%s%s: no inode number: %s", mount, name, strerror(-r)) : 0;
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

/* A walk through the tree. What is still to be visited is a stack of NUL-terminated paths, so that one directory is
 * open at a time, however deep the tree is. */
struct walk {
    struct drcl_env *env;
    const char *mount;
    char path[PATH_MAX]; /* of the cgroup that is visited */
    char *pending;
    size_t len, capacity;
    struct drcl_directory dir;
};

/* Puts walk->path/@name onto the stack. */
static int push(struct walk *walk, const char *name)
{
    const char *parent = walk->path[1] ? walk->path : ""; /* of the root the slash alone */
    size_t len = strlen(parent), bytes = len + 1 + strlen(name) + 1;

    if (bytes > PATH_MAX)
        return drcl_error(walk->env, -ENAMETOOLONG, "%s%.64s...: the tree is too deep", walk->mount, walk->path);
    if (walk->len + bytes > MAX_PENDING ||
        drcl_grow(walk->env, &walk->pending, &walk->capacity, walk->len + bytes, 1) < 0)
        return drcl_error(walk->env, -ENOMEM, "no memory to read %s", walk->mount);
    memcpy(walk->pending + walk->len, parent, len);
    walk->pending[walk->len + len] = '/';
    memcpy(walk->pending + walk->len + len + 1, name, bytes - len - 1);
    walk->len += bytes;
    return 0;
}

/* Takes the last path off the stack. */
static bool pop(struct walk *walk)
{
    const char *nul;
    size_t start;

    if (walk->len == 0)
        return false;
    nul = memrchr(walk->pending, '\0', walk->len - 1);
    start = nul ? (size_t)(nul + 1 - walk->pending) : 0;
    memcpy(walk->path, walk->pending + start, walk->len - start);
    walk->len = start;
    return true;
}

static int push_children(struct walk *walk, int fd)
{
    struct drcl_directory_entry entry;
    int r;

    drcl_directory_begin(&walk->dir, walk->env, fd);
    while ((r = drcl_directory_next(&walk->dir, &entry)) > 0) {
        r = entry.may_be_directory ? push(walk, entry.name) : 0;
        if (r < 0)
            return r;
    }
    if (r == 0 || vanished(r))
        return 0;
    return drcl_error(walk->env, r, "%s%s cannot be listed: %s", walk->mount, walk->path, strerror(-r));
}

/* Closes @fd, the directory of walk->path. */
static int visit(struct walk *walk, int fd, int (*each)(void *data, const char *path, uint64_t inode), void *data)
{
    uint64_t inode;
    int r = drcl_inode(walk->env, fd, &inode);

    if (r < 0)
        r = drcl_error(walk->env, r, "%s%s: no inode number: %s", walk->mount, walk->path, strerror(-r));
    else
        r = each(data, walk->path, inode);
    if (r == 0)
        r = push_children(walk, fd);
    drcl_close(walk->env, fd);
    return r;
}

static int walk_from(struct walk *walk, int (*each)(void *data, const char *path, uint64_t inode), void *data)
{
    int fd = open_cgroup(walk->env, walk->mount, walk->path), r;

    if (fd == -ENOENT)
        return no_such(walk->env, walk->path, walk->mount);
    r = fd < 0 ? fd : visit(walk, fd, each, data);
    while (r == 0 && pop(walk)) {
        fd = open_cgroup(walk->env, walk->mount, walk->path);
        if (fd == -ENOENT)
            continue; /* no directory, or removed since its parent was read */
        r = fd < 0 ? fd : visit(walk, fd, each, data);
    }
    return r;
}

int drcl_cgroup_walk(struct drcl_env *env, const char *path, int (*each)(void *data, const char *path, uint64_t inode),
                     void *data)
{
    struct walk walk = {.env = env};
    int r = canonical(env, path, walk.path);

    if (r < 0)
        return r;
    walk.mount = mount_point(env);
    r = walk_from(&walk, each, data);
    drcl_free(env, walk.pending);
    return r;
}

/* --- which cgroups pages are charged to --------------------------------------------------------------------------- */

/* Whether the cgroup has the memory controller: 1, 0 or an error. In the first version of cgroups each has. */
static int has_memory(struct drcl_env *env, const char *mount, const char *path)
{
    int fd;

    if (!path[1] || strcmp(mount, MOUNT_V1) == 0)
        return 1;
    fd = drcl_open(env, O_RDONLY, "%s%s/memory.stat", mount, path);
    drcl_close(env, fd);
    if (vanished(fd))
        return 0;
    return fd < 0 ? drcl_error(env, fd, "%s%s/memory.stat cannot be opened: %s", mount, path, strerror(-fd)) : 1;
}

struct charged {
    struct drcl_env *env;
    const char *mount;
    int (*each)(void *data, const char *path, uint64_t inode);
    void *data;
    bool any;
};

static int tell_charged(void *data, const char *path, uint64_t inode)
{
    struct charged *charged = data;
    int r = has_memory(charged->env, charged->mount, path);

    charged->any |= r > 0;
    return r > 0 ? charged->each(charged->data, path, inode) : r;
}

/* Tells of the nearest cgroup above @path that has the memory controller. */
static int tell_above(struct charged *charged, char *path)
{
    uint64_t inode;
    int r;

    do {
        char *slash = strrchr(path, '/');

        slash[slash == path] = '\0';
        r = has_memory(charged->env, charged->mount, path);
    } while (r == 0);
    if (r > 0)
        r = drcl_cgroup_inode(charged->env, path, &inode);
    return r < 0 ? r : charged->each(charged->data, path, inode);
}

int drcl_cgroup_walk_charged(struct drcl_env *env, const char *path,
                             int (*each)(void *data, const char *path, uint64_t inode), void *data)
{
    struct charged charged = {.env = env, .mount = mount_point(env), .each = each, .data = data};
    int r = drcl_cgroup_walk(env, path, tell_charged, &charged);
    char name[PATH_MAX];

    if (r != 0 || charged.any)
        return r;
    r = canonical(env, path, name);
    return r < 0 ? r : tell_above(&charged, name);
}

struct search {
    uint64_t inode;
    char *buf;
    size_t size, len; /* len: of the path found */
};

static int compare(void *data, const char *path, uint64_t inode)
{
    struct search *search = data;

    if (inode != search->inode)
        return 0;
    search->len = strlen(path);
    if (search->len < search->size)
        memcpy(search->buf, path, search->len + 1);
    return 1;
}

ssize_t drcl_cgroup_path(struct drcl_env *env, uint64_t inode, char *buf, size_t size)
{
    struct search search = {.inode = inode, .buf = buf, .size = size};
    int r = drcl_cgroup_walk(env, "/", compare, &search);

    if (r < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    return search.len < size ? (ssize_t)search.len : -EFBIG;
}

/* --- cgroup.procs ------------------------------------------------------------------------------------------------- */

/* Numbers, a line each. One may go on in the next piece of the file. */
static int read_processes(struct drcl_env *env, int fd, int (*each)(void *data, pid_t pid), void *data)
{
    char text[4096];
    uint64_t offset = 0, pid = 0;
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = drcl_pread(env, fd, text, sizeof(text), offset)) != 0) {
        if (n < 0)
            return (int)n;
        offset += (uint64_t)n;
        for (ssize_t i = 0; i < n && r == 0; i++) {
            if (text[i] >= '0' && text[i] <= '9' && pid <= INT_MAX) {
                pid = pid * 10 + (uint64_t)(text[i] - '0');
                continue;
            }
            r = pid && pid <= INT_MAX ? each(data, (pid_t)pid) : 0;
            pid = 0;
        }
    }
    return r;
}

int drcl_cgroup_processes(struct drcl_env *env, const char *path, int (*each)(void *data, pid_t pid), void *data)
{
    const char *mount = mount_point(env);
    char name[PATH_MAX];
    int r = canonical(env, path, name), fd;

    if (r < 0)
        return r;
    fd = drcl_open(env, O_RDONLY, "%s%s/cgroup.procs", mount, name);
    r = fd < 0 ? fd : read_processes(env, fd, each, data);
    drcl_close(env, fd);
    return r < 0 ? drcl_error(env, r, "%s%s/cgroup.procs cannot be read: %s", mount, name, strerror(-r)) : r;
}

/* --- memory.reclaim ----------------------------------------------------------------------------------------------- */

/* Whether the cgroup has others below it, which memory.reclaim would take from as well: 1, 0 or a negative errno. */
static int has_children(struct drcl_env *env, int fd)
{
    struct drcl_directory_entry entry;
    struct drcl_directory dir;
    int r;

    drcl_directory_begin(&dir, env, fd);
    do
        r = drcl_directory_next(&dir, &entry);
    while (r > 0 && !entry.may_be_directory);
    return r;
}

/* Writes the first of the texts that this kernel knows. */
static ssize_t write_first_known(struct drcl_env *env, int fd, const char *const *keys, uint64_t bytes)
{
    ssize_t r = -EINVAL;

    for (; r == -EINVAL && *keys; keys++) {
        char text[48];
        int n = snprintf(text, sizeof(text), "%llu%s", (unsigned long long)bytes, *keys);

        r = drcl_pwrite(env, fd, text, (size_t)n, 0);
    }
    return r;
}

/* Not every kernel knows the keys, or the file; the first version of cgroups has neither. */
static int write_reclaim(struct drcl_env *env, const char *mount, const char *path, enum drcl_cgroup_pages pages,
                         uint64_t bytes)
{
    static const char *const file[] = {" swappiness=0", NULL};
    static const char *const swap_backed[] = {" swappiness=max", " swappiness=200", "", NULL};
    int fd = drcl_open(env, O_WRONLY, "%s%s/memory.reclaim", mount, path);
    ssize_t r;

    if (fd == -ENOENT)
        return -EOPNOTSUPP;
    if (fd < 0)
        return drcl_error(env, fd, "%s%s/memory.reclaim cannot be opened: %s", mount, path, strerror(-fd));
    r = write_first_known(env, fd, pages == DRCL_CGROUP_FILE_PAGES ? file : swap_backed, bytes);
    drcl_close(env, fd);
    if (r == -EINVAL)
        return -EOPNOTSUPP;
    if (r == -EAGAIN)
        return -EAGAIN;
    if (r < 0 && vanished((int)r))
        return -ENOENT;
    if (r < 0)
        return drcl_error(env, (int)r, "%s%s/memory.reclaim cannot be written: %s", mount, path, strerror((int)-r));
    return 0;
}

int drcl_cgroup_reclaim(struct drcl_env *env, const char *path, enum drcl_cgroup_pages pages, uint64_t bytes)
{
    const char *mount;
    char name[PATH_MAX];
    int r, fd = open_named(env, path, &mount, name);

    if (fd < 0)
        return fd;
    r = has_children(env, fd);
    drcl_close(env, fd);
    if (r > 0)
        return -EOPNOTSUPP;
    if (r < 0)
        return vanished(r) ? -ENOENT : drcl_error(env, r, "%s%s cannot be listed: %s", mount, name, strerror(-r));
    return write_reclaim(env, mount, name, pages, bytes);
}
