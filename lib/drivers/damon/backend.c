/* SPDX-License-Identifier: MIT */
/* The life of the backend, and its targets. What it is: damon.h. */
#include "drivers/damon/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "drivers/damon/damon.h"
#include "base/size.h"
#include "engine/target.h"

static const char *const names[] = {"the operations that fit", "paddr", "vaddr", "fvaddr"};

const char *drcl_damon_operations_name(enum drcl_damon_operations operations)
{
    return names[operations];
}

/* --- targets ------------------------------------------------------------------------------------------------------ */

int drcl_damon_target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_damon *d = backend;
    struct drcl_damon_target *grown;

    (void)pidfd;
    if (d->nr_targets && !d->targets[0].pid != !pid)
        return drcl_error(d->env, -EOPNOTSUPP,
                          "target %u: physical memory and processes cannot be watched at once; remove "
                          "target %u first, or use another context",
                          id, d->targets[0].id);
    if (pid ? d->wanted == DRCL_DAMON_PADDR : d->wanted > DRCL_DAMON_PADDR)
        return drcl_error(d->env, -EOPNOTSUPP, "target.pid: %d, but the operations are %s, which watches %s", (int)pid,
                          names[d->wanted], pid ? "physical memory" : "processes");
    grown = drcl_realloc_array(d->env, d->targets, d->nr_targets + 1, sizeof(*grown));
    if (!grown)
        return drcl_error(d->env, -ENOMEM, "target: out of memory");
    d->targets = grown;
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

static bool has_ranges(struct drcl_view *view, uint32_t id)
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
    return has_ranges(view, d->targets[0].id) ? DRCL_DAMON_FVADDR : DRCL_DAMON_VADDR;
}

static int check_targets(struct drcl_view *view, const struct drcl_damon *d)
{
    enum drcl_damon_operations operations = drcl_damon_operations(view, d);

    if (operations == DRCL_DAMON_PADDR)
        return drcl_check_physical(view);
    for (size_t i = 0; i < d->nr_targets; i++)
        if (has_ranges(view, d->targets[i].id) != (operations == DRCL_DAMON_FVADDR))
            return drcl_error(d->env, -EOPNOTSUPP,
                              "target %u: has %s ranges, but the operations are %s; all targets must be "
                              "with ranges (fvaddr) or without (vaddr)",
                              d->targets[i].id, operations == DRCL_DAMON_FVADDR ? "no" : "its own", names[operations]);
    return 0;
}

int drcl_damon_check(struct drcl_view *view, struct drcl_damon *d)
{
    int r = check_targets(view, d);

    if (r == 0 && !d->monitor_only)
        r = drcl_damon_check_filters(view, d);
    return r < 0 ? r : drcl_damon_check_exclusions(view, d);
}

/* --- making it -----------------------------------------------------------------------------------------------------
 */

int drcl_damon_take_config(struct drcl_env *env, const struct damon_reclaim_damon_config *user,
                           struct damon_reclaim_damon_config *ret)
{
    const uint32_t known = DAMON_RECLAIM_DAMON_TAKE_OVER | DAMON_RECLAIM_DAMON_MONITOR_ONLY;
    int r;

    *ret = (struct damon_reclaim_damon_config){.size = sizeof(*ret)};
    r = user ? drcl_size_copy(ret, sizeof(*ret), user, user->size) : 0;
    if (r < 0)
        return drcl_error(env, r, "config.damon: size %zu is not one that this library knows", user->size);
    if (ret->flags & ~known)
        return drcl_error(env, -EINVAL, "config.damon.flags: 0x%x are not flags of this library", ret->flags & ~known);
    return 0;
}

static int use_config(struct drcl_damon *d, const struct damon_reclaim_damon_config *user)
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
        if (!strcmp(config.operations, names[i])) {
            d->wanted = (enum drcl_damon_operations)i;
            if (d->wanted == DRCL_DAMON_PADDR && d->monitor_only)
                return drcl_error(
                    d->env, -EOPNOTSUPP,
                    "config.damon.flags: DAMON_RECLAIM_DAMON_MONITOR_ONLY is for processes, config.damon.operations "
                    "paddr for physical memory; leave one of them out");
            return 0;
        }
    }
    return drcl_error(d->env, -EINVAL, "config.damon.operations: \"%.20s\" is none of paddr, vaddr, fvaddr",
                      config.operations);
}

/* Opening for writing changes nothing. */
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

void drcl_damon_destroy(void *backend)
{
    struct drcl_damon *d = backend;

    drcl_damon_close_pages(d);
    drcl_free(d->env, d->targets);
    drcl_free(d->env, d->written);
    drcl_free(d->env, d->excluded.paths);
    drcl_ram_free(&d->ram, d->env);
    drcl_free(d->env, d->regions);
    drcl_free(d->env, d);
}

static const struct damon_reclaim_backend_ops ops = {
    .size = sizeof(ops),
    .name = "damon",
    .features = DAMON_RECLAIM_BACKEND_WHOLE,
    .filters = 1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_ACTIVE | 1u << DAMON_RECLAIM_FILTER_YOUNG |
               1u << DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE | 1u << DAMON_RECLAIM_FILTER_MEMCG |
               1u << DAMON_RECLAIM_FILTER_UNMAPPED,
    .destroy = drcl_damon_destroy,
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
    d->ops = &ops;
    d->owner.fd = -1;
    d->ram.largest = config->flags & DAMON_RECLAIM_LARGEST_RAM;
    d->dry_run = config->flags & DAMON_RECLAIM_DRY_RUN;
    r = use_config(d, config->damon);
    if (r == 0)
        r = may_write(env);
    if (r == 0 && d->monitor_only)
        r = drcl_damon_open_pages(d);
    if (r < 0) {
        drcl_damon_destroy(d);
        return r;
    }
    *ret_backend = d;
    return 0;
}

static int is_free(void *backend)
{
    struct drcl_damon *d = backend;

    return drcl_damon_is_free(d->env, d->flags & DAMON_RECLAIM_DAMON_TAKE_OVER);
}

static bool asks(void *backend)
{
    return ((struct drcl_damon *)backend)->monitor_only;
}

static const struct damon_reclaim_backend_ops *ops_of(void *backend)
{
    return ((struct drcl_damon *)backend)->ops;
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
