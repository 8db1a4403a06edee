/* SPDX-License-Identifier: MIT */
#include "helper_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

ssize_t helper_send(int socket, const void *head, size_t head_len, const void *data, size_t len, int fd)
{
    struct iovec parts[] = {{(void *)(uintptr_t)head, head_len}, {(void *)(uintptr_t)data, len}};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n;

    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
    }
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t helper_receive(int socket, void *head, size_t head_len, void *data, size_t room, int *ret_fd)
{
    struct iovec parts[] = {{head, head_len}, {data, room}};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    const struct cmsghdr *header;
    ssize_t n;

    *ret_fd = -1;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
    return n;
}

/* The data of the message that is served, with room for any answer. */
static union {
    char bytes[HELPER_MOST];
    struct iovec ranges[HELPER_IOVEC];
    uint64_t aligned;
} data;

/* As PAGEMAP_SCAN has it: the argument, and behind it room for the regions that it points to. */
struct scan {
    uint64_t size, flags, start, end, walk_end, vec;
    uint64_t rest[6];
    uint64_t regions[];
};

static long scan(int fd, unsigned long request, size_t len)
{
    struct scan *arg = (void *)data.bytes;
    int r;

    if (len < sizeof(*arg))
        return -EINVAL;
    arg->vec = (uintptr_t)arg->regions;
    r = ioctl(fd, (int)request, arg);
    return r < 0 ? -errno : r;
}

/* Makes the call. Returns its result; what belongs to the answer is in `data`, *ret_len bytes of it. */
static long make_call(const struct helper_message *message, int fd, size_t len, size_t *ret_len)
{
    long r;

    *ret_len = 0;
    switch (message->call) {
    case HELPER_OPEN:
        data.bytes[sizeof(data.bytes) - 1] = '\0';
        r = open(data.bytes, (int)message->number | O_CLOEXEC);
        break;
    case HELPER_PREAD:
        r = pread(fd, data.bytes, message->room < HELPER_MOST ? (size_t)message->room : HELPER_MOST,
                  (off_t)message->offset);
        *ret_len = r > 0 ? (size_t)r : 0;
        break;
    case HELPER_IOCTL:
        *ret_len = len;
        return scan(fd, (unsigned long)message->request, len);
    case HELPER_ADVISE:
        r = syscall(SYS_process_madvise, fd, data.ranges, len / sizeof(struct iovec), message->number, 0u);
        break;
    default:
        return -ENOSYS;
    }
    return r < 0 ? -errno : r;
}

_Noreturn void helper_serve(int socket)
{
    for (;;) {
        struct helper_message message;
        struct helper_answer answer = {0};
        size_t len;
        int fd;
        ssize_t n = helper_receive(socket, &message, sizeof(message), data.bytes, sizeof(data.bytes), &fd);
        int opened;

        if (n < (ssize_t)sizeof(message))
            _exit(0); /* the daemon has ended, or has given this helper up */
        answer.result = make_call(&message, fd, (size_t)n - sizeof(message), &len);
        answer.len = len;
        opened = message.call == HELPER_OPEN && answer.result >= 0 ? (int)answer.result : -1;
        if (helper_send(socket, &answer, sizeof(answer), data.bytes, len, opened) < 0)
            _exit(0);
        if (opened >= 0)
            close(opened);
        if (fd >= 0)
            close(fd);
    }
}
