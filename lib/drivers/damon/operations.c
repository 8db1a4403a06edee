/* SPDX-License-Identifier: MIT */
#include "drivers/damon/operations.h"

#include "engine/target.h"

static const char *const names[] = {"the operations that fit", "paddr", "vaddr", "fvaddr"};

const char *drcl_damon_operations_name(enum drcl_damon_operations operations)
{
    return names[operations];
}

bool drcl_damon_has_ranges(struct drcl_view *view, uint32_t id)
{
    const struct drcl_target *target = drcl_engine_find_target(view->engine, id);

    return target && target->fixed;
}

enum drcl_damon_operations drcl_damon_operations(struct drcl_view *view, const struct drcl_damon *d)
{
    if (d->wanted != DRCL_DAMON_AUTO)
        return d->wanted;
    if (!d->nr_targets || !d->targets[0].pid)
        return DRCL_DAMON_PADDR;
    return drcl_damon_has_ranges(view, d->targets[0].id) ? DRCL_DAMON_FVADDR : DRCL_DAMON_VADDR;
}
