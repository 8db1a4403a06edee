/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 312
#include "paramfs.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/loop.h"
#include "mount_point.h"

#define FIRST_FILE   2u     /* inode of parameter 0; 1 is the directory */
#define FILE_SIZE    4096   /* the size that sysfs shows, and the longest text that it accepts */
#define KEPT_SECONDS 3600.0 /* how long the kernel may cache names and attributes, which never change */
#define MOST_AT_ONCE 16     /* requests to serve before other sources */

struct paramfs {
    struct loop *loop;
    struct loop_source *source;
    struct paramfs_calls calls;
    void *userdata;
    struct fuse_session *session;
    struct fuse_buf buf;
    struct mount_point point;
    bool mounted;
    struct reader *readers; /* open files */
    time_t began;
};

/* An open file keeps the text of the last read from its beginning. A reader that reads in pieces so gets one value, and
 * not parts of two. */
struct reader {
    struct reader *next, **link;
    char text[64];
    size_t len;
};

/* --- files ------------------------------------------------------------------------------------------------------- */

static int describe(fuse_ino_t inode, struct damon_reclaim_param_info *ret)
{
    *ret = (struct damon_reclaim_param_info){.size = sizeof(*ret)};
    if (inode < FIRST_FILE || damon_reclaim_param_describe(inode - FIRST_FILE, ret) < 0)
        return -ENOENT;
    return 0;
}

static int attributes(const struct paramfs *fs, fuse_ino_t inode, struct stat *ret)
{
    struct damon_reclaim_param_info info;

    *ret = (struct stat){.st_ino = inode,
                         .st_uid = geteuid(),
                         .st_gid = getegid(),
                         .st_atim.tv_sec = fs->began,
                         .st_mtim.tv_sec = fs->began,
                         .st_ctim.tv_sec = fs->began};
    if (inode == FUSE_ROOT_ID) {
        ret->st_mode = S_IFDIR | 0755;
        ret->st_nlink = 2;
        return 0;
    }
    if (describe(inode, &info) < 0)
        return -ENOENT;
    ret->st_mode = S_IFREG | (info.read_only ? 0400 : 0600);
    ret->st_nlink = 1;
    ret->st_size = FILE_SIZE;
    return 0;
}

static void reply_attributes(fuse_req_t request, fuse_ino_t inode)
{
    struct stat st;

    if (attributes(fuse_req_userdata(request), inode, &st) < 0)
        fuse_reply_err(request, ENOENT);
    else
        fuse_reply_attr(request, &st, KEPT_SECONDS);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)file;
    reply_attributes(request, inode);
}

/* A file may be truncated, which the shell does for `>`, and its times may be set. Both have no effect. */
static void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *st, int what, struct fuse_file_info *file)
{
    (void)st, (void)file;
    if (what & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
        fuse_reply_err(request, EPERM);
    else
        reply_attributes(request, inode);
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.attr_timeout = KEPT_SECONDS, .entry_timeout = KEPT_SECONDS};
    struct damon_reclaim_param_info info;

    for (fuse_ino_t inode = FIRST_FILE; parent == FUSE_ROOT_ID && describe(inode, &info) == 0; inode++) {
        if (strcmp(info.name, name) != 0)
            continue;
        entry.ino = inode;
        attributes(fuse_req_userdata(request), inode, &entry.attr);
        fuse_reply_entry(request, &entry);
        return;
    }
    fuse_reply_err(request, ENOENT);
}

/* No file can be created or removed. */
static void on_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    (void)parent, (void)name, (void)mode, (void)device;
    fuse_reply_err(request, EPERM);
}

static void on_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    (void)parent, (void)name;
    fuse_reply_err(request, EPERM);
}

/* --- the directory ----------------------------------------------------------------------------------------------- */

/* Entry number @index: "." and ".." and the parameters. */
static const char *entry_at(size_t index, struct damon_reclaim_param_info *info, struct stat *ret)
{
    if (index < 2) {
        *ret = (struct stat){.st_ino = FUSE_ROOT_ID, .st_mode = S_IFDIR};
        return index ? ".." : ".";
    }
    *ret = (struct stat){.st_ino = index - 2 + FIRST_FILE, .st_mode = S_IFREG};
    return describe(ret->st_ino, info) == 0 ? info->name : NULL;
}

