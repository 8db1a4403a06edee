/* SPDX-License-Identifier: MIT */
/* The table of system calls of that kernel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_damon_internal.h"

#define FIRST_FD 3000

static int new_fd(struct damon_fd init)
{
    for (int i = 0; i < MAX_OPEN; i++) {
        if (fs->fds[i].open)
            continue;
        init.open = true;
        fs->fds[i] = init;
        fs->nr_open++;
        return FIRST_FD + i;
    }
    return -EMFILE;
}

static struct damon_fd *fd_at(int fd)
{
    if (fd < FIRST_FD || fd >= FIRST_FD + MAX_OPEN || !fs->fds[fd - FIRST_FD].open)
        ck_abort_msg("descriptor %d is not open", fd);
    return &fs->fds[fd - FIRST_FD];
}

static int sys_open(void *data, const char *path, int flags)
{
    struct damon_fd dir = {.file = -1};
    int pid, n = 0, i;

    (void)data;
    (void)flags;
    if (!strcmp(path, RECORD) && fs->open_record_error) {
        int r = fs->open_record_error;

        fs->open_record_error = 0;
        return r;
    }
    if (!strcmp(path, RECORD))
        return fs->has_record ? new_fd((struct damon_fd){.file = -1, .record = fs->record_inode}) : -ENOENT;
    if (!strcmp(path, "/proc/meminfo")) {
        char text[128];

        fs_print(text, sizeof(text), "MemTotal: 1000000 kB\nMemFree: %u kB", fs->free_kib);
        fs_put(path, text);
    }
    if (sscanf(path, "/proc/%d/%n", &pid, &n) == 1 && n) {
        if (!fs_is_alive(pid))
            return -ENOENT;
        if (!strcmp(path + n, "stat")) {
            char text[128];

            fs_print(text, sizeof(text), "%d (fake) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0", pid);
            fs_put(path, text);
        }
    }
    i = fs_find(path);
    fs_print(dir.dir, sizeof(dir.dir), "%s", path);
    if (dir.dir[strlen(path) - 1] == '/')
        dir.dir[strlen(path) - 1] = '\0';
    if (i < 0 && fs_is_dir(dir.dir))
        return new_fd(dir);
    if (i < 0)
        return -ENOENT;
    return new_fd((struct damon_fd){.file = i});
}

static int sys_close(void *data, int fd)
{
    (void)data;
    if (fs->locked_by == fd)
        fs->locked_by = 0;
    fd_at(fd)->open = false;
    fs->nr_open--;
    return 0;
}

static ssize_t sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct damon_fd *f = fd_at(fd);
    char text[1024];
    size_t n;

    (void)data;
    if (f->file < 0 && !f->record)
        return -EISDIR;
    if (f->record)
        n = (size_t)snprintf(text, sizeof(text), "%s", fs->record);
    else
        n = (size_t)snprintf(text, sizeof(text), "%s\n", fs->files[f->file].value);
    if (!offset && ++fs->nr_reads == fs->fail_read) {
        fs_print(fs->faulty, sizeof(fs->faulty), "%s", f->record ? RECORD : fs->files[f->file].path);
        if (fs->read_error < 0)
            return fs->read_error;
        if (fs->read_error)
            n = fs->read_error == 1 ? 0 : n / 2;
        else
            n = (size_t)snprintf(text, sizeof(text), "\x01?");
    }
    if (offset >= n)
        return 0;
    n -= (size_t)offset;
    n = n < len ? n : len;
    memcpy(buf, text + offset, n);
    return (ssize_t)n;
}

static void count_write(void)
{
    if (++fs->nr_writes != fs->kill_write)
        return;
    fs->killed = malloc(sizeof(*fs->killed));
    ck_assert_ptr_nonnull(fs->killed);
    memcpy(fs->killed, fs, sizeof(*fs));
}

static ssize_t sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct damon_fd *f = fd_at(fd);
    char text[512], path[160];
    int r;

    (void)data;
    ck_assert_uint_lt(len, sizeof(text));
    ck_assert_uint_eq(offset, 0);
    memcpy(text, buf, len);
    text[len] = '\0';
    count_write();
    if (fs->nr_writes == fs->fail_write) {
        fs_print(fs->faulty, sizeof(fs->faulty), "%s", f->record ? RECORD : fs->files[f->file].path);
        return fs->write_error;
    }
    if (f->record) {
        fs_print(fs->record, sizeof(fs->record), "%s", text);
        return (ssize_t)len;
    }
    fs_print(path, sizeof(path), "%s", fs->files[f->file].path);
    if (fs_ends_with(path, "/state") && strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
        if (fs->pending)
            return -EBUSY;
        fs->now_ns += fs->answer_ns;
    }
    r = fs_write(path, text);
    return r < 0 ? r : (ssize_t)len;
}

static int sys_writer_new(void *data, void **ret_writer)
{
    (void)data;
    if (fs->no_writer)
        return -EPERM;
    if (fs->has_writer)
        ck_abort_msg("a second writer");
    fs->has_writer = true;
    *ret_writer = &fs->pending;
    return 0;
}

static int sys_writer_start(void *data, void *writer, int fd, const void *buf, size_t len)
{
    (void)data;
    ck_assert_ptr_eq(writer, &fs->pending);
    ck_assert_ptr_null(fs->pending);
    ck_assert_uint_eq(len, strlen(buf));
    ck_assert(fs_ends_with(fs->files[fd_at(fd)->file].path, "/state"));
    fs->pending = buf;
    fs->pending_ns = fs->now_ns + fs->answer_ns;
    count_write();
    fs->pending_error = fs->nr_writes == fs->fail_write ? fs->write_error : 0;
    return 0;
}

static int sys_writer_result(void *data, void *writer, ssize_t *ret_n)
{
    const char *text = fs->pending;
    int r;

    (void)data;
    (void)writer;
    if (!text)
        ck_abort_msg("nothing is on its way");
    if (fs->now_ns < fs->pending_ns && fs->running)
        return -EAGAIN;
    fs->pending = NULL;
    r = fs->pending_error ? fs->pending_error : fs_write(DAMON_DIR "0/state", text);
    *ret_n = r < 0 ? r : (ssize_t)strlen(text);
    return 0;
}

static void sys_writer_free(void *data, void *writer)
{
    (void)data;
    (void)writer;
    ck_assert_ptr_null(fs->pending);
    fs->has_writer = false;
}

/* Of the children of a directory that are directories, one a call. */
static ssize_t sys_getdents(void *data, int fd, void *buf, size_t len)
{
    struct damon_fd *f = fd_at(fd);
    size_t n = strlen(f->dir);

    (void)data;
    for (; f->dir_at < fs->nr_files; f->dir_at++) {
        const char *path = fs->files[f->dir_at].path;
        const char *end = !strncmp(path, f->dir, n) && path[n] == '/' ? strchr(path + n + 1, '/') : NULL;
        size_t size = end ? (size_t)(end - path) - n - 1 : 0, record = (19 + size + 1 + 7) / 8 * 8;
        bool again = false;

        for (size_t i = 0; end && i < f->dir_at; i++)
            again |= !strncmp(fs->files[i].path, path, (size_t)(end - path) + 1);
        if (!end || again)
            continue;
        ck_assert_uint_le(record, len);
        memset(buf, 0, record);
        ((char *)buf)[0] = 1;             /* d_ino */
        ((char *)buf)[16] = (char)record; /* d_reclen */
        ((char *)buf)[18] = 4;            /* d_type: DT_DIR */
        memcpy((char *)buf + 19, path + n + 1, size);
        f->dir_at++;
        return (ssize_t)record;
    }
    return 0;
}

