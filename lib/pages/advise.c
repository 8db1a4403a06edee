/* SPDX-License-Identifier: MIT */
#include "pages/advise.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define MAX_RETRIES 3

int drcl_advise_error(struct drcl_env *env, pid_t pid, int err)
{
    switch (err) {
    case -ESRCH:
        return drcl_error(env, err, "pid %d has exited", (int)pid);
    case -EPERM:
    case -EACCES:
        return drcl_error(env, -EPERM,
                          "pid %d: process_madvise is not permitted: CAP_SYS_NICE and the right to read the process "
                          "(PTRACE_MODE_READ: CAP_SYS_PTRACE, or the same user) are needed",
                          (int)pid);
    case -ENOSYS:
        return drcl_error(env, -EOPNOTSUPP,
                          "process_madvise is missing: boot Linux 5.10 or newer with CONFIG_ADVISE_SYSCALLS=y");
    default:
        return drcl_error(env, err, "pid %d: process_madvise failed: %s", (int)pid, strerror(-err));
    }
}

/* Moves the front of the ranges by @bytes; how many ranges are used up. */
static size_t advance(struct iovec *iov, size_t n, size_t bytes)
{
    size_t i = 0;

    while (i < n && bytes >= iov[i].iov_len)
        bytes -= iov[i++].iov_len;
    if (i < n) {
        iov[i].iov_base = (char *)iov[i].iov_base + bytes;
        iov[i].iov_len -= bytes;
    }
    return i;
}

int drcl_advise(struct drcl_env *env, pid_t pid, int pidfd, int advice, const struct damon_reclaim_range *ranges,
                size_t n, uint64_t *ret_tried, uint64_t *ret_refused)
{
    struct iovec iov[DRCL_ADVISE_RANGES];
    uint64_t tried = 0, refused = 0;
    unsigned int retries = 0;

    for (size_t i = 0; i < n; i++)
        iov[i] = (struct iovec){.iov_base = (void *)(uintptr_t)ranges[i].start,
                                .iov_len = (size_t)(ranges[i].end - ranges[i].start)};
    for (size_t i = 0; i < n;) {
        ssize_t done = drcl_process_madvise(env, pidfd, &iov[i], n - i, advice);

        if (done > 0) {
            tried += (uint64_t)done;
            i += advance(&iov[i], n - i, (size_t)done);
            retries = 0;
            continue;
        }
        if ((done == -EINTR || done == -EAGAIN) && retries++ < MAX_RETRIES)
            continue;
        /* What failed is the first range, and what it fails with is no matter of the others. */
        if (done == -ENOMEM) /* there is a hole in it by now; the kernel did the rest of it */
            tried += iov[i].iov_len;
        else if (done == -EINVAL || done == 0)
            refused += iov[i].iov_len;
        else if (done == -ESRCH)
            return -ESRCH;
        else if (done != -EINTR && done != -EAGAIN)
            return drcl_advise_error(env, pid, (int)done);
        retries = 0;
        i++;
    }
    *ret_tried = tried;
    *ret_refused = refused;
    return 0;
}
