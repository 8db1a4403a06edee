/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define FIRST_FD 1000

/* --- files ------------------------------------------------------------------------------------------------------ */

/* Counts the call; the error that was asked for, or 0. */
static int called(struct fake *f)
{
    if (f->hook)
        f->hook(f);
    f->now_ns += 500;
    return ++f->nr_calls == f->fail_call ? f->fail_error : 0;
}

static int new_fd(struct fake *f, enum fake_file kind, struct fake_process *p)
{
    for (int i = 0; i < FAKE_FDS; i++) {
        if (f->fds[i].kind != FILE_CLOSED)
            continue;
        f->fds[i].kind = kind;
        f->fds[i].process = p;
        f->fds[i].generation = p ? p->generation : 0;
        f->fds[i].entry = 0;
        f->fds[i].text[0] = '\0';
        f->nr_open++;
        return FIRST_FD + i;
    }
    return -EMFILE;
}

static struct fake_fd *fd_at(struct fake *f, int fd)
{
    /* Not ck_assert(): libcheck notes each in a file, which would cost more than what is tested. */
    if (fd < FIRST_FD || fd >= FIRST_FD + FAKE_FDS || f->fds[fd - FIRST_FD].kind == FILE_CLOSED)
        ck_abort_msg("descriptor %d is not open", fd);
    return &f->fds[fd - FIRST_FD];
}

static void write_maps(const struct fake_process *p, char *text, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < p->nr_areas; i++)
        len += (size_t)snprintf(text + len, size - len, "%llx-%llx rw-p 00000000 00:00 0                  [area %zu]\n",
                                (unsigned long long)p->areas[i].start,
                                (unsigned long long)(p->areas[i].start + p->areas[i].pages * PAGE), i);
    if (p->nr_areas == 0) { /* a kernel thread, or one that exits */
        text[0] = '\0';
        return;
    }
    snprintf(text + len, size - len, "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n");
}

static void write_statm(const struct fake_process *p, char *text, size_t size)
{
    size_t mapped = 0, resident = 0;

    for (size_t i = 0; i < p->nr_areas; i++) {
        mapped += p->areas[i].pages;
        for (size_t k = 0; k < p->areas[i].pages; k++)
            resident += (p->areas[i].entries[k] & DRCL_PAGEMAP_PRESENT) != 0;
    }
    snprintf(text, size, "%zu %zu 0 0 0 0 0\n", mapped, resident);
}

static int open_text(struct fake *f, struct fake_process *p, const char *name)
{
    int fd = new_fd(f, FILE_TEXT, p);
    char *text = f->fds[fd - FIRST_FD].text;
    size_t size = sizeof(f->fds[0].text);

    if (!strcmp(name, "maps"))
        write_maps(p, text, size);
    else if (!strcmp(name, "stat"))
        snprintf(text, size, "%d (fa) ke)) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0", (int)p->pid);
    else if (!strcmp(name, "statm"))
        write_statm(p, text, size);
    else if (!strcmp(name, "cgroup"))
        snprintf(text, size, "0::%s\n", p ? (p->cgroup ? p->cgroup : "/") : f->own_cgroup);
    else if (!strcmp(name, "iomem"))
        snprintf(text, size, "%s", f->iomem);
    else if (!strcmp(name, "status"))
        snprintf(text, size, "Name:\tfake\nTgid:\t%d\n", (int)p->pid);
    else
        snprintf(text, size, "MemTotal: 1000000 kB\nMemFree: 300000 kB\nSwapTotal: %llu kB\nSwapFree: %llu kB\n",
                 (unsigned long long)f->swap_total / 1024, (unsigned long long)f->swap_free / 1024);
    return fd;
}

