/* SPDX-License-Identifier: MIT */
#include "sys/kpagecgroup.h"

#include "sys/frame_file.h"

#define PATH "/proc/kpagecgroup"

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

int drcl_kpagecgroup_read(struct drcl_kpagecgroup *file, uint64_t pfn, size_t n)
{
    return drcl_frame_file_read(file->env, file->fd, PATH, pfn, n, file->buf, 0);
}
