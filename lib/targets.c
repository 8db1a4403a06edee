/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/target.h"
#include "exclusions.h"
#include "lifecycle.h"
#include "base/grow.h"
#include "base/size.h"
#include "base/structs.h"
#include "sys/process.h"

static struct drcl_view_target *find(struct damon_reclaim *ctx, uint32_t id)
{
    for (size_t i = 0; i < ctx->view.nr_targets; i++)
        if (ctx->view.targets[i].id == id)
            return &ctx->view.targets[i];
    return NULL;
}

/* Takes target @id out of the list and gives its process back. The engine's part goes by itself. */
static void drop(struct damon_reclaim *ctx, uint32_t id)
{
    struct drcl_view_target *target = find(ctx, id);

    if (!target)
        return;
    if (ctx->ops.target_remove)
        ctx->ops.target_remove(ctx->view.backend, id);
    drcl_close(&ctx->env, target->pidfd);
    memmove(target, target + 1, (size_t)(ctx->view.targets + ctx->view.nr_targets - (target + 1)) * sizeof(*target));
    ctx->view.nr_targets--;
}

void drcl_forget_targets(struct damon_reclaim *ctx)
{
    while (ctx->view.nr_targets)
        drop(ctx, ctx->view.targets[0].id);
    drcl_free(&ctx->env, ctx->view.targets);
    ctx->view.targets = NULL;
    ctx->targets_cap = 0;
}

static bool has_whole_page(const struct damon_reclaim *ctx, const struct damon_reclaim_range *range)
{
    uint64_t mask = ctx->engine.min_region_size - 1;

    return range->start <= UINT64_MAX - mask && ((range->start + mask) & ~mask) < (range->end & ~mask);
}

static int check_ranges(struct damon_reclaim *ctx, const struct damon_reclaim_target *target)
{
    if (!target->nr_ranges != !target->ranges)
        return drcl_refuse(&ctx->env, -EINVAL, "target.ranges: set with nr_ranges %zu; set both or neither",
                           target->nr_ranges);
    for (size_t i = 0; i < target->nr_ranges; i++) {
        const struct damon_reclaim_range *range = &target->ranges[i];

        if (range->start >= range->end)
            return drcl_refuse(&ctx->env, -EINVAL, "target.ranges[%zu]: start 0x%llx is not below end 0x%llx", i,
                               (unsigned long long)range->start, (unsigned long long)range->end);
        if (!has_whole_page(ctx, range))
            return drcl_refuse(
                &ctx->env, -EINVAL, "target.ranges[%zu]: there is no whole page of %u bytes in 0x%llx-0x%llx", i,
                ctx->ops.min_region_size, (unsigned long long)range->start, (unsigned long long)range->end);
        if (i && range->start < range[-1].end)
            return drcl_refuse(&ctx->env, -EINVAL,
                               "target.ranges[%zu]: begins at 0x%llx, inside or before the previous range", i,
                               (unsigned long long)range->start);
    }
    return 0;
}

/* The target to be added against one that is there: both ascend. */
static int check_apart(struct damon_reclaim *ctx, const struct damon_reclaim_target *target, uint32_t id)
{
    const struct drcl_target *other = drcl_engine_find_target(&ctx->engine, id);

    if (!other) /* on its way out */
        return 0;
    if (!target->nr_ranges)
        return drcl_refuse(
            &ctx->env, -EINVAL,
            "target.ranges: without them all memory is watched, and target %u is part of it; set them, or "
            "remove that one first",
            id);
    if (!other->fixed)
        return drcl_refuse(&ctx->env, -EINVAL,
                           "target.ranges[0]: target %u watches all memory already; remove it first", id);
    for (size_t i = 0, j = 0; i < target->nr_ranges && j < other->nr_ranges;) {
        const struct damon_reclaim_range *mine = &target->ranges[i], *theirs = &other->ranges[j];

        if (mine->start < theirs->end && theirs->start < mine->end)
            return drcl_refuse(
                &ctx->env, -EINVAL,
                "target.ranges[%zu]: 0x%llx-0x%llx overlaps 0x%llx-0x%llx of target %u; leave it out, or "
                "remove that one first",
                i, (unsigned long long)mine->start, (unsigned long long)mine->end, (unsigned long long)theirs->start,
                (unsigned long long)theirs->end, id);
        if (mine->end <= theirs->start)
            i++;
        else
            j++;
    }
    return 0;
}

/* Targets without a process are parts of one memory, if the backend has but one; no page is watched twice. */
static int check_overlaps(struct damon_reclaim *ctx, const struct damon_reclaim_target *target)
{
    int r = 0;

    if (target->pid || !(ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE))
        return 0;
    for (size_t i = 0; r == 0 && i < ctx->view.nr_targets; i++)
        if (!ctx->view.targets[i].pid && ctx->view.targets[i].id) /* number 0 goes when another one comes */
            r = check_apart(ctx, target, ctx->view.targets[i].id);
    return r;
}

