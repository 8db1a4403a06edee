/* SPDX-License-Identifier: MIT */
/* /proc/kpagecgroup: the inode number of the cgroup that a frame is charged to
 * (Documentation/admin-guide/mm/pagemap.rst of the kernel). */
#ifndef DRCL_SYS_KPAGECGROUP_H
#define DRCL_SYS_KPAGECGROUP_H

#include "base/env.h"
#include "sys/frames.h"

#define DRCL_KPAGECGROUP_SPAN 512 /* entries an access */

struct drcl_kpagecgroup {
    struct drcl_env *env;
    int fd;
    uint64_t buf[DRCL_KPAGECGROUP_SPAN];
};

/* Opens the file. -ENOENT without CONFIG_MEMCG; errors name it and the privilege. */
int drcl_kpagecgroup_open(struct drcl_kpagecgroup *file, struct drcl_env *env);
void drcl_kpagecgroup_close(struct drcl_kpagecgroup *file);

/* The cgroups of @n frames, at most DRCL_KPAGECGROUP_SPAN, from @pfn on: valid in file->buf until the next call; 0 for
 * a frame that is charged to none, or lies beyond the end of memory. */
int drcl_kpagecgroup_read(struct drcl_kpagecgroup *file, uint64_t pfn, size_t n);

#endif