static int fake_sys_open(void *data, const char *path, int flags)
{
    struct fake *f = data;
    const struct fake_cgroup *cgroup;
    enum fake_file kind;
    int pid, n = 0, r = called(f);

    (void)flags;
    if (r)
        return r;
    if (f->missing && !strcmp(path, f->missing))
        return f->missing_error ? f->missing_error : -ENOENT;
    if (!strcmp(path, "/sys/kernel/mm/page_idle/bitmap"))
        return new_fd(f, FILE_BITMAP, NULL);
    if (!strcmp(path, "/proc/kpageflags"))
        return new_fd(f, FILE_KPAGEFLAGS, NULL);
    if (!strcmp(path, "/proc/kpagecgroup"))
        return new_fd(f, FILE_KPAGECGROUP, NULL);
    if (!strcmp(path, "/proc/iomem"))
        return open_text(f, NULL, "iomem");
    if (!strcmp(path, "/proc/self/cgroup"))
        return open_text(f, NULL, "cgroup");
    if (!strncmp(path, "/sys/fs/cgroup", 14)) {
        kind = fake_cgroup_file(f, path + 14, &cgroup);
        r = kind == FILE_CLOSED ? -ENOENT : new_fd(f, kind, NULL);
        if (r >= 0)
            f->fds[r - FIRST_FD].cgroup = cgroup;
        return r;
    }
    if (!strcmp(path, "/proc/self/pagemap"))
        return new_fd(f, FILE_OWN_PAGEMAP, NULL);
    if (!strcmp(path, "/proc"))
        return new_fd(f, FILE_PROC, NULL);
    if (!strcmp(path, "/proc/meminfo"))
        return open_text(f, NULL, "meminfo");
    if (sscanf(path, "/proc/%d/%n", &pid, &n) != 1 || !n)
        return -ENOENT;
    for (size_t i = 0; i < f->nr_processes; i++) {
        struct fake_process *p = &f->processes[i];

        if (p->pid == pid && !p->exited)
            return !strcmp(path + n, "pagemap") ? new_fd(f, FILE_PAGEMAP, p) : open_text(f, p, path + n);
    }
    return -ENOENT;
}

static int fake_sys_close(void *data, int fd)
{
    struct fake *f = data;

    fd_at(f, fd)->kind = FILE_CLOSED;
    f->nr_open--;
    return 0;
}

static uint64_t record(struct fake *f, struct fake_fd *fd, uint64_t i)
{
    uint64_t *entry, word = 0;

    switch (fd->kind) {
    case FILE_OWN_PAGEMAP:
        return DRCL_PAGEMAP_PRESENT | (f->hide_frames ? 0 : 77);
    case FILE_PAGEMAP:
        entry = fake_entry_at(fd->process, i * PAGE);
        return !entry ? 0 : f->hide_frames ? *entry & ~DRCL_PAGEMAP_PFN : *entry;
    case FILE_KPAGEFLAGS:
        return i == FAKE_ZERO_FRAME ? DRCL_KPF_ZERO_PAGE : f->frames[i].flags;
    case FILE_KPAGECGROUP:
        return f->frames[fake_head_of(f, i)].memcg;
    default:
        break;
    }
    for (uint64_t pfn = i * 64; pfn < (i + 1) * 64; pfn++) {
        struct fake_frame *frame = &f->frames[pfn];

        if (!(frame->flags & DRCL_KPF_LRU) || (frame->flags & DRCL_KPF_COMPOUND_TAIL) || !frame->idle)
            continue;
        if (frame->accessed)
            frame->idle = false;
        else
            word |= UINT64_C(1) << (pfn & 63);
    }
    return word;
}

/* How many records the file has. */
static uint64_t nr_records(const struct fake_fd *fd)
{
    if (fd->kind == FILE_BITMAP)
        return FAKE_FRAMES / 64;
    if (fd->kind == FILE_KPAGEFLAGS || fd->kind == FILE_KPAGECGROUP)
        return FAKE_FRAMES;
    if (fd->kind == FILE_PAGEMAP && (fd->process->exited || fd->generation != fd->process->generation))
        return 0;
    return UINT64_C(1) << 35; /* of 47 bits of addresses */
}

