/* SPDX-License-Identifier: MIT */
/*
 * What reclaiming physical memory takes. An address is a frame number and an offset. To reclaim a frame takes its
 * owner: the reverse map tells who that should be (owner_search.h), the owner's pagemap whether it still is (claims.h),
 * and unmapped pages of files go through their cgroup (unmapped.h).
 */
#ifndef DRCL_PAGES_PHYSICAL_H
#define DRCL_PAGES_PHYSICAL_H

#include "pages/claims.h"
#include "pages/owner_search.h"
#include "pages/processes.h"
#include "pages/ram.h"
#include "pages/unmapped.h"

struct drcl_physical {
    struct drcl_ram *ram; /* all memory there is; not ours */
    struct drcl_owner_search search;
    struct drcl_claims claims;
    struct drcl_processes processes; /* the owners that are held open */
    struct drcl_unmapped unmapped;
    uint64_t words[DRCL_BATCH_PAGES]; /* of kpageflags, for the batch at hand */
};

/* Errors have a text. @exclude: processes whose frames are found by nobody. @cgroups stays the caller's. */
int drcl_physical_new(struct drcl_env *env, struct drcl_ram *ram, const struct drcl_exclude *exclude,
                      struct drcl_cgroups *cgroups, struct drcl_physical **ret);
void drcl_physical_free(struct drcl_physical *physical, struct drcl_env *env);
/* Nothing that was learnt of processes is kept, nor are they held open. */
void drcl_physical_forget(struct drcl_physical *physical, struct drcl_env *env);
/* Processes are excluded from here on. */
int drcl_physical_exclude(struct drcl_physical *physical, const struct drcl_exclude *exclude);

#endif
