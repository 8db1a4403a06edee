/* SPDX-License-Identifier: MIT */
#include "fake_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fake.h"
#include "fake_pages.h"

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void print_maps(const struct fake_process *p, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    if (p->nr_areas == 0) /* a kernel thread, or a process that is exiting */
        return;
    for (size_t i = 0; i < p->nr_areas; i++)
        len += (size_t)snprintf(text + len, size - len, "%llx-%llx rw-p 00000000 00:00 0                  [area %zu]\n",
                                (unsigned long long)p->areas[i].start,
                                (unsigned long long)(p->areas[i].start + p->areas[i].pages * PAGE), i);
    snprintf(text + len, size - len, "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n");
}

static void print_statm(struct fake_process *p, char *text, size_t size)
{
    size_t mapped = 0, resident = 0;

    for (size_t i = 0; i < p->nr_areas; i++) {
        mapped += p->areas[i].pages;
        resident += fake_resident(p, p->areas[i].start, p->areas[i].pages);
    }
    snprintf(text, size, "%zu %zu 0 0 0 0 0\n", mapped, resident);
}

/* A text of the process @p or, where that is NULL, of the whole machine. */
static int open_text(struct fake *f, struct fake_process *p, const char *name)
{
    int fd = fake_new_fd(f, FILE_TEXT, p);
    char *text = fake_fd_at(f, fd)->text;
    size_t size = sizeof(f->fds[0].text);

    if (!strcmp(name, "maps"))
        print_maps(p, text, size);
    else if (!strcmp(name, "stat"))
        snprintf(text, size, "%d (fa) ke)) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0", (int)p->pid);
    else if (!strcmp(name, "statm"))
        print_statm(p, text, size);
    else if (!strcmp(name, "comm"))
        snprintf(text, size, "%s\n", p->comm ? p->comm : "fake");
    else if (!strcmp(name, "status"))
        snprintf(text, size, "Name:\tfake\nTgid:\t%d\n", (int)p->pid);
    else if (!strcmp(name, "cgroup"))
        snprintf(text, size, "0::%s\n", p ? (p->cgroup ? p->cgroup : "/") : f->own_cgroup);
    else if (!strcmp(name, "iomem"))
        snprintf(text, size, "%s", f->iomem);
    else if (!strcmp(name, "meminfo"))
        snprintf(text, size, "MemTotal: 1000000 kB\nMemFree: %u kB\nSwapTotal: %llu kB\nSwapFree: %llu kB\n",
                 f->free_kib, (unsigned long long)f->swap_total / 1024, (unsigned long long)f->swap_free / 1024);
    else if (!strcmp(name, "node"))
        snprintf(text, size, "Node 0 MemTotal: 1000000 kB\nNode 0 SwapCached:  %llu kB\n",
                 (unsigned long long)fake_swapcached(f, 0) / 1024);
    else if (!strcmp(name, "pressure"))
        snprintf(text, size, "some avg10=0.00 avg60=0.00 avg300=0.00 total=100\n");
    else if (!strcmp(name, "boot_id"))
        snprintf(text, size, "4c5e8a0e-0000-4000-8000-000000000001\n");
    return fd;
}

static int open_process(struct fake *f, const char *path)
{
    struct fake_process *p;
    int pid, n = 0;

    if (sscanf(path, "/proc/%d/%n", &pid, &n) != 1 || !n)
        return -ENOENT;
    p = fake_process_of(f, pid);
    if (!p)
        return -ENOENT;
    if (strcmp(path + n, "pagemap") != 0)
        return open_text(f, p, path + n);
    return f->no_pages ? -ENOENT : fake_new_fd(f, FILE_PAGEMAP, p);
}

static int new_record_fd(struct fake *f)
{
    int fd = fake_new_fd(f, FILE_RECORD, NULL);

    if (fd >= 0)
        fake_fd_at(f, fd)->inode = f->record.inode;
    return fd;
}

static int open_record(struct fake *f)
{
    int error = f->record.open_error;

    f->record.open_error = 0;
    if (error)
        return error;
    return f->record.exists ? new_record_fd(f) : -ENOENT;
}

static const struct {
    const char *path;
    enum fake_file kind;
    const char *text; /* of open_text() */
} paths[] = {
    {"/sys/kernel/mm/page_idle/bitmap", FILE_BITMAP, NULL},
    {"/proc/kpageflags", FILE_KPAGEFLAGS, NULL},
    {"/proc/kpagecgroup", FILE_KPAGECGROUP, NULL},
    {"/proc/self/pagemap", FILE_OWN_PAGEMAP, NULL},
    {"/proc", FILE_PROC, NULL},
    {"/proc/iomem", FILE_TEXT, "iomem"},
    {"/proc/meminfo", FILE_TEXT, "meminfo"},
    {"/sys/devices/system/node", FILE_NODES, NULL},
    {"/sys/devices/system/node/node0/meminfo", FILE_TEXT, "node"},
    {"/sys/devices/system/node/node0/reclaim", FILE_NODE_RECLAIM, NULL},
    {"/proc/self/cgroup", FILE_TEXT, "cgroup"},
    {"/proc/pressure/memory", FILE_TEXT, "pressure"},
    {"/proc/sys/kernel/random/boot_id", FILE_TEXT, "boot_id"},
};

