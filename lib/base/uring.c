/* SPDX-License-Identifier: MIT */
/*
 * Writes that do not wait: an io_uring with room for one (io_uring(7)). The kernel has a thread of its own do the
 * write, because the files it is for have no other way. What is needed of the interface is declared here, as not every
 * C library comes with the kernel's headers.
 */
#include "base/uring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#endif

#define OP_WRITE    23        /* IORING_OP_WRITE */
#define ASYNC       (1u << 4) /* IOSQE_ASYNC */
#define SINGLE_MMAP (1u << 0) /* IORING_FEAT_SINGLE_MMAP */
#define OFF_RINGS   0
#define OFF_SQES    0x10000000

struct submission { /* struct io_uring_sqe */
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t offset;
    uint64_t addr;
    uint32_t len;
    uint32_t rest[9];
};

struct completion { /* struct io_uring_cqe */
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

struct params { /* struct io_uring_params */
    uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, reserved[3];
    struct {
        uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, reserved[3];
    } sq_off;
    struct {
        uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved[3];
    } cq_off;
};

_Static_assert(sizeof(struct submission) == 64 && sizeof(struct completion) == 16 && sizeof(struct params) == 120,
               "as the kernel has them");

struct uring {
    int fd;
    size_t size; /* of this struct's own mapping */
    char *rings; /* submissions and completions */
    size_t rings_size;
    struct submission *sqe;
    size_t sqe_size;
    struct params params;
};

static void *map(int fd, size_t size, off_t offset)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

    return at == MAP_FAILED ? NULL : at;
}

static unsigned int *ring_word(const struct uring *u, unsigned int offset)
{
    return (unsigned int *)(void *)(u->rings + offset);
}

static int map_rings(struct uring *u)
{
    const struct params *p = &u->params;
    size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned int);
    size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct completion);

    if (!(p->features & SINGLE_MMAP))
        return -ENOSYS;
    u->rings_size = sq > cq ? sq : cq;
    u->rings = map(u->fd, u->rings_size, OFF_RINGS);
    u->sqe_size = p->sq_entries * sizeof(*u->sqe);
    u->sqe = map(u->fd, u->sqe_size, OFF_SQES);
    return u->rings && u->sqe ? 0 : -errno;
}

int drcl_uring_new(void *data, void **ret_writer)
{
    struct uring *u = map(-1, sizeof(*u), 0);
    int r;

    if (!u)
        return -ENOMEM;
    u->size = sizeof(*u);
    u->fd = (int)syscall(SYS_io_uring_setup, 1u, &u->params); /* close-on-exec by itself */
    r = u->fd < 0 ? -errno : map_rings(u);
    if (r < 0) {
        drcl_uring_free(data, u);
        return r;
    }
    *ret_writer = u;
    return 0;
}

int drcl_uring_start(void *data, void *writer, int fd, const void *buf, size_t len)
{
    struct uring *u = writer;
    unsigned int *tail = ring_word(u, u->params.sq_off.tail), mask = *ring_word(u, u->params.sq_off.ring_mask);
    long n;

    (void)data;
    memset(u->sqe, 0, sizeof(*u->sqe));
    u->sqe->opcode = OP_WRITE;
    u->sqe->flags = ASYNC;
    u->sqe->fd = fd;
    u->sqe->addr = (uintptr_t)buf;
    u->sqe->len = (uint32_t)len;
    ring_word(u, u->params.sq_off.array)[*tail & mask] = 0;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    do
        n = syscall(SYS_io_uring_enter, u->fd, 1u, 0u, 0u, NULL, (size_t)0);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        return 0;
    n = n < 0 ? -errno : -EIO;
    __atomic_store_n(tail, *tail - 1, __ATOMIC_RELEASE); /* the kernel has not taken it */
    return (int)n;
}

int drcl_uring_result(void *data, void *writer, ssize_t *ret_n)
{
    struct uring *u = writer;
    unsigned int *head = ring_word(u, u->params.cq_off.head), mask = *ring_word(u, u->params.cq_off.ring_mask);
    const struct completion *cqes = (const void *)(u->rings + u->params.cq_off.cqes);

    (void)data;
    if (*head == __atomic_load_n(ring_word(u, u->params.cq_off.tail), __ATOMIC_ACQUIRE))
        return -EAGAIN;
    *ret_n = cqes[*head & mask].result;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return 0;
}

void drcl_uring_free(void *data, void *writer)
{
    struct uring *u = writer;

    (void)data;
    if (u->sqe)
        munmap(u->sqe, u->sqe_size);
    if (u->rings)
        munmap(u->rings, u->rings_size);
    if (u->fd >= 0)
        close(u->fd);
    munmap(u, u->size);
}
