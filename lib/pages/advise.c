/* SPDX-License-Identifier: MIT */
#include "pages/advise.h"

#include <errno.h>
#include <string.h>

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
    case -EOVERFLOW:
        return drcl_error(env, err,
                          "pid %d: it has memory above 4 GiB, which a program of 32 bits cannot advise; use one of "
                          "64 bits",
                          (int)pid);
    default:
        return drcl_error(env, err, "pid %d: process_madvise failed: %s", (int)pid, strerror(-err));
    }
}

/* Moves the front of the ranges by @bytes; how many ranges are used up. */
static size_t advance(struct damon_reclaim_range *ranges, size_t n, uint64_t bytes)
{
    size_t i = 0;

    for (; i < n && bytes >= ranges[i].end - ranges[i].start; i++)
        bytes -= ranges[i].end - ranges[i].start;
    if (i < n)
        ranges[i].start += bytes;
    return i;
}

int drcl_advise(struct drcl_env *env, pid_t pid, int pidfd, int advice, const struct damon_reclaim_range *ranges,
                size_t n, uint64_t *ret_tried, uint64_t *ret_refused)
{
    struct damon_reclaim_range left[DRCL_ADVISE_RANGES];
    uint64_t tried = 0, refused = 0;
    unsigned int retries = 0;

    memcpy(left, ranges, n * sizeof(*left));
    for (size_t i = 0; i < n;) {
        ssize_t done = drcl_process_madvise(env, pidfd, &left[i], n - i, advice);

        if (done > 0) {
            tried += (uint64_t)done;
            i += advance(&left[i], n - i, (uint64_t)done);
            retries = 0;
            continue;
        }
        if ((done == -EINTR || done == -EAGAIN) && retries++ < MAX_RETRIES)
            continue;
        /* What failed is the first range, and what it fails with is no matter of the others. */
        if (done == -ENOMEM) /* there is a hole in it by now; the kernel did the rest of it */
            tried += left[i].end - left[i].start;
        else if (done == -EINVAL || done == 0)
            refused += left[i].end - left[i].start;
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
