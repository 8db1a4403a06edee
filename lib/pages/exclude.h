/* SPDX-License-Identifier: MIT */
/* What must never be reclaimed: processes, which the reverse map passes over, and the pages charged to cgroups and to
 * those below them, which come and go. */
#ifndef DRCL_IDLE_EXCLUDE_H
#define DRCL_IDLE_EXCLUDE_H

#include "backends/idle_page/idle_page.h"

int drcl_exclude_set(struct drcl_idle_page *b, const struct damon_reclaim_exclusion *exclusions, size_t n);
void drcl_exclude_free(struct drcl_idle_page *b);
/* Looks again which cgroups there are, if that was long ago. */
int drcl_exclude_refresh(struct drcl_idle_page *b);
bool drcl_exclude_any_memcg(const struct drcl_idle_page *b);
bool drcl_exclude_has_memcg(const struct drcl_idle_page *b, uint64_t inode);

#endif