/* That of a cgroup is told by a file of the tests. */
static int sys_inode(void *data, int fd, uint64_t *ret_inode)
{
    char path[PATH_LEN + 8];
    const char *value;

    (void)data;
    fs_print(path, sizeof(path), "%s/inode", fd_at(fd)->dir);
    value = damon_value(path);
    *ret_inode = value ? strtoull(value, NULL, 10) : 1;
    if (fd_at(fd)->record)
        *ret_inode = fd_at(fd)->record;
    return 0;
}

static int sys_pidfd_open(void *data, pid_t pid)
{
    (void)data;
    return fs_is_alive(pid) ? new_fd((struct damon_fd){.file = -1, .pid = pid}) : -ESRCH;
}

static int sys_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    (void)data;
    if (n)
        return !fs_is_alive(fd_at(fds[0].fd)->pid);
    fs->now_ns += (uint64_t)timeout_ms * 1000000;
    return 0;
}

static int sys_timer_new(void *data)
{
    (void)data;
    return new_fd((struct damon_fd){.file = -1, .timer = true});
}

static int sys_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    (void)data;
    (void)deadline_ns;
    return fd_at(fd)->timer ? 0 : -EBADF;
}

static int sys_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    (void)data;
    (void)id;
    fs_pass_time();
    *ret_ns = fs->now_ns;
    return 0;
}

static int sys_create(void *data, const char *path, unsigned int mode)
{
    (void)data;
    ck_assert_str_eq(path, RECORD);
    ck_assert_uint_eq(mode, 0600);
    if (!fs->has_record) {
        fs->record[0] = '\0';
        fs->record_inode++;
    }
    fs->has_record = true;
    return new_fd((struct damon_fd){.file = -1, .record = fs->record_inode});
}

static int sys_lock(void *data, int fd)
{
    (void)data;
    if (fs->locked_by)
        return -EWOULDBLOCK;
    fs->locked_by = fd;
    return 0;
}

static int sys_unlink(void *data, const char *path)
{
    (void)data;
    ck_assert_str_eq(path, RECORD);
    fs->has_record = false;
    return 0;
}

static const struct damon_reclaim_system_ops system_ops = {
    .size = sizeof(system_ops),
    .open = sys_open,
    .close = sys_close,
    .pread = sys_pread,
    .pwrite = sys_pwrite,
    .getdents = sys_getdents,
    .inode = sys_inode,
    .pidfd_open = sys_pidfd_open,
    .poll = sys_poll,
    .timer_new = sys_timer_new,
    .timer_set = sys_timer_set,
    .clock = sys_clock,
    .create = sys_create,
    .lock = sys_lock,
    .unlink = sys_unlink,
    .writer_new = sys_writer_new,
    .writer_start = sys_writer_start,
    .writer_result = sys_writer_result,
    .writer_free = sys_writer_free,
};

struct damon_reclaim_config damon_fs_config(void)
{
    static struct damon_reclaim_allocator allocator;

    allocator = counted_allocator(&fs->memory);
    return (struct damon_reclaim_config){.size = sizeof(struct damon_reclaim_config),
                                         .backend = "damon",
                                         .seed = 1,
                                         .system_ops = &system_ops,
                                         .allocator = &allocator};
}
