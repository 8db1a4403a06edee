/* SPDX-License-Identifier: MIT */
/* The processes that are worked on. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE      4096
#define FILE_PATH "/tmp/data-file"

/* What is written to word number @i of page number @page. */
static uint64_t pattern(uint64_t page, size_t i)
{
    return (page * 512 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

void guest_fill(void *memory, uint64_t bytes)
{
    uint64_t *words = memory;

    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8 / 2; i++)
            words[page * (PAGE / 8) + i] = pattern(page, i);
}

bool guest_is_filled(const void *memory, uint64_t bytes)
{
    const uint64_t *words = memory;

    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8; i++)
            if (words[page * (PAGE / 8) + i] != (i < PAGE / 8 / 2 ? pattern(page, i) : 0))
                return false;
    return true;
}

/* Moves memory into a file, and maps that in its place. */
static void put_into_file(const char *path, char *p, uint64_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    for (uint64_t done = 0; done < bytes;) {
        ssize_t n = pwrite(fd, p + done, bytes - done, (off_t)done);

        if (n <= 0)
            guest_die(path);
        done += (uint64_t)n;
    }
    if (mmap(p, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
        guest_die(path);
    close(fd);
}

static char *make_memory(const struct guest_workload *w)
{
    int flags = w->memory & GUEST_SHARED ? MAP_SHARED | MAP_ANONYMOUS : MAP_PRIVATE | MAP_ANONYMOUS;
    char *p;

    if (w->memory & GUEST_HUGETLB)
        flags |= MAP_HUGETLB;
    p = mmap(NULL, w->total, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED)
        guest_die("mmap");
    if (w->memory & GUEST_NO_HUGE)
        madvise(p, w->total, MADV_NOHUGEPAGE);
    if (w->memory & GUEST_HUGE)
        madvise(p, w->total, MADV_HUGEPAGE);
    guest_fill(p, w->total);
    if (w->memory & GUEST_FILE) {
        put_into_file(w->path ? w->path : FILE_PATH, p, w->file ? w->file : w->total);
        if (!guest_is_filled(p, w->total))
            guest_die("the file reads back wrong");
    }
    if ((w->memory & GUEST_LOCKED) && mlock(p, w->total) < 0)
        guest_die("mlock");
    return p;
}

static void touch(const char *p, uint64_t bytes)
{
    for (int pass = 0; pass < 4; pass++)
        for (uint64_t i = 0; i < bytes; i += PAGE)
            (void)*(const volatile char *)(p + i);
}

void guest_enter_cgroup(const char *name)
{
    char path[128];

    guest_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", name);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        guest_die(path);
    snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/cgroup.procs", name);
    if (!guest_write(path, "0"))
        guest_die(path);
}

static void work(const struct guest_workload *w, int command, int answer)
{
    struct pollfd request = {.fd = command, .events = POLLIN};
    uint64_t reply;
    char *p;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (w->cgroup)
        guest_enter_cgroup(w->cgroup);
    p = make_memory(w);
    if ((w->memory & GUEST_SHARED) && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!guest_is_filled(p, w->total))
            guest_die("shared memory reads wrong");
        for (;;)
            pause();
    }
    reply = (uintptr_t)p;
    while (write(answer, &reply, sizeof(reply)) == (ssize_t)sizeof(reply)) {
        char c;

        while (poll(&request, 1, w->hot ? 20 : -1) == 0)
            touch(p + w->hot_at, w->hot);
        if (read(command, &c, 1) != 1)
            break;
        reply = guest_is_filled(p, w->total);
    }
    _exit(0);
}

static uint64_t reply_of(struct guest_workload *w)
{
    uint64_t reply;

    if (read(w->answer, &reply, sizeof(reply)) != (ssize_t)sizeof(reply))
        guest_die("the workload does not answer");
    return reply;
}

/* fork(), for a child with a certain pid. */
static pid_t fork_as(pid_t pid)
{
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = pid ? (uintptr_t)&pid : 0, .set_tid_size = pid != 0};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

void guest_start(struct guest_workload *w)
{
    int command[2], answer[2];

    fflush(stdout);
    if (pipe2(command, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
        guest_die("pipe");
    w->pid = fork_as(w->want_pid);
    if (w->pid < 0)
        guest_die("fork");
    if (w->pid == 0) {
        close(command[1]);
        close(answer[0]);
        work(w, command[0], answer[1]);
    }
    close(command[0]);
    close(answer[1]);
    w->command = command[1];
    w->answer = answer[0];
    w->addr = reply_of(w);
}

bool guest_intact(struct guest_workload *w)
{
    if (write(w->command, "c", 1) != 1)
        guest_die("the workload is gone");
    return reply_of(w) == 1;
}

void guest_stop(struct guest_workload *w)
{
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    close(w->command);
    close(w->answer);
}