static ssize_t fake_sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct fake *f = data;
    struct fake_fd *file = fd_at(f, fd);
    size_t done = 0;
    int r = called(f);

    if (r)
        return r;
    if (f->max_read && len > f->max_read)
        len = f->max_read;
    if (file->kind == FILE_TEXT) {
        size_t size = strlen(file->text);

        if (offset >= size)
            return 0;
        len = len < size - offset ? len : (size_t)(size - offset);
        memcpy(buf, file->text + offset, len);
        return (ssize_t)len;
    }
    f->nr_pagemap += file->kind == FILE_PAGEMAP;
    f->nr_kpageflags += file->kind == FILE_KPAGEFLAGS;
    f->nr_idle_read += file->kind == FILE_BITMAP;
    if (offset % 8 || len % 8)
        return -EINVAL;
    for (; done < len && (offset + done) / 8 < nr_records(file); done += 8) {
        uint64_t value = record(f, file, (offset + done) / 8);

        memcpy((char *)buf + done, &value, 8);
    }
    return (ssize_t)done;
}

static ssize_t fake_sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct fake *f = data;
    size_t done = 0;
    int r = called(f);

    if (r)
        return r;
    if (fd_at(f, fd)->kind == FILE_RECLAIM) {
        r = fake_cgroup_reclaim(f, fd_at(f, fd)->cgroup, buf);
        return r ? r : (ssize_t)len;
    }
    f->nr_idle_write++;
    if (fd_at(f, fd)->kind != FILE_BITMAP || offset % 8 || len % 8)
        return -EINVAL;
    if (offset / 8 >= FAKE_FRAMES / 64)
        return -ENXIO;
    for (; done < len && (offset + done) / 8 < FAKE_FRAMES / 64; done += 8) {
        uint64_t word;

        memcpy(&word, (const char *)buf + done, 8);
        for (uint64_t bit = 0; bit < 64; bit++) {
            struct fake_frame *frame = &f->frames[(offset + done) * 8 + bit];

            if (!(word >> bit & 1) || !(frame->flags & DRCL_KPF_LRU) || (frame->flags & DRCL_KPF_COMPOUND_TAIL))
                continue;
            frame->idle = true;
            frame->accessed = false;
        }
    }
    return (ssize_t)done;
}

/* PAGEMAP_SCAN for present pages, one region. */
static int fake_sys_ioctl(void *data, int fd, unsigned long request, void *arg)
{
    struct fake *f = data;
    struct fake_fd *file = fd_at(f, fd);
    uint64_t *words = arg, *region, start, addr;
    int r = called(f);

    (void)request;
    if (r)
        return r;
    if (f->no_scan)
        return -ENOTTY;
    if (!nr_records(file))
        return -ESRCH;
    if (words[0] != 12 * sizeof(uint64_t))
        return -EINVAL;
    if (words[3] > UINT64_C(1) << 47)
        return -EFAULT;
    region = (uint64_t *)(uintptr_t)words[5];
    for (addr = words[2]; addr < words[3]; addr += PAGE) {
        uint64_t *entry = fake_entry_at(file->process, addr);

        if (entry && (*entry & DRCL_PAGEMAP_PRESENT))
            break;
    }
    if (addr >= words[3])
        return 0;
    for (start = addr; addr < words[3]; addr += PAGE) {
        uint64_t *entry = fake_entry_at(file->process, addr);

        if (!entry || !(*entry & DRCL_PAGEMAP_PRESENT))
            break;
    }
    region[0] = start;
    region[1] = addr;
    return 1;
}

/* The name of an entry of /proc: what is always there, then the processes. NULL: this one has exited. */
static const char *proc_entry(const struct fake *f, size_t i, char buf[16])
{
    static const char *const names[] = {".", "..", "self", "meminfo", "7z", "99999999999"};
    const size_t n = sizeof(names) / sizeof(names[0]);

    if (i < n)
        return names[i];
    snprintf(buf, 16, "%d", (int)f->processes[i - n].pid);
    return f->processes[i - n].exited ? NULL : buf;
}

