/* SPDX-License-Identifier: MIT */
#include "scripted_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

/* Counts the call; the error that it is to return. */
static int failing(struct scripted *s)
{
    return ++s->nr_system_calls == s->system_fail_at ? s->system_error : 0;
}

size_t scripted_open_fds(const struct scripted *s)
{
    size_t n = 0;

    for (size_t i = 0; i < MAX_FDS; i++)
        n += s->fds[i].open;
    return n;
}

static struct scripted_fd *new_fd(struct scripted *s, int *ret)
{
    for (int i = 0; i < MAX_FDS; i++) {
        if (s->fds[i].open)
            continue;
        memset(&s->fds[i], 0, sizeof(s->fds[i]));
        s->fds[i].open = true;
        *ret = FIRST_FD + i;
        return &s->fds[i];
    }
    ck_abort_msg("too many open files");
    return NULL;
}

static struct scripted_fd *fd_of(struct scripted *s, int fd)
{
    expect(fd >= FIRST_FD && fd < FIRST_FD + MAX_FDS && s->fds[fd - FIRST_FD].open);
    return &s->fds[fd - FIRST_FD];
}

static struct scripted_process *process_of(struct scripted *s, pid_t pid)
{
    for (size_t i = 0; i < sizeof(s->processes) / sizeof(s->processes[0]); i++)
        if (pid && s->processes[i].pid == pid)
            return &s->processes[i];
    return NULL;
}

/* What is in a file; false if there is none. */
static bool text_of(struct scripted *s, const char *path, char *text, size_t size)
{
    const struct scripted_process *process;
    char name[16];
    int pid;

    s->nr_meminfo += !strcmp(path, "/proc/meminfo");
    if (!strcmp(path, "/proc/meminfo") && s->meminfo)
        return snprintf(text, size, "%s", s->meminfo) >= 0;
    if (!strcmp(path, "/proc/pressure/memory") && s->pressure)
        return snprintf(text, size, "%s", s->pressure) >= 0;
    if (!strcmp(path, "/sys/fs/cgroup/cgroup.controllers") && s->cgroups[0].path)
        return snprintf(text, size, "memory\n") >= 0;
    if (sscanf(path, "/proc/%d/%15s", &pid, name) != 2)
        return false;
    process = process_of(s, pid);
    if (!process)
        return false;
    if (!strcmp(name, "stat"))
        return snprintf(text, size, "%d (a (strange) name) %c 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 %d 0 %d 9 9\n", pid,
                        process->exited ? 'Z' : 'S', process->kernel_thread ? 0x208040u : 0x400100u,
                        process->nr_threads ? process->nr_threads : 1, 7000 + pid) > 0;
    if (!strcmp(name, "comm"))
        return process->comm && snprintf(text, size, "%s\n", process->comm) > 0;
    if (!strcmp(name, "status"))
        return snprintf(text, size, "Name:\tstrange\nTgid:\t%d\nPid:\t%d\n", process->process ? process->process : pid,
                        pid) > 0;
    return false;
}

static bool is_hidden_name(struct scripted *s, const char *path)
{
    const struct scripted_process *process;
    int pid, n = 0;

    if (sscanf(path, "/proc/%d/comm%n", &pid, &n) != 1 || !n)
        return false;
    process = process_of(s, pid);
    return process && !process->comm;
}

static const struct scripted_cgroup *cgroup_of(const struct scripted *s, const char *path)
{
    const char *prefix = "/sys/fs/cgroup";

    for (size_t i = 0; i < sizeof(s->cgroups) / sizeof(s->cgroups[0]); i++)
        if (s->cgroups[i].path && !strncmp(path, prefix, strlen(prefix)) &&
            !strcmp(path + strlen(prefix), s->cgroups[i].path))
            return &s->cgroups[i];
    return NULL;
}

