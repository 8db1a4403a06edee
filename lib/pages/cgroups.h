/* SPDX-License-Identifier: MIT */
/* Cgroups that can be asked to reclaim pages which no process maps. The kernel chooses which of a cgroup's pages go, so
 * no cgroup is asked whose other pages must not be touched. */
#ifndef DRCL_PAGES_CGROUPS_H
#define DRCL_PAGES_CGROUPS_H

#include "pages/exclude.h"

#define DRCL_NR_CGROUPS 8 /* that are remembered */

/* What a cgroup can be asked for. */
enum drcl_cgroup_use {
    DRCL_CGROUP_FILES,      /* pages of files; the caller's own may be among them, so not its own cgroup */
    DRCL_CGROUP_SWAP_CACHE, /* as many pages as are in the swap cache, which the kernel takes first */
    DRCL_NR_CGROUP_USES
};

/* What is known of a cgroup. */
struct drcl_known_cgroup {
    uint64_t inode;    /* 0: none */
    uint64_t until_ns; /* for so long */
    bool able[DRCL_NR_CGROUP_USES];
    char path[256];
};

struct drcl_cgroups {
    struct drcl_known_cgroup at[DRCL_NR_CGROUPS];
    size_t next; /* the one to be given away */
};

/* What is known of the cgroup with an inode number. Finds it out if nothing is known, or it was found out long ago. */
struct drcl_known_cgroup *drcl_cgroups_get(struct drcl_cgroups *cgroups, struct drcl_env *env,
                                           struct drcl_exclude *exclude, uint64_t inode);
/* The cgroup has refused: it is not asked again for a while. */
void drcl_cgroup_refused(struct drcl_known_cgroup *cgroup, struct drcl_env *env, enum drcl_cgroup_use use);
/* What is known no longer holds. */
void drcl_cgroups_forget(struct drcl_cgroups *cgroups);

#endif