/* A few records a call, so that a listing takes several. */
static ssize_t fake_sys_getdents(void *data, int fd, void *buf, size_t len)
{
    struct fake *f = data;
    struct fake_fd *file = fd_at(f, fd);
    size_t done = 0;
    char number[16];
    int r = called(f);

    if (r)
        return r;
    if (file->kind != FILE_PROC && file->kind != FILE_CGROUP)
        return -ENOTDIR;
    for (int told = 0;
         told < 3 && (file->kind == FILE_PROC ? file->entry < f->nr_processes + 6 : file->entry < f->nr_cgroups + 3);
         file->entry++) {
        const char *name = file->kind == FILE_PROC ? proc_entry(f, file->entry, number)
                                                   : fake_cgroup_entry(f, file->cgroup, file->entry);
        struct dirent64 *entry = (struct dirent64 *)((char *)buf + done);
        size_t length = name ? (offsetof(struct dirent64, d_name) + strlen(name) + 8) & ~(size_t)7 : 0;

        if (!name || !name[0])
            continue;
        ck_assert_uint_le(done + length, len);
        entry->d_ino = file->entry + 1;
        entry->d_reclen = (unsigned short)length;
        entry->d_type = strchr(name, '.') > name ? DT_REG : DT_DIR;
        strcpy(entry->d_name, name);
        done += length;
        told++;
    }
    return (ssize_t)done;
}

static int fake_sys_inode(void *data, int fd, uint64_t *ret_inode)
{
    struct fake *f = data;
    int r = called(f);

    if (r)
        return r;
    *ret_inode = fd_at(f, fd)->cgroup ? fd_at(f, fd)->cgroup->inode : 4;
    return 0;
}

/* --- advice ------------------------------------------------------------------------------------------------------ */

static void page_out(struct fake *f, uint64_t *entry, size_t head)
{
    uint32_t flags = f->frames[head].flags;

    f->now_ns += f->page_ns;
    if (f->pinned || !(*entry & DRCL_PAGEMAP_EXCLUSIVE) || !(flags & DRCL_KPF_LRU) || (flags & DRCL_KPF_UNEVICTABLE))
        return;
    if (flags & DRCL_KPF_SWAPBACKED) {
        if (f->swap_free < PAGE)
            return;
        f->swap_free -= PAGE;
    }
    f->paged_out += PAGE;
    f->frames[*entry & DRCL_PAGEMAP_PFN].gone = true;
    *entry = DRCL_PAGEMAP_SWAPPED;
}

static int advise_range(struct fake *f, struct fake_process *p, uint64_t start, uint64_t end)
{
    int r = 0;

    for (uint64_t addr = start; addr < end; addr += PAGE) {
        struct fake_area *area = fake_area_of(p, addr);
        uint64_t *entry = fake_entry_at(p, addr);
        size_t head;

        if (area && area->locked)
            return -EINVAL;
        if (!entry) {
            r = -ENOMEM;
            continue;
        }
        if (!(*entry & DRCL_PAGEMAP_PRESENT))
            continue;
        head = fake_head_of(f, *entry & DRCL_PAGEMAP_PFN);
        if (fake_pages_of(f, head) > 1) {
            uint64_t first = addr - ((*entry & DRCL_PAGEMAP_PFN) - head) * PAGE;

            if (first < start || first + fake_pages_of(f, head) * PAGE > end) {
                f->nr_torn++;
                continue;
            }
        }
        page_out(f, entry, head);
    }
    fake_free_gone(f);
    return r;
}

static ssize_t fake_sys_process_madvise(void *data, int pidfd, const struct iovec *iov, size_t n, int advice)
{
    struct fake *f = data;
    size_t done = 0;
    int r = called(f);

    if (r)
        return r;
    if (pidfd < 0)
        return -EBADF;
    f->nr_advise++;
    if (f->advise_error)
        return f->advise_error;
    if (fd_at(f, pidfd)->process->exited)
        return -ESRCH;
    if (n > 0 && f->script_at < f->script_len) {
        r = f->script[f->script_at++];
        if (r)
            return r;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t start = (uintptr_t)iov[i].iov_base;

        r = advice == 21 ? advise_range(f, fd_at(f, pidfd)->process, start, start + iov[i].iov_len) : 0;
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += iov[i].iov_len;
    }
    return (ssize_t)done;
}

