/* SPDX-License-Identifier: MIT */
/* /proc/kpagecgroup: the inode number of the cgroup that a frame is charged to
 * (Documentation/admin-guide/mm/pagemap.rst of the kernel). */
#ifndef DRCL_SYS_KPAGECGROUP_H
#define DRCL_SYS_KPAGECGROUP_H

#include "sys/frame_file.h"

/* Opens the file. -ENOENT without CONFIG_MEMCG; errors name it and the privilege. */
int drcl_kpagecgroup_open(struct drcl_frame_file *file, struct drcl_env *env);

/* The cgroups of the sorted frames: that of frame i becomes inodes[frames[i].index]; 0 for a frame that is charged to
 * none, or lies beyond the end of memory. */
int drcl_kpagecgroup_get(struct drcl_frame_file *file, const struct drcl_frame *frames, size_t n, uint64_t *inodes);

#endif
