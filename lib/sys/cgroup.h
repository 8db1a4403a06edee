/* SPDX-License-Identifier: MIT */
/* The control groups: which has which inode number, and memory.reclaim (Documentation/admin-guide/cgroup-v2.rst of the
 * kernel). Paths are those below the mount point, "/" for the root; the mount point in front of one is taken off. */
#ifndef DRCL_SYS_CGROUP_H
#define DRCL_SYS_CGROUP_H

#include "base/env.h"

/* The inode number of a cgroup's directory, which is what kpagecgroup tells. -ENOENT names the path. */
int drcl_cgroup_inode(struct drcl_env *env, const char *path, uint64_t *ret_inode);

/* The path of the cgroup with an inode number: its length, -ENOENT if there is none, -EFBIG if it does not fit. Walks
 * the tree. */
ssize_t drcl_cgroup_path(struct drcl_env *env, uint64_t inode, char *buf, size_t size);

/* Calls @each for a cgroup and all below it, the upper ones first; what it returns other than 0 ends the walk and is
 * returned. */
int drcl_cgroup_walk(struct drcl_env *env, const char *path, int (*each)(void *data, const char *path, uint64_t inode),
                     void *data);

/* Calls @each for the cgroups that pages of a cgroup and of all below it are charged to: those of them that have the
 * memory controller or, if it does not have it itself, the nearest one above that has it. */
int drcl_cgroup_walk_charged(struct drcl_env *env, const char *path,
                             int (*each)(void *data, const char *path, uint64_t inode), void *data);

/* Calls @each for the processes in a cgroup, not for those below it; what it returns other than 0 ends that and is
 * returned. */
int drcl_cgroup_processes(struct drcl_env *env, const char *path, int (*each)(void *data, pid_t pid), void *data);

/* Which pages of a cgroup the kernel is to reclaim. */
enum drcl_cgroup_pages {
    DRCL_CGROUP_FILE_PAGES,       /* of files, no others */
    DRCL_CGROUP_SWAP_BACKED_PAGES /* of memory that goes to swap; a kernel that cannot choose takes the others as well
                                   */
};

/* Asks the kernel to reclaim @bytes of a cgroup that has none below it. 0; -EAGAIN when it got less; -EOPNOTSUPP when
 * this kernel cannot, or other cgroups would suffer. */
int drcl_cgroup_reclaim(struct drcl_env *env, const char *path, enum drcl_cgroup_pages pages, uint64_t bytes);

#endif