int fake_sys_open(void *data, const char *path, int flags)
{
    struct fake *f = data;
    int r = fake_called(f);

    (void)flags;
    if (r)
        return r;
    if (f->missing && fake_ends_with(path, f->missing))
        return f->missing_error ? f->missing_error : -ENOENT;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(path, paths[i].path) != 0)
            continue;
        if (paths[i].text)
            return open_text(f, NULL, paths[i].text);
        if (paths[i].kind == FILE_NODE_RECLAIM && !f->has_node_reclaim)
            return -ENOENT;
        return f->no_pages && paths[i].kind != FILE_PROC ? -ENOENT : fake_new_fd(f, paths[i].kind, NULL);
    }
    if (!strcmp(path, RECORD))
        return open_record(f);
    if (!strncmp(path, "/sys/fs/cgroup", 14))
        return fake_cgroup_open(f, path + 14);
    if (!strncmp(path, "/proc/", 6))
        return open_process(f, path);
    return fake_damon_open(f, path);
}

int fake_sys_create(void *data, const char *path, unsigned int mode)
{
    struct fake *f = data;

    ck_assert_str_eq(path, RECORD);
    ck_assert_uint_eq(mode, 0600);
    if (f->record.no_directory)
        return -ENOENT;
    if (!f->record.exists) {
        f->record.text[0] = '\0';
        f->record.inode++;
    }
    f->record.exists = true;
    return new_record_fd(f);
}

int fake_sys_lock(void *data, int fd)
{
    struct fake *f = data;

    if (f->record.locked_by)
        return -EWOULDBLOCK;
    f->record.locked_by = fd;
    return 0;
}

/* Of locks that begin at different bytes none reaches the other. A lock in place of one of the same descriptor replaces
 * it. */
int fake_sys_lock_range(void *data, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other)
{
    struct fake *f = data;
    int r = fake_called(f);

    if (r)
        return r;
    ck_assert_int_eq(fake_fd_at(f, fd)->kind, FILE_BITMAP);
    for (size_t i = 0; type != F_UNLCK && i < f->nr_locks; i++) {
        const struct fake_lock *lock = &f->locks[i];

        if (lock->fd == fd || lock->start != start || (lock->type == F_RDLCK && type == F_RDLCK))
            continue;
        *ret_other = lock->len;
        return -EAGAIN;
    }
    for (size_t i = 0; i < f->nr_locks; i++)
        if (f->locks[i].fd == fd && f->locks[i].start == start)
            f->locks[i--] = f->locks[--f->nr_locks];
    if (type == F_UNLCK)
        return 0;
    ck_assert_uint_lt(f->nr_locks, FAKE_LOCKS);
    f->locks[f->nr_locks++] = (struct fake_lock){.fd = fd, .type = type, .start = start, .len = len};
    return 0;
}

void fake_drop_locks(struct fake *f, int fd)
{
    for (size_t i = 0; i < f->nr_locks; i++)
        if (f->locks[i].fd == fd)
            f->locks[i--] = f->locks[--f->nr_locks];
}

int fake_sys_status(void *data, int fd, struct damon_reclaim_file *ret_file)
{
    struct fake *f = data;
    int r = fake_called(f);

    if (r)
        return r;
    ck_assert_int_eq(fake_fd_at(f, fd)->kind, FILE_RECORD);
    ret_file->mode = f->record.mode ? f->record.mode : S_IFREG | 0600;
    ret_file->uid = f->record.uid;
    ret_file->nr_links = f->record.nr_links ? f->record.nr_links : 1;
    return 0;
}

int fake_sys_mkdir(void *data, const char *path, unsigned int mode)
{
    struct fake *f = data;
    int r = fake_called(f);

    if (r)
        return r;
    ck_assert_str_eq(path, "/run/damon-reclaim");
    ck_assert_uint_eq(mode, 0700);
    f->record.no_directory = false;
    return 0;
}

int fake_sys_unlink(void *data, const char *path)
{
    struct fake *f = data;

    ck_assert_str_eq(path, RECORD);
    f->record.exists = false;
    return 0;
}

int fake_sys_inode(void *data, int fd, uint64_t *ret_inode)
{
    struct fake *f = data;
    int r = fake_called(f);

    if (r)
        return r;
    *ret_inode = fake_fd_at(f, fd)->inode;
    return 0;
}

/* --- reading and writing ------------------------------------------------------------------------------------------ */

static ssize_t read_text(const char *text, void *buf, size_t len, uint64_t offset)
{
    size_t size = strlen(text);

    if (offset >= size)
        return 0;
    len = len < size - offset ? len : (size_t)(size - offset);
    memcpy(buf, text + offset, len);
    return (ssize_t)len;
}

