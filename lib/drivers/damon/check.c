/* SPDX-License-Identifier: MIT */
#include "drivers/damon/check.h"

#include <errno.h>

#include "drivers/damon/excluded.h"
#include "drivers/damon/filters.h"
#include "drivers/damon/operations.h"

static int check_targets(struct drcl_view *view, const struct drcl_damon *d)
{
    enum drcl_damon_operations operations = drcl_damon_operations(view, d);

    if (operations == DRCL_DAMON_PADDR)
        return drcl_check_physical(view);
    for (size_t i = 0; i < d->nr_targets; i++)
        if (drcl_damon_has_ranges(view, d->targets[i].id) != (operations == DRCL_DAMON_FVADDR))
            return drcl_error(d->env, -EOPNOTSUPP,
                              "target %u: has %s ranges, but the operations are %s; all targets must be "
                              "with ranges (fvaddr) or without (vaddr)",
                              d->targets[i].id, operations == DRCL_DAMON_FVADDR ? "no" : "its own",
                              drcl_damon_operations_name(operations));
    return 0;
}

int drcl_damon_check(struct drcl_view *view, struct drcl_damon *d)
{
    int r = check_targets(view, d);

    if (r == 0 && !d->monitor_only)
        r = drcl_damon_check_filters(view, d);
    return r < 0 ? r : drcl_damon_check_exclusions(view, d);
}
