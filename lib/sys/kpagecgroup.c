/* SPDX-License-Identifier: MIT */
#include "sys/kpagecgroup.h"

#include "sys/frame_file.h"

#define PATH "/proc/kpagecgroup"
#define SPAN 512 /* words a call */
#define GAP  32  /* reading this many words for nothing costs less than another call */

int drcl_kpagecgroup_open(struct drcl_kpagecgroup *file, struct drcl_env *env)
{
    int fd = drcl_frame_file_open(env, PATH, "CONFIG_PROC_PAGE_MONITOR=y and CONFIG_MEMCG=y");

    if (fd < 0)
        return fd;
    file->env = env;
    file->fd = fd;
    return 0;
}

void drcl_kpagecgroup_close(struct drcl_kpagecgroup *file)
{
    drcl_close(file->env, file->fd);
    file->fd = -1;
}

int drcl_kpagecgroup_read(struct drcl_kpagecgroup *file, uint64_t pfn, size_t n, uint64_t *inodes)
{
    return drcl_frame_file_read(file->env, file->fd, PATH, pfn, n, inodes, 0);
}

int drcl_kpagecgroup_get(struct drcl_kpagecgroup *file, const struct drcl_frame *frames, size_t n, uint64_t *inodes)
{
    uint64_t words[SPAN];

    while (n > 0) {
        size_t run = drcl_frames_run(frames, n, 0, GAP, SPAN);
        uint64_t first = frames[0].pfn;
        int r = drcl_kpagecgroup_read(file, first, (size_t)(frames[run - 1].pfn - first) + 1, words);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            inodes[frames[i].index] = words[frames[i].pfn - first];
        frames += run;
        n -= run;
    }
    return 0;
}
