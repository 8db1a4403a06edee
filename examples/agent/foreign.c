/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/files.h"
#include "foreign_files.h"
#include "helper.h"
#include "helper_serve.h"
#include "identity.h"
#include "left_alone.h"
#include "reading_note.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

#define RECHECK_NS UINT64_C(1000000000) /* a trusted process may have changed its user since */

static struct {
    bool begun;
    const char *root;
    void (*warn)(const char *text);
    struct identity_users users;
    struct foreign_files files;
    struct left_alone left_alone;
    struct reading_note note;
    struct helper helper;
} foreign;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void warn(const char *format, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    foreign.warn(text);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void open_note(const char *path)
{
    struct error_text error;
    struct identity who = {.user = IDENTITY_NOBODY};

    if (reading_note_open(&foreign.note, path, &who.pid, &who.start, &error) < 0) {
        foreign.warn(error.text);
        return;
    }
    if (who.pid)
        warn("process %d was being read when the daemon last ended: it is left alone for %u minutes", (int)who.pid,
             left_alone_add(&foreign.left_alone, &who, 0, now_ns()));
}

int foreign_begin(const char *root, const char *note, void (*warn_line)(const char *text), struct error_text *error)
{
    char *copy = strdup(root);

    if (!copy)
        return error_set(error, -ENOMEM, "no memory");
    foreign_end();
    foreign.root = copy;
    foreign.warn = warn_line;
    foreign.begun = true;
    if (note)
        open_note(note);
    return 0;
}

int foreign_trust(const char *const *users, size_t n, bool may_be_missing, struct error_text *error)
{
    return identity_add_users(&foreign.users, users, n, may_be_missing, error);
}

void foreign_end(void)
{
    if (!foreign.begun)
        return;
    helper_end(&foreign.helper);
    reading_note_close(&foreign.note);
    identity_free_users(&foreign.users);
    free(foreign.files.at);
    free((char *)(uintptr_t)foreign.root);
    memset(&foreign, 0, sizeof(foreign));
}

/* --- who it is --------------------------------------------------------------------------------------------------- */

static int open_directory(pid_t pid)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/proc/%d", foreign.root, (int)pid);
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static struct identity identify(pid_t pid)
{
    struct identity who = {.pid = pid, .user = IDENTITY_NOBODY};
    int directory = open_directory(pid);

    if (directory >= 0) {
        who = identity_read(directory, pid, &foreign.users);
        close(directory);
    }
    return who;
}

bool foreign_is_trusted(pid_t pid)
{
    return identify(pid).trusted;
}

/* A process that was trusted may be so no more. One that was not is not trusted with what it did before. */
static void check_again(struct foreign_file *file, uint64_t now)
{
    struct identity who;

    if (!file->who.trusted || now - file->checked < RECHECK_NS)
        return;
    who = identify(file->who.pid);
    file->checked = now;
    file->who.trusted = who.trusted && who.start == file->who.start;
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

/* Has the helper make a call about a process. */
static ssize_t ask(const struct identity *who, const char *name, const struct helper_request *request)
{
    int timeout_ms = request->call == HELPER_ADVISE ? FOREIGN_ADVISE_MS : FOREIGN_MS;
    unsigned int minutes;
    pid_t lost;
    ssize_t r = helper_call(&foreign.helper, request, timeout_ms, &lost);

    if (!lost)
        return r;
    minutes = left_alone_add(&foreign.left_alone, who, lost, now_ns());
    warn("process %d (user %d): its %s %s: it is left alone for %u minutes", (int)who->pid, (int)who->user, name,
         r == -ETIMEDOUT ? "keeps whoever looks at it waiting" : "ended the helper that looked at it", minutes);
    return -EACCES;
}

/* Before each call about a process: 0, or -EACCES if the process is left alone. */
static int begin_call(const struct identity *who, uint64_t now)
{
    if (left_alone_has(&foreign.left_alone, who, now))
        return -EACCES;
    reading_note_set(&foreign.note, who->pid, who->start);
    return 0;
}

static ssize_t end_call(ssize_t r)
{
    reading_note_set(&foreign.note, 0, 0);
    return r;
}

enum { HERE, BY_HELPER };

/* Before each call on an open file; NULL: it is of no process. Returns who makes the call, or -EACCES. */
static int begin_on(struct foreign_file *file)
{
    uint64_t now;
    int r;

    if (!file)
        return HERE;
    now = now_ns();
    check_again(file, now);
    r = begin_call(&file->who, now);
    return r < 0 ? r : file->who.trusted ? HERE : BY_HELPER;
}

/* After a call that was made here: with its result, or with that of a system call. */
static ssize_t end_with(const struct foreign_file *file, ssize_t r)
{
    return file ? end_call(r) : r;
}

static ssize_t end_on(const struct foreign_file *file, ssize_t r)
{
    return end_with(file, r < 0 ? -errno : r);
}

/* Opens a file by way of the process' directory, so that it is of the process that was found to be trusted. */
static int open_file(int directory, const struct identity *who, const char *path, const char *name, int flags)
{
    struct helper_request request = {
        .call = HELPER_OPEN, .fd = -1, .number = flags, .data = path, .len = strlen(path) + 1};
    int fd;

    if (!who->trusted)
        return (int)ask(who, name, &request);
    fd = openat(directory, name, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int remember(int fd, const struct identity *who, const char *name)
{
    struct foreign_file file = {.who = *who, .checked = now_ns()};
    int r;

    snprintf(file.name, sizeof(file.name), "%s", name);
    r = foreign_files_add(&foreign.files, fd, &file);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

static int open_foreign(const char *path, pid_t pid, const char *name, int flags)
{
    int directory = open_directory(pid), r;
    struct identity who;

    if (directory < 0)
        return directory;
    who = identity_read(directory, pid, &foreign.users);
    r = begin_call(&who, now_ns());
    if (r == 0)
        r = (int)end_call(open_file(directory, &who, path, name, flags));
    close(directory);
    return r < 0 ? r : remember(r, &who, name);
}

static int sys_open(void *data, const char *path, int flags)
{
    const char *name;
    pid_t pid;
    int fd;

    (void)data;
    if (foreign_files_parse(foreign.root, path, &pid, &name) && pid != getpid())
        return open_foreign(path, pid, name, flags);
    fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int sys_close(void *data, int fd)
{
    (void)data;
    foreign_files_remove(&foreign.files, fd);
    return close(fd) < 0 ? -errno : 0;
}

static ssize_t sys_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    struct foreign_file *file = foreign_files_find(&foreign.files, fd);
    struct helper_request request = {
        .call = HELPER_PREAD, .fd = fd, .offset = offset, .answer = buf, .room = len < HELPER_MOST ? len : HELPER_MOST};
    int who = begin_on(file);

    (void)data;
    if (who == BY_HELPER)
        return end_call(ask(&file->who, file->name, &request));
    return who < 0 ? who : end_on(file, pread(fd, buf, len, (off_t)offset));
}

static int sys_scan_present(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    struct foreign_file *file = foreign_files_find(&foreign.files, fd);
    struct helper_request request = {
        .call = HELPER_SCAN, .fd = fd, .offset = start, .end = end, .answer = ret_range, .room = sizeof(*ret_range)};
    int who = begin_on(file);

    (void)data;
    if (who == BY_HELPER)
        return (int)end_call(ask(&file->who, file->name, &request));
    return who < 0 ? who : (int)end_with(file, helper_scan(fd, start, end, ret_range));
}

/* --- reclaiming -------------------------------------------------------------------------------------------------- */

static int sys_pidfd_open(void *data, pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0u);
    struct identity who;

    (void)data;
    if (fd < 0)
        return -errno;
    who = identify(pid);
    return remember((int)fd, &who, "memory");
}

static ssize_t sys_process_madvise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n,
                                   int advice)
{
    struct foreign_file *file = foreign_files_find(&foreign.files, pidfd);
    struct helper_request request = {.call = HELPER_ADVISE,
                                     .fd = pidfd,
                                     .number = advice,
                                     .data = ranges,
                                     .len = (n < HELPER_RANGES ? n : HELPER_RANGES) * sizeof(*ranges)};
    int who = file ? begin_on(file) : -EBADF;

    (void)data;
    if (who == BY_HELPER)
        return end_call(ask(&file->who, file->name, &request));
    return who < 0 ? who : end_with(file, helper_advise(pidfd, ranges, n, advice));
}

/* --- for others -------------------------------------------------------------------------------------------------- */

const struct damon_reclaim_system_ops *foreign_system_ops(void)
{
    static const struct damon_reclaim_system_ops ops = {
        .size = sizeof(ops),
        .open = sys_open,
        .close = sys_close,
        .pread = sys_pread,
        .scan_present = sys_scan_present,
        .process_madvise = sys_process_madvise,
        .pidfd_open = sys_pidfd_open,
        .flags = DAMON_RECLAIM_SYSTEM_OPENS_HERE,
    };

    return foreign.begun ? &ops : NULL;
}

static ssize_t read_at(int fd, void *buf, size_t len, uint64_t offset)
{
    return sys_pread(NULL, fd, buf, len, offset);
}

int foreign_read_begin(const char *path, char *buf, size_t size)
{
    int fd = foreign.begun ? sys_open(NULL, path, O_RDONLY) : open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return foreign.begun ? fd : -errno;
    while ((n > 0 || n == -EINTR) && len < size - 1) {
        n = sys_pread(NULL, fd, buf + len, size - 1 - len, len);
        len += n > 0 ? (size_t)n : 0;
    }
    sys_close(NULL, fd);
    buf[len] = '\0';
    return n < 0 && n != -EINTR ? (int)n : (int)len;
}

int foreign_read(const char *path, char **ret, size_t *ret_len)
{
    const char *name;
    pid_t pid;
    int fd, r;

    if (!foreign.begun || !foreign_files_parse(foreign.root, path, &pid, &name))
        return file_read(path, ret, ret_len);
    fd = sys_open(NULL, path, O_RDONLY);
    if (fd < 0)
        return fd;
    r = file_read_by(read_at, fd, ret, ret_len);
    sys_close(NULL, fd);
    return r;
}
