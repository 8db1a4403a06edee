/* SPDX-License-Identifier: MIT */
/* /proc/kpagecgroup: the inode number of the cgroup that a frame is charged to
 * (Documentation/admin-guide/mm/pagemap.rst of the kernel). */
#ifndef DRCL_SYS_KPAGECGROUP_H
#define DRCL_SYS_KPAGECGROUP_H

#include "base/env.h"
#include "sys/frames.h"

struct drcl_kpagecgroup {
    struct drcl_env *env;
    int fd;
};

/* Opens the file. -ENOENT without CONFIG_MEMCG; errors name it and the privilege. */
int drcl_kpagecgroup_open(struct drcl_kpagecgroup *file, struct drcl_env *env);
void drcl_kpagecgroup_close(struct drcl_kpagecgroup *file);

/* The cgroups of the @n frames from @pfn on; 0 for a frame that is charged to none, or lies beyond the end of memory.
 */
int drcl_kpagecgroup_read(struct drcl_kpagecgroup *file, uint64_t pfn, size_t n, uint64_t *inodes);

/* The cgroups of the sorted frames: that of frame i becomes inodes[frames[i].index]. */
int drcl_kpagecgroup_get(struct drcl_kpagecgroup *file, const struct drcl_frame *frames, size_t n, uint64_t *inodes);

#endif
