/* SPDX-License-Identifier: MIT */
/* Exclusions: what must never be reclaimed. Of processes the pids and commands are kept here; of cgroups the inode
 * numbers of those given and of all below them, which come and go. */
#ifndef DRCL_PAGES_EXCLUDE_H
#define DRCL_PAGES_EXCLUDE_H

#include "base/env.h"

/* A sorted set of cgroups. */
struct drcl_inodes {
    uint64_t *inodes;
    size_t n;
    size_t capacity;
};

struct drcl_exclude {
    pid_t *pids; /* ascending */
    size_t nr_pids;
    char *commands; /* patterns, each with its NUL */
    size_t nr_commands;
    char *paths; /* of cgroups, each with its NUL */
    size_t nr_paths;
    struct drcl_inodes memcgs; /* that pages of those and of all below them are charged to */
    struct drcl_inodes others; /* that were seen and are none of them */
    bool root;                 /* the root is one of them: all memory is excluded */
    uint64_t next_ns;          /* when to look for them again */
    bool ranges;               /* addresses are excluded, too */
};

/* Copies the exclusions and looks up the cgroups. Errors have a text; then drcl_exclude_fini() frees what there is. */
int drcl_exclude_init(struct drcl_exclude *exclude, struct drcl_env *env,
                      const struct damon_reclaim_exclusion *exclusions, size_t n);
void drcl_exclude_fini(struct drcl_exclude *exclude, struct drcl_env *env);
/* Looks again which cgroups there are, if that was long ago. */
int drcl_exclude_refresh(struct drcl_exclude *exclude, struct drcl_env *env);
/* Whether processes are excluded at all. */
static inline bool drcl_exclude_has_processes(const struct drcl_exclude *exclude)
{
    return exclude->nr_pids || exclude->nr_commands;
}

/* Whether a process is excluded by its number or by the command that it runs now: 1, 0 or an error, which has a text.
 */
int drcl_exclude_has_process(const struct drcl_exclude *exclude, struct drcl_env *env, pid_t pid);
/* Whether a page that is charged to the cgroup is excluded: 1, 0 or an error, which has a text. A cgroup that was not
 * seen before may have been made since the cgroups were looked for, so they are looked for again. */
int drcl_exclude_has_memcg(struct drcl_exclude *exclude, struct drcl_env *env, uint64_t inode);

#endif
