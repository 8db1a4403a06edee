/* SPDX-License-Identifier: MIT */
#include "sys/kpageflags.h"

#include "sys/frame_file.h"

#define PATH "/proc/kpageflags"
#define SPAN 512 /* words a call */
#define GAP  32  /* reading this many entries for nothing costs less than another call */

int drcl_kpageflags_open(struct drcl_kpageflags *flags, struct drcl_env *env)
{
    int fd = drcl_frame_file_open(env, PATH, "CONFIG_PROC_PAGE_MONITOR=y");

    if (fd < 0)
        return fd;
    flags->env = env;
    flags->fd = fd;
    return 0;
}

void drcl_kpageflags_close(struct drcl_kpageflags *flags)
{
    drcl_close(flags->env, flags->fd);
    flags->fd = -1;
}

int drcl_kpageflags_read(struct drcl_kpageflags *flags, uint64_t pfn, size_t n, uint64_t *words)
{
    return drcl_frame_file_read(flags->env, flags->fd, PATH, pfn, n, words, DRCL_KPF_NOPAGE);
}

int drcl_kpageflags_get(struct drcl_kpageflags *flags, struct drcl_frame *frames, size_t n)
{
    uint64_t words[SPAN];

    while (n > 0) {
        size_t run = drcl_frames_run(frames, n, 0, GAP, SPAN);
        uint64_t first = frames[0].pfn;
        int r = drcl_kpageflags_read(flags, first, (size_t)(frames[run - 1].pfn - first) + 1, words);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            frames[i].flags =
                (frames[i].flags & DRCL_FRAME_IDLE) | ((uint32_t)words[frames[i].pfn - first] & ~DRCL_FRAME_IDLE);
        frames += run;
        n -= run;
    }
    return 0;
}
