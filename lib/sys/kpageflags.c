/* SPDX-License-Identifier: MIT */
#include "sys/kpageflags.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define PATH "/proc/kpageflags"
#define GAP  32 /* reading this many entries for nothing costs less than another call */

int drcl_kpageflags_open(struct drcl_kpageflags *flags, struct drcl_env *env)
{
    int fd = drcl_open(env, O_RDONLY, PATH);

    if (fd == -ENOENT)
        return drcl_error(env, fd, PATH " is missing: boot a kernel with CONFIG_PROC_PAGE_MONITOR=y");
    if (fd == -EACCES || fd == -EPERM)
        return drcl_error(env, -EPERM, PATH " cannot be opened: run as root");
    if (fd < 0)
        return drcl_error(env, fd, PATH " cannot be opened: %s", strerror(-fd));
    flags->env = env;
    flags->fd = fd;
    return 0;
}

void drcl_kpageflags_close(struct drcl_kpageflags *flags)
{
    drcl_close(flags->env, flags->fd);
    flags->fd = -1;
}

int drcl_kpageflags_read(struct drcl_kpageflags *flags, uint64_t pfn, size_t n)
{
    size_t len = n * sizeof(uint64_t), done = 0;

    while (done < len) {
        ssize_t r =
            drcl_pread(flags->env, flags->fd, (char *)flags->buf + done, len - done, pfn * sizeof(uint64_t) + done);

        if (r < 0)
            return drcl_error(flags->env, (int)r, PATH " cannot be read: %s", strerror((int)-r));
        if (r < (ssize_t)sizeof(uint64_t))
            break; /* the end of memory */
        done += (size_t)r & ~(sizeof(uint64_t) - 1);
    }
    for (size_t i = done / sizeof(uint64_t); i < n; i++)
        flags->buf[i] = DRCL_KPF_NOPAGE;
    return 0;
}

int drcl_kpageflags_get(struct drcl_kpageflags *flags, struct drcl_frame *frames, size_t n)
{
    while (n > 0) {
        size_t run = drcl_frames_run(frames, n, 0, GAP, DRCL_KPAGEFLAGS_SPAN);
        uint64_t first = frames[0].pfn;
        int r = drcl_kpageflags_read(flags, first, (size_t)(frames[run - 1].pfn - first) + 1);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            frames[i].flags =
                (frames[i].flags & DRCL_FRAME_IDLE) | ((uint32_t)flags->buf[frames[i].pfn - first] & ~DRCL_FRAME_IDLE);
        frames += run;
        n -= run;
    }
    return 0;
}