static ssize_t read_records(struct fake *f, struct fake_fd *file, void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    f->nr_pagemap += file->kind == FILE_PAGEMAP;
    f->nr_kpageflags += file->kind == FILE_KPAGEFLAGS;
    f->nr_idle_read += file->kind == FILE_BITMAP;
    if (offset % 8 || len % 8)
        return -EINVAL;
    for (; done < len && (offset + done) / 8 < fake_nr_records(file); done += 8) {
        uint64_t value = fake_record_at(f, file, (offset + done) / 8);

        memcpy((char *)buf + done, &value, 8);
    }
    return (ssize_t)done;
}

ssize_t fake_sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct fake *f = data;
    struct fake_fd *file = fake_fd_at(f, fd);
    char text[1024];
    int r = fake_called(f);

    if (r)
        return r;
    if (f->max_read && len > f->max_read)
        len = f->max_read;
    switch (file->kind) {
    case FILE_TEXT:
        return read_text(file->text, buf, len, offset);
    case FILE_RECORD:
    case FILE_DAMON:
        r = fake_damon_read(f, file, offset, text, sizeof(text));
        return r < 0 ? r : read_text(text, buf, len, offset);
    case FILE_PROC:
    case FILE_CGROUP:
    case FILE_DAMON_DIR:
    case FILE_NODES:
        return -EISDIR;
    default:
        return read_records(f, file, buf, len, offset);
    }
}

/* Takes pages of the swap cache, whosever they are. */
static int fake_node_reclaim(struct fake *f, const char *text)
{
    char *end;
    uint64_t bytes = strtoull(text, &end, 10);

    if (strcmp(end, " swappiness=max") != 0)
        return -EINVAL;
    f->reclaim_asked += bytes;
    return fake_free_swapcached(f, 0, bytes) ? -EAGAIN : 0;
}

ssize_t fake_sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct fake *f = data;
    struct fake_fd *file = fake_fd_at(f, fd);
    char text[512];
    int r = fake_called(f);

    if (r)
        return r;
    if (file->kind == FILE_BITMAP)
        return fake_write_bitmap(f, buf, len, offset);
    ck_assert_uint_lt(len, sizeof(text));
    ck_assert_uint_eq(offset, 0);
    memcpy(text, buf, len);
    text[len] = '\0';
    if (file->kind == FILE_RECLAIM)
        r = fake_cgroup_reclaim(f, file->cgroup, text);
    else if (file->kind == FILE_NODE_RECLAIM)
        r = fake_node_reclaim(f, text);
    else if (file->kind == FILE_DAMON || file->kind == FILE_RECORD)
        r = fake_damon_write(f, file, text);
    else
        r = -EINVAL;
    return r ? r : (ssize_t)len;
}

/* --- listing ------------------------------------------------------------------------------------------------------ */

/* Entry @i of /proc: "": a process that has exited. */
static const char *proc_entry(const struct fake *f, size_t i, char buf[64])
{
    static const char *const names[] = {".", "..", "self", "meminfo", "7z", "99999999999"};
    const size_t n = sizeof(names) / sizeof(names[0]);

    if (i < n)
        return names[i];
    if (i - n >= f->nr_processes)
        return NULL;
    snprintf(buf, 64, "%d", (int)f->processes[i - n].pid);
    return f->processes[i - n].exited ? "" : buf;
}

static const char *const nodes[] = {".", "..", "possible.", "node", "nodes", "node0", NULL};

static const char *entry_of(const struct fake *f, const struct fake_fd *dir, char buf[64])
{
    if (dir->kind == FILE_PROC)
        return proc_entry(f, dir->entry, buf);
    if (dir->kind == FILE_NODES)
        return nodes[dir->entry];
    if (dir->kind == FILE_CGROUP)
        return fake_cgroup_entry(f, dir->cgroup, dir->entry);
    return fake_damon_entry(f, dir->text, dir->entry, buf);
}

/* A few entries a call, so that a listing takes several. */
ssize_t fake_sys_getdents(void *data, int fd, void *buf, size_t len)
{
    struct fake *f = data;
    struct fake_fd *dir = fake_fd_at(f, fd);
    size_t done = 0;
    char number[64];
    const char *name;
    int r = fake_called(f);

    if (r)
        return r;
    if (dir->kind != FILE_PROC && dir->kind != FILE_CGROUP && dir->kind != FILE_DAMON_DIR && dir->kind != FILE_NODES)
        return -ENOTDIR;
    for (int told = 0; told < 3 && (name = entry_of(f, dir, number)) != NULL; dir->entry++) {
        struct dirent64 *entry = (struct dirent64 *)((char *)buf + done);
        size_t length = (offsetof(struct dirent64, d_name) + strlen(name) + 8) & ~(size_t)7;

        if (!name[0])
            continue;
        ck_assert_uint_le(done + length, len);
        entry->d_ino = dir->entry + 1;
        entry->d_reclen = (unsigned short)length;
        entry->d_type = strchr(name, '.') > name ? DT_REG : DT_DIR;
        strcpy(entry->d_name, name);
        done += length;
        told++;
    }
    return (ssize_t)done;
}
