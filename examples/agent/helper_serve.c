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
    struct damon_reclaim_range ranges[HELPER_RANGES];
} data;

/* PAGEMAP_SCAN, as the kernel's documentation describes it. */
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t inverted, mask, any_of, returned;
};

#define SCAN    _IOWR('f', 16, struct scan)
#define PRESENT (UINT64_C(1) << 3)

long helper_scan(int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    struct {
        uint64_t start, end, categories;
    } found = {0};
    struct scan arg = {.size = sizeof(arg),
                       .start = start,
                       .end = end,
                       .vec = (uintptr_t)&found,
                       .vec_len = 1,
                       .mask = PRESENT,
                       .returned = PRESENT};
    int r = ioctl(fd, (int)SCAN, &arg);

    if (r > 0)
        *ret_range = (struct damon_reclaim_range){found.start, found.end};
    return r < 0 ? -errno : r;
}

long helper_advise(int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice)
{
    struct iovec iov[HELPER_RANGES];
    size_t taken = n < HELPER_RANGES ? n : HELPER_RANGES;
    long r;

    for (size_t i = 0; i < taken; i++)
        iov[i] = (struct iovec){.iov_base = (void *)(uintptr_t)ranges[i].start,
                                .iov_len = (size_t)(ranges[i].end - ranges[i].start)};
    r = syscall(SYS_process_madvise, pidfd, iov, taken, advice, 0u);
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
    case HELPER_SCAN:
        *ret_len = sizeof(data.ranges[0]);
        return helper_scan(fd, message->offset, message->end, &data.ranges[0]);
    case HELPER_ADVISE:
        return helper_advise(fd, data.ranges, len / sizeof(data.ranges[0]), (int)message->number);
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
