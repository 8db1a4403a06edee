/* SPDX-License-Identifier: MIT */
/* What is never reclaimed, as filters of the kernel. */
#ifndef DRCL_DAMON_EXCLUDED_H
#define DRCL_DAMON_EXCLUDED_H

#include "drivers/damon/damon.h"
#include "drivers/damon/put.h"

/* The backend's operation. */
int drcl_damon_exclude(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n);
/* Whether the kernel can leave out what is excluded, with these targets and schemes. */
int drcl_damon_check_exclusions(struct drcl_view *view, struct drcl_damon *d);
/* Lists the cgroups that are excluded, and those below them. */
int drcl_damon_list_exclusions(struct drcl_view *view, struct drcl_damon *d);
/* Lists them again; unless @at_once only if the last time is a while ago. Returns whether the list is another one. */
bool drcl_damon_relist_exclusions(struct drcl_view *view, struct drcl_damon *d, bool at_once);
/* If @result says that the kernel has refused a configuration (it cannot find a cgroup, or that has no memory
 * controller), and the cgroups are others than those in it: lists the cgroups again,
 * marks the tree as stale, and returns true. The caller writes the configuration once more. */
bool drcl_damon_relist_if_refused(struct drcl_view *view, struct drcl_damon *d, int result);
/* Writes what is excluded and then the filters of a scheme. */
void drcl_put_scheme_filters(struct drcl_put *put, struct drcl_view *view, struct drcl_damon *d,
                             const struct drcl_scheme *scheme, size_t slot);

#endif
