/* SPDX-License-Identifier: MIT */
/* The process with privileges. It does not trust its client: it refuses a request for a file that is not on the list,
 * or for another process than its target. */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/*! [list] */
enum whose { NOBODYS, TARGETS, CLIENTS };

/* The files that the backend idle-page opens. */
static const struct {
    enum whose whose;
    const char *path; /* below /proc/PID, except for NOBODYS */
    int mode;
} allowed[] = {
    {TARGETS, "maps", O_RDONLY},
    {TARGETS, "pagemap", O_RDONLY},
    {TARGETS, "stat", O_RDONLY},
    {TARGETS, "status", O_RDONLY},
    {CLIENTS, "pagemap", O_RDONLY},
    {NOBODYS, "/proc/kpageflags", O_RDONLY},
    {NOBODYS, "/proc/meminfo", O_RDONLY},
    {NOBODYS, "/proc/pressure/memory", O_RDONLY},
    {NOBODYS, "/sys/kernel/mm/page_idle/bitmap", O_RDWR},
};
/*! [list] */

/* The path that the client requests for entry @i, and the path that the broker opens. They differ for "self", which is
 * the client. */
static void name_paths(const struct broker *broker, size_t i, char *requested, char *opened)
{
    const char *path = allowed[i].path;

    switch (allowed[i].whose) {
    case NOBODYS:
        snprintf(requested, BROKER_MAX_PATH, "%s", path);
        snprintf(opened, BROKER_MAX_PATH, "%s", path);
        break;
    case TARGETS:
        snprintf(requested, BROKER_MAX_PATH, "/proc/%d/%s", (int)broker->target, path);
        snprintf(opened, BROKER_MAX_PATH, "/proc/%d/%s", (int)broker->target, path);
        break;
    case CLIENTS:
        snprintf(requested, BROKER_MAX_PATH, "/proc/self/%s", path);
        snprintf(opened, BROKER_MAX_PATH, "/proc/%d/%s", (int)broker->client, path);
        break;
    }
}

/* A pid is not reused while its process lives. If the target still lives after a call, the call was about the target.
 */
static bool target_lives(const struct broker *broker)
{
    struct pollfd pfd = {.fd = broker->pidfd, .events = POLLIN};

    return poll(&pfd, 1, 0) == 0;
}

static int open_allowed(const struct broker *broker, const struct broker_request *request)
{
    int flags = request->argument & ~O_CLOEXEC;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        char requested[BROKER_MAX_PATH], opened[BROKER_MAX_PATH];
        int fd;

        name_paths(broker, i, requested, opened);
        if (strcmp(request->path, requested) != 0 || (flags != allowed[i].mode && flags != O_RDONLY))
            continue;
        fd = open(opened, flags | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        if (allowed[i].whose == TARGETS && !target_lives(broker)) {
            close(fd);
            return -ESRCH;
        }
        return fd;
    }
    return -EACCES;
}

static int64_t advise(const struct broker *broker, const struct broker_request *request)
{
    struct iovec ranges[BROKER_MAX_RANGES];
    long done;

    if (request->argument != MADV_PAGEOUT && request->argument != MADV_COLD)
        return -EACCES;
    for (size_t i = 0; i < request->nr_ranges; i++)
        ranges[i] = (struct iovec){.iov_base = (void *)(uintptr_t)request->ranges[i].start,
                                   .iov_len = (size_t)(request->ranges[i].end - request->ranges[i].start)};
    done = syscall(SYS_process_madvise, broker->pidfd, ranges, request->nr_ranges, request->argument, 0u);
    return done < 0 ? -errno : done;
}

/* Executes a request. It puts a descriptor for the client into *ret_fd, which the caller closes. */
static int64_t perform(const struct broker *broker, struct broker_request *request, int *ret_fd)
{
    request->path[BROKER_MAX_PATH - 1] = '\0';
    if (request->nr_ranges > BROKER_MAX_RANGES)
        return -EINVAL;
    switch (request->operation) {
    case BROKER_OPEN:
        *ret_fd = open_allowed(broker, request);
        return *ret_fd < 0 ? *ret_fd : 0;
    case BROKER_HOLD:
        if (request->argument != broker->target)
            return -EACCES;
        *ret_fd = fcntl(broker->pidfd, F_DUPFD_CLOEXEC, 0);
        return *ret_fd < 0 ? -errno : 0;
    case BROKER_ADVISE:
        return advise(broker, request);
    }
    return -EINVAL;
}

/* Sends the answer: a number, and a descriptor if there is one. */
static int answer(int socket, int64_t result, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(fd))];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd))}};
    struct iovec data = {.iov_base = &result, .iov_len = sizeof(result)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int broker_serve(const struct broker *broker)
{
    struct broker_request request;
    int r = 0;

    while (r == 0 || r == -EINTR) {
        ssize_t n = recv(broker->socket, &request, sizeof(request), 0);
        int64_t result;
        int fd = -1;

        if (n == 0)
            return 0;
        if (n < 0) {
            r = -errno;
            continue;
        }
        result = n == sizeof(request) ? perform(broker, &request, &fd) : -EINVAL;
        r = answer(broker->socket, result, fd);
        if (fd >= 0)
            close(fd);
    }
    return r == -EPIPE ? 0 : r;
}
