/* SPDX-License-Identifier: MIT */
#include "pages/physical.h"

#include <errno.h>

#include "base/arith.h"

#define RMAP_SHARE 1024 /* of the memory there is, the table of owners may take such a part */
#define MIN_RMAP   ((size_t)32 << 20)
#define MAX_RMAP   ((size_t)256 << 20) /* huge pages of 16 TiB */

static size_t rmap_bytes(const struct drcl_ram *ram)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < ram->n; i++)
        bytes += ram->ranges[i].end - ram->ranges[i].start;
    bytes /= RMAP_SHARE;
    return (size_t)drcl_min(drcl_max(bytes, MIN_RMAP), MAX_RMAP);
}

int drcl_physical_new(struct drcl_env *env, struct drcl_ram *ram, const struct drcl_exclude *exclude,
                      struct drcl_cgroups *cgroups, struct drcl_physical **ret)
{
    struct drcl_physical *physical = drcl_zalloc(env, sizeof(*physical));
    int r;

    if (!physical)
        return drcl_error(env, -ENOMEM, "out of memory");
    physical->ram = ram;
    physical->unmapped.cgroups = cgroups;
    r = drcl_rmap_new(env, rmap_bytes(ram), &physical->search.rmap);
    if (r == 0)
        r = drcl_physical_exclude(physical, exclude);
    if (r < 0) {
        drcl_physical_free(physical, env);
        return drcl_error(env, r, "out of memory");
    }
    *ret = physical;
    return 0;
}

void drcl_physical_free(struct drcl_physical *physical, struct drcl_env *env)
{
    if (!physical)
        return;
    drcl_processes_close(&physical->processes, env);
    drcl_rmap_free(physical->search.rmap);
    drcl_free(env, physical);
}

void drcl_physical_forget(struct drcl_physical *physical, struct drcl_env *env)
{
    drcl_processes_close(&physical->processes, env);
    drcl_owner_search_reset(&physical->search);
}

int drcl_physical_exclude(struct drcl_physical *physical, const struct drcl_exclude *exclude)
{
    return drcl_rmap_exclude(physical->search.rmap, exclude->pids, exclude->nr_pids);
}
