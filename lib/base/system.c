/* SPDX-License-Identifier: MIT */
/* The real system calls behind struct damon_reclaim_system_ops. Here and in uring.c alone the library makes one that
 * can fail. */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/uring.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

static int real_open(void *data, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    (void)data;
    return fd < 0 ? -errno : fd;
}

static int real_close(void *data, int fd)
{
    (void)data;
    return close(fd) < 0 ? -errno : 0;
}

static ssize_t real_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    ssize_t n = pread(fd, buf, len, (off_t)offset);

    (void)data;
    return n < 0 ? -errno : n;
}

static ssize_t real_pwrite(void *data, int fd, const void *buf, size_t len, uint64_t offset)
{
    ssize_t n = pwrite(fd, buf, len, (off_t)offset);

    (void)data;
    return n < 0 ? -errno : n;
}

/* PAGEMAP_SCAN, as the kernel's documentation describes it; the headers of most systems do not have it yet. */
struct scan_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};

struct scan_arg {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t vec;
    uint64_t vec_len;
    uint64_t max_pages;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};

#define SCAN         _IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT (UINT64_C(1) << 3)

static int real_scan_present(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
{
    struct scan_region region = {0};
    struct scan_arg arg = {.size = sizeof(arg),
                           .start = start,
                           .end = end,
                           .vec = (uintptr_t)&region,
                           .vec_len = 1,
                           .category_mask = SCAN_PRESENT,
                           .return_mask = SCAN_PRESENT};
    int r = ioctl(fd, (int)SCAN, &arg);

    (void)data;
    if (r < 0)
        return -errno;
    if (r > 0)
        *ret_range = (struct damon_reclaim_range){region.start, region.end};
    return r;
}

/* With pointers of 32 bits the call reaches the first 4 GiB; what is beyond must not become something else. */
static bool is_reachable(const struct damon_reclaim_range *range)
{
    return range->start <= range->end && range->end <= UINTPTR_MAX;
}

static ssize_t real_process_madvise(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n,
                                    int advice)
{
    struct iovec iov[64];
    size_t taken = 0;
    long r;

    (void)data;
    for (; taken < n && taken < sizeof(iov) / sizeof(iov[0]) && is_reachable(&ranges[taken]); taken++)
        iov[taken] = (struct iovec){.iov_base = (void *)(uintptr_t)ranges[taken].start,
                                    .iov_len = (size_t)(ranges[taken].end - ranges[taken].start)};
    if (n && !taken)
        return -EOVERFLOW;
    r = syscall(SYS_process_madvise, pidfd, iov, taken, advice, 0u);
    return r < 0 ? -errno : r;
}

static int real_pidfd_open(void *data, pid_t pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0u); /* close-on-exec by itself */

    (void)data;
    return fd < 0 ? -errno : (int)fd;
}

static int real_poll(void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
{
    int r = poll(fds, n, timeout_ms);

    (void)data;
    return r < 0 ? -errno : r;
}

static int real_timer_new(void *data)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    (void)data;
    return fd < 0 ? -errno : fd;
}

static int real_timer_set(void *data, int fd, uint64_t deadline_ns)
{
    /* Setting the time also takes back an expiry that was not read. */
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(deadline_ns / DRCL_NS_PER_S), .tv_nsec = (long)(deadline_ns % DRCL_NS_PER_S)}};

    (void)data;
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

static int real_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    struct timespec now;

    (void)data;
    if (clock_gettime(id, &now) < 0)
        return -errno;
    *ret_ns = (uint64_t)now.tv_sec * DRCL_NS_PER_S + (uint64_t)now.tv_nsec;
    return 0;
}

static int real_create(void *data, const char *path, unsigned int mode)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);

    (void)data;
    return fd < 0 ? -errno : fd;
}

static int real_lock(void *data, int fd)
{
    (void)data;
    return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int real_unlink(void *data, const char *path)
{
    (void)data;
    return unlink(path) < 0 ? -errno : 0;
}

static ssize_t real_getdents(void *data, int fd, void *buf, size_t len)
{
    long n = syscall(SYS_getdents64, fd, buf, len);

    (void)data;
    return n < 0 ? -errno : n;
}

static int real_inode(void *data, int fd, uint64_t *ret_inode)
{
    struct stat st;

    (void)data;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_inode = st.st_ino;
    return 0;
}

static int real_lock_range(void *data, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other)
{
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)len};

    (void)data;
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    if (errno != EAGAIN && errno != EACCES)
        return -errno;
    *ret_other = 0;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        *ret_other = (uint64_t)lock.l_len;
    return -EAGAIN;
}

