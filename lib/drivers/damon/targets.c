/* SPDX-License-Identifier: MIT */
#include "drivers/damon/targets.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/operations.h"
#include "base/grow.h"

int drcl_damon_target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_damon *d = backend;

    (void)pidfd;
    if (d->nr_targets && !d->targets[0].pid != !pid)
        return drcl_error(d->env, -EOPNOTSUPP,
                          "target %u: physical memory and processes cannot be watched at once; remove "
                          "target %u first, or use another context",
                          id, d->targets[0].id);
    if (pid ? d->wanted == DRCL_DAMON_PADDR : d->wanted > DRCL_DAMON_PADDR)
        return drcl_refuse(d->env, -EOPNOTSUPP, "target.pid: %d, but the operations are %s, which watches %s", (int)pid,
                           drcl_damon_operations_name(d->wanted), pid ? "physical memory" : "processes");
    if (drcl_grow(d->env, &d->targets, &d->targets_cap, d->nr_targets + 1, sizeof(*d->targets)) < 0)
        return drcl_error(d->env, -ENOMEM, "target: out of memory");
    d->targets[d->nr_targets++] = (struct drcl_damon_target){.id = id, .pid = pid};
    return 0;
}

void drcl_damon_target_remove(void *backend, uint32_t id)
{
    struct drcl_damon *d = backend;

    for (size_t i = 0; i < d->nr_targets; i++) {
        if (d->targets[i].id != id)
            continue;
        d->nr_targets--;
        memmove(&d->targets[i], &d->targets[i + 1], (d->nr_targets - i) * sizeof(*d->targets));
        return;
    }
}

/* Of a process the kernel finds them, of physical memory we do. */
int drcl_damon_ranges(void *backend, uint32_t id, struct damon_reclaim_range *found, size_t capacity, size_t *ret_n)
{
    struct drcl_damon *d = backend;

    *ret_n = 0;
    for (size_t i = 0; i < d->nr_targets; i++)
        if (d->targets[i].id == id && d->targets[i].pid)
            return 0;
    return drcl_ram_ranges(&d->ram, d->env, found, capacity, ret_n);
}