/* Holds the process by a pidfd, and only then looks who it is, so that it cannot be replaced in between. */
static int hold_process(struct damon_reclaim *ctx, const struct damon_reclaim_target *target, int *ret_pidfd)
{
    pid_t pid = target->pid;
    int pidfd, r;

    for (size_t i = 0; i < ctx->view.nr_targets; i++)
        if (ctx->view.targets[i].pid == pid && drcl_pidfd_exited(&ctx->env, ctx->view.targets[i].pidfd) <= 0)
            return drcl_error(&ctx->env, -EEXIST, "pid %d: is target %u already", (int)pid, ctx->view.targets[i].id);
    r = drcl_process_check(&ctx->env, pid);
    if (r < 0)
        return r;
    pidfd = drcl_pidfd_open(&ctx->env, pid);
    if (pidfd < 0)
        return drcl_error(&ctx->env, pidfd, "pid %d: pidfd_open() fails: %s", (int)pid, strerror(-pidfd));
    r = drcl_process_check(&ctx->env, pid);
    if (r == 0 && drcl_pidfd_exited(&ctx->env, pidfd) > 0)
        r = drcl_error(&ctx->env, -ESRCH, "pid %d: has exited", (int)pid);
    /* The caller's is looked at last: as long as its process lives, nobody else has the pid. */
    if (r == 0 && (target->flags & DAMON_RECLAIM_TARGET_PIDFD) && drcl_pidfd_exited(&ctx->env, target->pidfd) > 0)
        r = drcl_refuse(&ctx->env, -ESRCH, "target.pidfd: the process of %d, pid %d, has exited", target->pidfd,
                        (int)pid);
    if (r < 0) {
        drcl_close(&ctx->env, pidfd);
        return r;
    }
    *ret_pidfd = pidfd;
    return 0;
}

static int reserve(struct damon_reclaim *ctx)
{
    struct drcl_view *view = &ctx->view;

    if (drcl_grow(&ctx->env, &view->targets, &ctx->targets_cap, view->nr_targets + 1, sizeof(*view->targets)) < 0)
        return drcl_error(&ctx->env, -ENOMEM, "target: out of memory");
    return 0;
}

/* The last steps of adding a target; takes @pidfd also on failure. */
static int add(struct damon_reclaim *ctx, uint32_t id, pid_t pid, int pidfd, const struct damon_reclaim_range *ranges,
               size_t nr_ranges)
{
    int r = reserve(ctx);

    if (r < 0)
        goto close;
    if (ctx->ops.target_add)
        r = ctx->ops.target_add(ctx->view.backend, id, pid, pidfd);
    if (r < 0) {
        drcl_backend_error(&ctx->view, r, "target: pid %d is refused by the backend %s: %s", (int)pid, ctx->ops.name,
                           strerror(-r));
        goto close;
    }
    r = drcl_engine_add_target(&ctx->engine, id, ranges, nr_ranges);
    if (r < 0) {
        drcl_error(&ctx->env, r, "target: out of memory");
        goto remove;
    }
    ctx->view.targets[ctx->view.nr_targets++] = (struct drcl_view_target){.id = id, .pid = pid, .pidfd = pidfd};
    return 0;
remove:
    if (ctx->ops.target_remove)
        ctx->ops.target_remove(ctx->view.backend, id);
close:
    drcl_close(&ctx->env, pidfd);
    return r;
}

static int check_members(struct damon_reclaim *ctx, const struct damon_reclaim_target *target)
{
    const uint32_t known = DAMON_RECLAIM_TARGET_PIDFD;

    if (target->reserved0)
        return drcl_refuse(&ctx->env, -E2BIG, "target.reserved0: " DRCL_RESERVED);
    if (target->flags & ~known)
        return drcl_refuse(&ctx->env, -EINVAL, "target.flags: 0x%x are not flags of this library",
                           target->flags & ~known);
    if (target->pid && (target->flags & DAMON_RECLAIM_TARGET_PIDFD))
        return drcl_refuse(&ctx->env, -EINVAL, "target.pid: %d, and the process of target.pidfd; set one of them",
                           (int)target->pid);
    return 0;
}

/* Sets the pid of a process that was given by a descriptor. */
static int find_process(struct damon_reclaim *ctx, struct damon_reclaim_target *target)
{
    if (!(target->flags & DAMON_RECLAIM_TARGET_PIDFD))
        return 0;
    if (!ctx->env.opens_itself)
        return drcl_refuse(&ctx->env, -EOPNOTSUPP,
                           "target.pidfd: config.system_ops has descriptors of its own, of which %d is none; set "
                           "target.pid",
                           target->pidfd);
    return drcl_process_of_pidfd(&ctx->env, target->pidfd, &target->pid);
}