static int sys_open(void *data, const char *path, int flags)
{
    struct scripted *s = data;
    const struct scripted_cgroup *cgroup = cgroup_of(s, path);
    int r = failing(s), fd;
    char text[512];

    expect(flags & O_CLOEXEC);
    if (r < 0)
        return r;
    if (cgroup) {
        new_fd(s, &fd)->inode = cgroup->inode;
        return fd;
    }
    if (!text_of(s, path, text, sizeof(text)))
        return is_hidden_name(s, path) ? -EACCES : -ENOENT;
    memcpy(new_fd(s, &fd)->text, text, sizeof(text));
    return fd;
}

static int sys_close(void *data, int fd)
{
    struct scripted *s = data;
    int r = failing(s);

    /* Closed whatever it returns, as in Linux. */
    fd_of(s, fd)->open = false;
    return r;
}

static ssize_t sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct scripted *s = data;
    const char *text = fd_of(s, fd)->text;
    size_t total = strlen(text), n;
    int r = failing(s);

    if (r < 0)
        return r;
    if (offset >= total)
        return 0;
    /* Never much at a time, as the files of /proc may do. */
    n = total - offset < 100 ? total - offset : 100;
    n = n < len ? n : len;
    memcpy(buf, text + offset, n);
    return (ssize_t)n;
}

static ssize_t sys_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    (void)data, (void)fd, (void)buf, (void)len, (void)offset;
    return -EBADF;
}

static int sys_scan_present(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    (void)data, (void)fd, (void)start, (void)end, (void)ret_range;
    return -ENOTTY;
}

static ssize_t sys_madvise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice)
{
    (void)data, (void)pidfd, (void)ranges, (void)n, (void)advice;
    return -EINVAL;
}

static int sys_pidfd_open(void *data, pid_t pid)
{
    struct scripted *s = data;
    const struct scripted_process *process = process_of(s, pid);
    int r = failing(s), fd;
    struct scripted_fd *new;

    if (r < 0)
        return r;
    if (!process)
        return -ESRCH;
    new = new_fd(s, &fd);
    new->pid = pid;
    new->process = (size_t)(process - s->processes);
    return fd;
}

/* A pidfd is readable when its process has exited. Waiting for the timer makes the time pass. */
static int sys_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    struct scripted *s = data;
    const struct scripted_fd *fd = fd_of(s, fds[0].fd);
    const struct scripted_process *process = &s->processes[fd->process];
    int r = failing(s);

    expect(n == 1);
    if (r < 0)
        return r;
    if (!fd->timer)
        return process->pid != fd->pid || process->exited;
    expect(timeout_ms < 0 && s->timer_ns);
    if (s->system_ns < s->timer_ns)
        s->system_ns = s->timer_ns;
    return 1;
}

static int sys_timer_new(void *data)
{
    struct scripted *s = data;
    int r = failing(s), fd;

    if (r < 0)
        return r;
    new_fd(s, &fd)->timer = true;
    return fd;
}

static int sys_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    struct scripted *s = data;
    int r = failing(s);

    expect(fd_of(s, fd)->timer);
    if (r == 0)
        s->timer_ns = deadline_ns;
    return r;
}

static int sys_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    struct scripted *s = data;
    int r = failing(s);

    if (r == 0)
        *ret_ns = id == CLOCK_MONOTONIC ? s->system_ns : s->system_ns / 2;
    return r;
}

static int sys_inode(void *data, int fd, uint64_t *ret_inode)
{
    struct scripted *s = data;
    int r = failing(s);

    if (r == 0)
        *ret_inode = fd_of(s, fd)->inode;
    return r;
}

const struct damon_reclaim_system_ops scripted_system_ops = {
    .size = sizeof(scripted_system_ops),
    .open = sys_open,
    .close = sys_close,
    .pread = sys_pread,
    .pwrite = sys_pwrite,
    .scan_present = sys_scan_present,
    .process_madvise = sys_madvise,
    .pidfd_open = sys_pidfd_open,
    .poll = sys_poll,
    .timer_new = sys_timer_new,
    .timer_set = sys_timer_set,
    .clock = sys_clock,
    .inode = sys_inode,
};
