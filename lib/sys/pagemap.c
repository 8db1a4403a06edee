/* SPDX-License-Identifier: MIT */
#include "sys/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/process.h"

#define USER_END                                                                                                       \
    ((UINT64_C(1) << 47) - DRCL_PAGE_SIZE) /* where larger address spaces are in use, they are no error                \
                                            */

int drcl_pagemap_open(struct drcl_pagemap *map, struct drcl_env *env, pid_t pid, int pidfd)
{
    int fd = drcl_process_open(env, pid, pidfd, "pagemap");

    if (fd == -ESRCH)
        return fd;
    if (fd == -EACCES || fd == -EPERM)
        return drcl_error(env, -EPERM, "/proc/%d/pagemap cannot be opened: CAP_SYS_PTRACE is needed, or the same user",
                          (int)pid);
    if (fd < 0)
        return drcl_error(env, fd, "/proc/%d/pagemap cannot be opened: %s", (int)pid, strerror(-fd));
    *map = (struct drcl_pagemap){.env = env, .pid = pid, .pidfd = pidfd, .fd = fd};
    return 0;
}

void drcl_pagemap_close(struct drcl_pagemap *map)
{
    drcl_close(map->env, map->fd);
    map->fd = -1;
}

/* The file is bound to the memory that the process had when it was opened; after an exec or exit nothing can be read
 * from it. 1 if it still has something to say, 0 if it was opened anew, or an error. */
static int revive(struct drcl_pagemap *map)
{
    struct drcl_pagemap fresh;
    uint64_t entry;
    ssize_t n = drcl_pread(map->env, map->fd, &entry, sizeof(entry), 0);
    int r;

    if (n != 0)
        return n < 0 ? (int)n : 1;
    r = drcl_pagemap_open(&fresh, map->env, map->pid, map->pidfd);
    if (r < 0)
        return r;
    fresh.no_scan = map->no_scan;
    drcl_pagemap_close(map);
    *map = fresh;
    n = drcl_pread(map->env, map->fd, &entry, sizeof(entry), 0);
    if (n < 0)
        return (int)n;
    return n == 0 ? -ESRCH : 0; /* no memory: it is exiting */
}

int drcl_pagemap_read(struct drcl_pagemap *map, uint64_t addr, size_t n, uint64_t *entries)
{
    uint64_t offset = (addr >> DRCL_PAGE_SHIFT) * sizeof(uint64_t);
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t got = drcl_pread(map->env, map->fd, (char *)entries + done, len - done, offset + done);

        if (got == 0) {
            int r = revive(map);

            if (r < 0)
                return r;
            if (r > 0)
                break;
            done = 0;
            continue;
        }
        if (got < 0 || got % (ssize_t)sizeof(uint64_t))
            return drcl_error(map->env, got < 0 ? (int)got : -EIO, "/proc/%d/pagemap cannot be read: %s", (int)map->pid,
                              strerror(got < 0 ? (int)-got : EIO));
        done += (size_t)got;
    }
    memset((char *)entries + done, 0, len - done);
    return 0;
}

int drcl_pagemap_next_present(struct drcl_pagemap *map, uint64_t start, uint64_t end, uint64_t *ret_start,
                              uint64_t *ret_end)
{
    struct damon_reclaim_range range = {0};
    int r = map->no_scan ? -ENOTTY : drcl_scan_present(map->env, map->fd, start, end, &range);

    if (r == -EFAULT && end > USER_END) /* the caller's range goes on beyond what a process can have */
        r = start < USER_END ? drcl_scan_present(map->env, map->fd, start, USER_END, &range) : 0;
    if (r == -EFAULT || r == -ESRCH || r == -ENOMEM) {
        /* Not memory that a process can have, or the memory of before an exec: reading the entries will tell. */
        r = -ENOTTY;
    } else if (r == -ENOTTY || r == -EINVAL || r == -ENOSYS) {
        map->no_scan = true;
        r = -ENOTTY;
    }
    if (r < 0 && r != -ENOTTY)
        return drcl_error(map->env, r, "/proc/%d/pagemap cannot be scanned: %s", (int)map->pid, strerror(-r));
    *ret_start = r > 0 ? range.start : r == 0 ? end : start;
    *ret_end = r > 0 ? range.end : end;
    return 0;
}
