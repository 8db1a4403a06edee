/* SPDX-License-Identifier: MIT */
#include "drivers/damon/config.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/operations.h"
#include "base/size.h"
#include "base/structs.h"

int drcl_damon_take_config(struct drcl_env *env, const struct damon_reclaim_damon_config *user,
                           struct damon_reclaim_damon_config *ret)
{
    const uint32_t known = DAMON_RECLAIM_DAMON_TAKE_OVER | DAMON_RECLAIM_DAMON_MONITOR_ONLY;
    int r;

    *ret = (struct damon_reclaim_damon_config){.size = sizeof(*ret)};
    r = user ? drcl_struct_take(env, "config.damon", ret, sizeof(*ret), user) : 0;
    if (r < 0)
        return r;
    if (ret->reserved0)
        return drcl_refuse(env, -E2BIG, "config.damon.reserved0: " DRCL_RESERVED);
    if (ret->flags & ~known)
        return drcl_refuse(env, -EINVAL, "config.damon.flags: 0x%x are not flags of this library", ret->flags & ~known);
    return 0;
}

int drcl_damon_use_config(struct drcl_damon *d, const struct damon_reclaim_damon_config *user)
{
    struct damon_reclaim_damon_config config;
    int r = drcl_damon_take_config(d->env, user, &config);

    if (r < 0)
        return r;
    d->flags = config.flags;
    d->monitor_only = config.flags & DAMON_RECLAIM_DAMON_MONITOR_ONLY;
    if (!config.operations)
        return 0;
    for (unsigned int i = DRCL_DAMON_PADDR; i <= DRCL_DAMON_FVADDR; i++) {
        if (!strcmp(config.operations, drcl_damon_operations_name((enum drcl_damon_operations)i))) {
            d->wanted = (enum drcl_damon_operations)i;
            if (d->wanted == DRCL_DAMON_PADDR && d->monitor_only)
                return drcl_refuse(
                    d->env, -EOPNOTSUPP,
                    "config.damon.flags: DAMON_RECLAIM_DAMON_MONITOR_ONLY is for processes, config.damon.operations "
                    "paddr for physical memory; leave one of them out");
            return 0;
        }
    }
    return drcl_refuse(d->env, -EINVAL, "config.damon.operations: \"%.20s\" is none of paddr, vaddr, fvaddr",
                       config.operations);
}
