/* SPDX-License-Identifier: MIT */
#ifndef DRCL_EXCLUSIONS_H
#define DRCL_EXCLUSIONS_H

#include "context.h"

/* Whether a process is excluded by its number or by the command that it runs: 1, 0 or an error. */
int drcl_is_excluded_process(struct damon_reclaim *ctx, pid_t pid);
void drcl_forget_exclusions(struct damon_reclaim *ctx);
/* Looks up the cgroup at @path. An error names member @member of entry @index of the program's @list. */
int drcl_find_cgroup(struct damon_reclaim *ctx, const char *list, size_t index, const char *member, const char *path,
                     uint64_t *ret_inode);

#endif
