/* SPDX-License-Identifier: MIT */
/* The life of the backend, and its targets. What it is: damon.h. */

#include "drivers/damon/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "drivers/damon/config.h"
#include "drivers/damon/driver.h"
#include "drivers/damon/excluded.h"
#include "drivers/damon/holder.h"
#include "drivers/damon/precise.h"
#include "drivers/damon/probe.h"
#include "drivers/damon/targets.h"
#include "drivers/damon/sysfs.h"
#include "base/filters.h"
#include "base/size.h"
#include "engine/target.h"

/* --- making it -----------------------------------------------------------------------------------------------------
 */

/* To open a file for writing changes nothing in the kernel. */
static int may_write(struct drcl_env *env)
{
    int fd = drcl_open(env, O_WRONLY, DRCL_DAMON_DIR "/nr_kdamonds");

    if (fd == -ENOENT)
        return drcl_error(env, fd, DRCL_DAMON_DIR "/nr_kdamonds is missing: boot a kernel with CONFIG_DAMON_SYSFS=y");
    if (fd < 0)
        return drcl_error(env, fd == -EACCES ? -EPERM : fd,
                          DRCL_DAMON_DIR "/nr_kdamonds cannot be opened: %s; run as root", strerror(-fd));
    drcl_close(env, fd);
    return 0;
}

static void destroy(void *backend)
{
    struct drcl_damon *d = backend;

    drcl_damon_close_pages(d);
    drcl_free(d->env, d->targets);
    drcl_free(d->env, d->written);
    drcl_free(d->env, d->excluded.paths);
    drcl_ram_free(&d->ram, d->env);
    drcl_ram_free(&d->memory, d->env);
    drcl_free(d->env, d->regions);
    drcl_free(d->env, d);
}

static const struct damon_reclaim_backend_ops ops = {
    .size = sizeof(ops),
    .name = "damon",
    .features = DAMON_RECLAIM_BACKEND_WHOLE,
    .filters = DRCL_FILTERS_OF(DRCL_BY_KERNEL),
    .destroy = destroy,
    .target_add = drcl_damon_target_add,
    .target_remove = drcl_damon_target_remove,
    .ranges = drcl_damon_ranges,
    .exclude = drcl_damon_exclude,
};

static int create(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend)
{
    struct drcl_damon *d = drcl_zalloc(env, sizeof(*d));
    int r;

    if (!d)
        return drcl_error(env, -ENOMEM, "out of memory");
    d->env = env;
    d->ops = ops;
    d->holder.fd = -1;
    d->ram.largest = config->flags & DAMON_RECLAIM_LARGEST_RAM;
    d->dry_run = config->flags & DAMON_RECLAIM_DRY_RUN;
    r = drcl_damon_use_config(d, config->damon);
    if (r == 0)
        r = may_write(env);
    if (r == 0 && d->monitor_only)
        r = drcl_damon_open_pages(d);
    d->ops.destroy = destroy;
    if (r < 0) {
        destroy(d);
        return r;
    }
    *ret_backend = d;
    return 0;
}

static int is_free(void *backend)
{
    struct drcl_damon *d = backend;

    return drcl_damon_check_takeable(d->env, d->flags & DAMON_RECLAIM_DAMON_TAKE_OVER);
}

static bool asks(void *backend)
{
    return ((struct drcl_damon *)backend)->monitor_only;
}

static const struct damon_reclaim_backend_ops *ops_of(void *backend)
{
    return &((struct drcl_damon *)backend)->ops;
}

const struct drcl_backend drcl_backend_damon = {
    .name = "damon",
    .feature = "backend:damon",
    .ops = &ops,
    .driver = &drcl_damon_driver,
    .physical = true,
    .sets_errors = true,
    .create = create,
    .ops_of = ops_of,
    .is_free = is_free,
    .asks = asks,
    .probe = drcl_damon_probe,
};