static void on_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file)
{
    struct damon_reclaim_param_info info;
    char buf[4096];
    size_t used = 0, room = size < sizeof(buf) ? size : sizeof(buf);
    struct stat st;
    const char *name;

    (void)file;
    if (inode != FUSE_ROOT_ID) {
        fuse_reply_err(request, ENOTDIR);
        return;
    }
    for (size_t i = (size_t)offset; (name = entry_at(i, &info, &st)) != NULL; i++) {
        size_t n = fuse_add_direntry(request, buf + used, room - used, name, &st, (off_t)i + 1);

        if (n > room - used)
            break;
        used += n;
    }
    fuse_reply_buf(request, buf, used);
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static struct reader *new_reader(struct paramfs *fs)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return NULL;
    reader->next = fs->readers;
    reader->link = &fs->readers;
    if (reader->next)
        reader->next->link = &reader->next;
    fs->readers = reader;
    return reader;
}

static void free_reader(struct reader *reader)
{
    *reader->link = reader->next;
    if (reader->next)
        reader->next->link = reader->link;
    free(reader);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct damon_reclaim_param_info info;
    struct reader *reader;

    if (describe(inode, &info) < 0) {
        fuse_reply_err(request, inode == FUSE_ROOT_ID ? EISDIR : ENOENT);
        return;
    }
    if (info.read_only && (file->flags & O_ACCMODE) != O_RDONLY) {
        fuse_reply_err(request, EACCES); /* also for root, as in sysfs */
        return;
    }
    reader = new_reader(fuse_req_userdata(request));
    if (!reader) {
        fuse_reply_err(request, ENOMEM);
        return;
    }
    file->fh = (uintptr_t)reader;
    file->direct_io = 1; /* the kernel passes on each read and write, whatever the size of the file */
    if (fuse_reply_open(request, file) < 0)
        free_reader(reader); /* the caller no longer waits */
}

static void on_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    free_reader((void *)(uintptr_t)file->fh);
    fuse_reply_err(request, 0);
}

static int refresh(const struct paramfs *fs, const char *name, struct reader *reader)
{
    int n = fs->calls.get(fs->userdata, name, reader->text, sizeof(reader->text) - 1);

    if (n < 0)
        return n;
    if ((size_t)n > sizeof(reader->text) - 2)
        return -EIO;
    reader->text[n] = '\n';
    reader->len = (size_t)n + 1;
    return 0;
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file)
{
    struct reader *reader = (void *)(uintptr_t)file->fh;
    struct damon_reclaim_param_info info;
    size_t at = (size_t)offset;
    int r = describe(inode, &info);

    if (r == 0 && offset == 0)
        r = refresh(fuse_req_userdata(request), info.name, reader);
    if (r < 0) {
        fuse_reply_err(request, -r);
        return;
    }
    at = at < reader->len ? at : reader->len;
    fuse_reply_buf(request, reader->text + at, size < reader->len - at ? size : reader->len - at);
}

/* The text of a write without the newline that echo appends. Returns false if it is not a text. */
static bool to_text(const char *buf, size_t size, char text[FILE_SIZE + 1])
{
    if (size > FILE_SIZE || memchr(buf, '\0', size))
        return false;
    if (size && buf[size - 1] == '\n')
        size--;
    memcpy(text, buf, size);
    text[size] = '\0';
    return true;
}

/* As in sysfs, each write is a new value, whatever its offset. */
static void on_write(fuse_req_t request, fuse_ino_t inode, const char *buf, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
    const struct paramfs *fs = fuse_req_userdata(request);
    struct damon_reclaim_param_info info;
    char text[FILE_SIZE + 1];
    int r = describe(inode, &info);

    (void)offset, (void)file;
    if (r == 0)
        r = to_text(buf, size, text) ? fs->calls.set(fs->userdata, info.name, text) : -EINVAL;
    if (r < 0)
        fuse_reply_err(request, -r);
    else
        fuse_reply_write(request, size);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .mknod = on_mknod,
    .unlink = on_unlink,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
    .readdir = on_readdir,
};

