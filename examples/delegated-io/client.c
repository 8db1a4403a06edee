/* SPDX-License-Identifier: MIT */
/* The process without privileges. The functions that need privileges ask the broker. The other members of the table are
 * NULL: the library makes these calls itself. */
#include "broker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Waits for the answer. It returns the number, and puts the descriptor into *ret_fd, or -1 if there is none. */
static int64_t receive(int socket, int *ret_fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    int64_t result;
    struct iovec data = {.iov_base = &result, .iov_len = sizeof(result)};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header;
    ssize_t n;

    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != sizeof(result))
        return n < 0 ? -errno : -EPIPE; /* the broker has ended */
    header = CMSG_FIRSTHDR(&message);
    *ret_fd = -1;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
    return result;
}

static int64_t ask(void *data, const struct broker_request *request, int *ret_fd)
{
    const int *socket = data;
    ssize_t n;

    do
        n = send(*socket, request, sizeof(*request), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : receive(*socket, ret_fd);
}

/* Sends a request whose answer is a descriptor. */
static int ask_for_fd(void *data, const struct broker_request *request)
{
    int fd = -1;
    int64_t r = ask(data, request, &fd);

    if (r < 0)
        return (int)r;
    return fd < 0 ? -EMFILE : fd; /* it was sent, but this process cannot open more files */
}

/*! [client] */
static int ask_open(void *data, const char *path, int flags)
{
    struct broker_request request = {.operation = BROKER_OPEN, .argument = flags};

    if (strlen(path) >= sizeof(request.path))
        return -ENAMETOOLONG;
    strcpy(request.path, path);
    return ask_for_fd(data, &request);
}

static int ask_hold(void *data, pid_t pid)
{
    struct broker_request request = {.operation = BROKER_HOLD, .argument = pid};

    return ask_for_fd(data, &request);
}

/* The pidfd need not be sent, because the broker has only one target. */
static ssize_t ask_advise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice)
{
    struct broker_request request = {.operation = BROKER_ADVISE, .argument = advice};
    int none;

    (void)pidfd;
    request.nr_ranges = n < BROKER_MAX_RANGES ? n : BROKER_MAX_RANGES; /* the library asks again for the rest */
    memcpy(request.ranges, ranges, request.nr_ranges * sizeof(*ranges));
    return (ssize_t)ask(data, &request, &none);
}

const struct damon_reclaim_system_ops client_ops = {
    .size = sizeof(client_ops),
    .open = ask_open,
    .pidfd_open = ask_hold,
    .process_madvise = ask_advise,
    .flags = DAMON_RECLAIM_SYSTEM_REST_IS_REAL, /* the descriptors that the other process sends are ours */
};
/*! [client] */