static int real_status(void *data, int fd, struct damon_reclaim_file *ret_file)
{
    struct stat st;

    (void)data;
    if (fstat(fd, &st) < 0)
        return -errno;
    ret_file->mode = st.st_mode;
    ret_file->uid = st.st_uid;
    ret_file->nr_links = st.st_nlink;
    return 0;
}

static int real_mkdir(void *data, const char *path, unsigned int mode)
{
    (void)data;
    return mkdir(path, (mode_t)mode) < 0 ? -errno : 0;
}

/* For a table with descriptors of its own, which mean nothing to the kernel, in place of what it lacks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define LACKING(type, name, ...)                                                                                       \
    static type no_##name(__VA_ARGS__)                                                                                 \
    {                                                                                                                  \
        return -ENOSYS;                                                                                                \
    }
LACKING(int, open, void *data, const char *path, int flags)
LACKING(int, close, void *data, int fd)
LACKING(ssize_t, pread, void *data, int fd, void *buf, size_t len, uint64_t offset)
LACKING(ssize_t, pwrite, void *data, int fd, const void *buf, size_t len, uint64_t offset)
LACKING(int, scan_present, void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range)
LACKING(ssize_t, process_madvise, void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice)
LACKING(int, pidfd_open, void *data, pid_t pid)
LACKING(int, poll, void *data, struct pollfd *fds, unsigned int n, int timeout_ms)
LACKING(int, timer_new, void *data)
LACKING(int, timer_set, void *data, int fd, uint64_t deadline_ns)
LACKING(int, create, void *data, const char *path, unsigned int mode)
LACKING(int, lock, void *data, int fd)
LACKING(int, unlink, void *data, const char *path)
LACKING(ssize_t, getdents, void *data, int fd, void *buf, size_t len)
LACKING(int, inode, void *data, int fd, uint64_t *ret_inode)
LACKING(int, lock_range, void *data, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other)
LACKING(int, status, void *data, int fd, struct damon_reclaim_file *ret_file)
LACKING(int, mkdir, void *data, const char *path, unsigned int mode)
LACKING(int, writer_new, void *data, void **ret_writer)
#undef LACKING
#pragma GCC diagnostic pop

pid_t drcl_system_gettid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

void drcl_system_defaults(struct damon_reclaim_system_ops *ops)
{
    static const struct damon_reclaim_system_ops real = {
        .open = real_open,
        .close = real_close,
        .pread = real_pread,
        .pwrite = real_pwrite,
        .scan_present = real_scan_present,
        .process_madvise = real_process_madvise,
        .pidfd_open = real_pidfd_open,
        .poll = real_poll,
        .timer_new = real_timer_new,
        .timer_set = real_timer_set,
        .clock = real_clock,
        .create = real_create,
        .lock = real_lock,
        .unlink = real_unlink,
        .getdents = real_getdents,
        .inode = real_inode,
        .lock_range = real_lock_range,
        .status = real_status,
        .mkdir = real_mkdir,
        .writer_new = drcl_uring_new,
        .writer_start = drcl_uring_start,
        .writer_result = drcl_uring_result,
        .writer_free = drcl_uring_free,
    };
    bool own = ops->open || ops->create || ops->pidfd_open || ops->timer_new;
    bool opens_here = ops->flags & DAMON_RECLAIM_SYSTEM_OPENS_HERE;
    bool lacks = own && !opens_here && !(ops->flags & DAMON_RECLAIM_SYSTEM_REST_IS_REAL);

    ops->size = sizeof(*ops);
#define DEFAULT(member) ops->member = ops->member ? ops->member : lacks ? no_##member : real.member
    if (ops->open && !opens_here && !ops->writer_new)
        ops->writer_new = no_writer_new;
    DEFAULT(open);
    DEFAULT(close);
    DEFAULT(pread);
    DEFAULT(pwrite);
    DEFAULT(scan_present);
    DEFAULT(process_madvise);
    DEFAULT(pidfd_open);
    DEFAULT(poll);
    DEFAULT(timer_new);
    DEFAULT(timer_set);
    DEFAULT(create);
    DEFAULT(lock);
    DEFAULT(unlink);
    DEFAULT(getdents);
    DEFAULT(inode);
    DEFAULT(lock_range);
    DEFAULT(status);
    DEFAULT(mkdir);
    DEFAULT(writer_new);
#undef DEFAULT
    ops->clock = ops->clock ? ops->clock : real.clock;
    ops->writer_start = ops->writer_start ? ops->writer_start : real.writer_start;
    ops->writer_result = ops->writer_result ? ops->writer_result : real.writer_result;
    ops->writer_free = ops->writer_free ? ops->writer_free : real.writer_free;
}