int damon_reclaim_add_target(struct damon_reclaim *ctx, const struct damon_reclaim_target *user, uint32_t *ret_id)
{
    struct damon_reclaim_target target = {.size = sizeof(target)};
    int pidfd = -1, r;

    if (!ctx)
        return -EINVAL;
    r = drcl_struct_take(&ctx->env, "target", &target, sizeof(target), user);
    if (r < 0)
        return r;
    r = check_members(ctx, &target);
    if (r == 0)
        r = find_process(ctx, &target);
    if (r == 0)
        r = check_ranges(ctx, &target);
    if (r == 0)
        r = check_overlaps(ctx, &target);
    if (r < 0)
        return r;
    if (!target.pid && (ctx->ops.features & DAMON_RECLAIM_BACKEND_NEEDS_PID))
        return drcl_refuse(&ctx->env, -EOPNOTSUPP, "target.pid: 0, but the backend %s watches processes; set it",
                           ctx->ops.name);
    r = target.pid ? drcl_is_excluded_process(ctx, target.pid) : 0;
    if (r < 0)
        return r;
    if (r > 0)
        return drcl_error(&ctx->env, -EPERM,
                          "pid %d: is excluded; remove it from the list with damon_reclaim_set_exclusions() first",
                          (int)target.pid);
    if (target.pid) {
        r = hold_process(ctx, &target, &pidfd);
        if (r < 0)
            return r;
    }
    r = add(ctx, ctx->next_target, target.pid, pidfd, target.ranges, target.nr_ranges);
    if (r < 0)
        return r;
    r = drcl_tell_driver(ctx, DRCL_CHANGE_TARGETS);
    if (r < 0) {
        drcl_engine_remove_target(&ctx->engine, ctx->next_target);
        drop(ctx, ctx->next_target);
        return r;
    }
    if (ret_id)
        *ret_id = ctx->next_target;
    ctx->next_target++;
    if (drcl_watches_whole(&ctx->view)) /* was watched for want of a target; its memory must not be watched twice */
        damon_reclaim_remove_target(ctx, 0);
    return 0;
}

int damon_reclaim_remove_target(struct damon_reclaim *ctx, uint32_t id)
{
    if (!ctx)
        return -EINVAL;
    if (!find(ctx, id))
        return drcl_error(&ctx->env, -ENOENT, "target %u: there is no such target", id);
    drcl_engine_remove_target(&ctx->engine, id);
    drop(ctx, id);
    drcl_tell_driver(ctx, DRCL_CHANGE_TARGETS); /* what it meets, the next dispatch meets, too */
    return 0;
}

int drcl_add_whole(struct damon_reclaim *ctx)
{
    const struct damon_reclaim_params *p = &ctx->view.active;
    struct damon_reclaim_range range = {p->monitor_region_start * p->addr_unit, p->monitor_region_end * p->addr_unit};
    int r;

    if (range.end && !has_whole_page(ctx, &range))
        return drcl_refuse(
            &ctx->env, -EINVAL,
            "monitor_region_start, monitor_region_end: there is no whole page of %u bytes in 0x%llx-0x%llx",
            ctx->ops.min_region_size, (unsigned long long)range.start, (unsigned long long)range.end);
    if (ctx->view.nr_targets && !drcl_watches_whole(&ctx->view))
        return 0;
    if (drcl_watches_whole(&ctx->view)) {
        r = drcl_engine_set_ranges(&ctx->engine, 0, &range, range.end > 0);
        return r < 0 ? drcl_error(&ctx->env, r, "monitor_region_start: out of memory") : 0;
    }
    return add(ctx, 0, 0, -1, &range, range.end > 0);
}

void drcl_target_vanished(struct damon_reclaim *ctx, uint32_t id)
{
    struct drcl_view_target *target = find(ctx, id);
    pid_t pid;

    if (!target)
        return;
    pid = target->pid;
    drop(ctx, id);
    drcl_log(&ctx->env, DAMON_RECLAIM_LOG_INFO, "pid %d: has exited; target %u is removed", (int)pid, id);
    if (ctx->callbacks.target_gone)
        ctx->callbacks.target_gone(ctx, id, pid, ctx->userdata);
    if (!ctx->view.nr_targets && !(ctx->flags & DAMON_RECLAIM_ALLOW_NO_TARGET))
        drcl_disable(ctx, DAMON_RECLAIM_REASON_NO_TARGET);
}