static int fake_sys_pidfd_open(void *data, pid_t pid)
{
    struct fake *f = data;
    int r = called(f);

    if (r)
        return r;
    for (size_t i = 0; i < f->nr_processes; i++)
        if (f->processes[i].pid == pid && !f->processes[i].exited)
            return new_fd(f, FILE_PIDFD, &f->processes[i]);
    return -ESRCH;
}

static int fake_sys_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    struct fake *f = data;
    int ready = 0, r = called(f);

    (void)timeout_ms;
    if (r)
        return r;
    for (unsigned int i = 0; i < n; i++) {
        struct fake_fd *fd = fd_at(f, fds[i].fd);

        fds[i].revents = fd->kind == FILE_PIDFD && fd->process->exited ? POLLIN : 0;
        ready += fds[i].revents != 0;
    }
    return ready;
}

static int fake_sys_timer_new(void *data)
{
    int r = called(data);

    return r ? r : new_fd(data, FILE_TIMER, NULL);
}

static int fake_sys_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    (void)deadline_ns;
    return fd_at(data, fd)->kind == FILE_TIMER ? called(data) : -EBADF;
}

static int fake_sys_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    struct fake *f = data;

    (void)id;
    *ret_ns = f->now_ns;
    return 0;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static const struct damon_reclaim_system_ops system_ops = {
    .size = sizeof(system_ops),
    .open = fake_sys_open,
    .close = fake_sys_close,
    .pread = fake_sys_pread,
    .pwrite = fake_sys_pwrite,
    .ioctl = fake_sys_ioctl,
    .process_madvise = fake_sys_process_madvise,
    .pidfd_open = fake_sys_pidfd_open,
    .poll = fake_sys_poll,
    .timer_new = fake_sys_timer_new,
    .timer_set = fake_sys_timer_set,
    .clock = fake_sys_clock,
    .getdents = fake_sys_getdents,
    .inode = fake_sys_inode,
};

struct damon_reclaim_config fake_config(struct fake *f)
{
    static struct damon_reclaim_allocator allocator;

    allocator = counted_allocator(&f->memory);
    return (struct damon_reclaim_config){.size = sizeof(struct damon_reclaim_config),
                                         .backend = "idle-page",
                                         .seed = 1,
                                         .system_ops = &system_ops,
                                         .system_data = f,
                                         .allocator = &allocator};
}

struct fake *fake_open(void)
{
    struct fake *f = calloc(1, sizeof(*f));
    struct damon_reclaim_config config;

    ck_assert_ptr_nonnull(f);
    f->next_frame = 64;
    f->now_ns = 5000000000;
    f->page_ns = 2000;
    f->iomem = "00000000-07ffffff : System RAM\n";
    f->own_cgroup = "/";
    fake_cgroup(f, "", 1);
    f->swap_total = f->swap_free = 1024 * MIB;
    config = fake_config(f);
    ck_assert_int_eq(drcl_env_init(&f->env, &config), 0);
    return f;
}

void fake_close(struct fake *f)
{
    drcl_env_fini(&f->env);
    ck_assert_uint_eq(f->nr_open, 0);
    ck_assert_uint_eq(f->memory.nr_blocks, 0);
    for (size_t i = 0; i < f->nr_processes; i++)
        fake_unmap_all(&f->processes[i]);
    free(f);
}

void *fake_backend(struct fake *f, struct fake_process *p)
{
    void *backend = NULL;

    f->pidfd = fake_sys_pidfd_open(f, p->pid);
    ck_assert_int_ge(f->pidfd, 0);
    ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &backend), 0);
    ck_assert_int_eq(drcl_backend_idle_page.ops->target_add(backend, 1, p->pid, f->pidfd), 0);
    return backend;
}

void fake_backend_free(struct fake *f, void *backend)
{
    drcl_backend_idle_page.ops->destroy(backend);
    fake_sys_close(f, f->pidfd);
}