/* --- the session ------------------------------------------------------------------------------------------------- */

static void on_requests(struct loop_source *source, int events, void *userdata)
{
    struct paramfs *fs = userdata;
    int r = 1;

    (void)source, (void)events;
    for (int i = 0; i < MOST_AT_ONCE && r > 0 && !fuse_session_exited(fs->session); i++) {
        r = fuse_session_receive_buf(fs->session, &fs->buf);
        if (r > 0)
            fuse_session_process_buf(fs->session, &fs->buf);
    }
    if ((r > 0 && !fuse_session_exited(fs->session)) || r == -EAGAIN || r == -EINTR)
        return;
    log_warning("%s: it was unmounted by somebody else; restart the daemon to mount it again", fs->point.path);
    fs->source = loop_remove(fs->source);
}

/* The last message of libfuse, which it would otherwise print. */
static char last_said[200];

static void hear(enum fuse_log_level level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void hear(enum fuse_log_level level, const char *format, va_list args)
{
    vsnprintf(last_said, sizeof(last_said), format, args);
    last_said[strcspn(last_said, "\n")] = '\0';
    log_debug("libfuse, level %d: %s", (int)level, last_said);
}

/* libfuse takes a descriptor of what is mounted already. */
static int mount_session(struct paramfs *fs, struct error_text *error)
{
    static char name[] = "damon-reclaim";
    char *words[] = {name, NULL}, place[32];
    struct fuse_args args = FUSE_ARGS_INIT(1, words);
    int fd;

    fuse_set_log_func(hear);
    last_said[0] = '\0';
    fs->session = fuse_session_new(&args, &operations, sizeof(operations), fs);
    fuse_opt_free_args(&args);
    if (!fs->session)
        return error_set(error, -ENOMEM, "%s is not mounted: libfuse: %s", fs->point.path, last_said);
    fd = mount_point_mount(&fs->point, error);
    if (fd < 0)
        return fd;
    fs->mounted = true;
    snprintf(place, sizeof(place), "/dev/fd/%d", fd);
    if (fuse_session_mount(fs->session, place) != 0) {
        close(fd);
        return error_set(error, -EPERM, "%s is not mounted: libfuse: %s", fs->point.path, last_said);
    }
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ? error_set(error, -errno, "%s", strerror(errno))
                                                                   : fd;
}

static int serve(struct paramfs *fs, struct error_text *error)
{
    int fd = mount_session(fs, error), r;

    if (fd < 0)
        return fd;
    r = loop_add_fd(fs->loop, fd, POLLIN, on_requests, fs, &fs->source);
    return r < 0 ? error_set(error, r, "%s: the event loop cannot watch it: %s", fs->point.path, strerror(-r)) : 0;
}

int paramfs_open(struct loop *loop, const char *directory, const struct paramfs_calls *calls, void *userdata,
                 struct paramfs **ret, struct error_text *error)
{
    struct paramfs *fs = calloc(1, sizeof(*fs));
    int r;

    if (!fs)
        return error_set(error, -ENOMEM, "%s: no memory", directory);
    fs->loop = loop;
    fs->calls = *calls;
    fs->userdata = userdata;
    fs->began = time(NULL);
    r = mount_point_prepare(directory, &fs->point, error);
    if (r == 0)
        r = serve(fs, error);
    if (r < 0) {
        paramfs_close(fs);
        return r;
    }
    *ret = fs;
    return 0;
}

void paramfs_close(struct paramfs *fs)
{
    if (!fs)
        return;
    loop_remove(fs->source);
    if (fs->mounted)
        mount_point_unmount(&fs->point); /* fails if somebody else has done it */
    if (fs->session)
        fuse_session_destroy(fs->session);
    while (fs->readers) /* the kernel may not report that they were closed */
        free_reader(fs->readers);
    mount_point_remove(&fs->point);
    free(fs->buf.mem);
    free(fs);
}
