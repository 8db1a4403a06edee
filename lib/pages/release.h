/* SPDX-License-Identifier: MIT */
/*
 * Frees frames that are in the swap cache and written. The kernel puts them where it reclaims first; who asks it for no
 * more bytes than are there gets these and no others. A cgroup of its own can be asked, and, where the kernel is new
 * enough and nothing is excluded, a memory node.
 */
#ifndef DRCL_PAGES_RELEASE_H
#define DRCL_PAGES_RELEASE_H

#include "pages/pages.h"

/* As in struct damon_reclaim_backend_ops. */
int drcl_pages_release(struct drcl_pages *pages, uint32_t scheme, uint64_t deadline_ns,
                       damon_reclaim_released_fn *report, void *data);

#endif
