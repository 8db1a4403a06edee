/* SPDX-License-Identifier: MIT */
/* Groups of contexts that wake together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "handle.h"
#include "members.h"
#include "base/size.h"

#define NS_PER_US       UINT64_C(1000)
#define DEFAULT_BEAT_US UINT64_C(10000)
#define MAX_BEAT_US     UINT64_C(1000000)

static int take_config(struct damon_reclaim_group *group, const struct damon_reclaim_group_config *user)
{
    const struct damon_reclaim_config config = {.size = sizeof(config),
                                                .system_ops = user->system_ops,
                                                .allocator = user->allocator,
                                                .root = user->root,
                                                .system_data = user->system_data};
    int r = drcl_env_init(&group->env, &config);

    if (r < 0)
        return r;
    group->config = *user;
    if (user->beat_us > MAX_BEAT_US)
        return drcl_error(&group->env, -ERANGE, "config.beat_us: %llu is more than %llu",
                          (unsigned long long)user->beat_us, (unsigned long long)MAX_BEAT_US);
    group->beat_ns = (user->beat_us ? user->beat_us : DEFAULT_BEAT_US) * NS_PER_US;
    return 0;
}

static int make(struct damon_reclaim_group *made, struct damon_reclaim_group **ret_group)
{
    struct damon_reclaim_group *group;
    int fd = made->env.sys.timer_new(made->env.system_data);

    if (fd < 0)
        return drcl_error(&made->env, fd, "timer of the group: cannot be created: %s", strerror(-fd));
    group = drcl_zalloc(&made->env, sizeof(*group));
    if (!group) {
        drcl_close(&made->env, fd);
        return drcl_error(&made->env, -ENOMEM, "out of memory");
    }
    *group = *made;
    group->pid = getpid();
    group->refs = 1;
    group->timer_fd = fd;
    group->armed_ns = UINT64_MAX;
    *ret_group = group;
    return 0;
}

int damon_reclaim_group_new(const struct damon_reclaim_group_config *user, struct damon_reclaim_group **ret_group)
{
    struct damon_reclaim_group_config config = {.size = sizeof(config)};
    struct damon_reclaim_group made = {0};
    int r;

    if (!ret_group)
        return -EINVAL;
    r = user ? drcl_size_copy(&config, sizeof(config), user, user->size) : 0;
    if (r < 0)
        return r;
    r = take_config(&made, &config);
    if (r == 0)
        r = make(&made, ret_group);
    if (config.error && config.error_size)
        snprintf(config.error, config.error_size, "%s", r < 0 ? made.env.error : "");
    if (r < 0)
        drcl_env_fini(&made.env);
    return r;
}

struct damon_reclaim_group *damon_reclaim_group_ref(struct damon_reclaim_group *group)
{
    if (group)
        group->refs++;
    return group;
}

struct damon_reclaim_group *damon_reclaim_group_unref(struct damon_reclaim_group *group)
{
    if (group)
        drcl_group_drop(group);
    return NULL;
}

int damon_reclaim_group_get_fd(const struct damon_reclaim_group *group)
{
    return group ? group->timer_fd : -EINVAL;
}

const char *damon_reclaim_group_last_error(const struct damon_reclaim_group *group)
{
    return group ? group->env.error : "";
}

/* Returns false if the member is busy. */
static bool dispatch_member(struct damon_reclaim_group *group, struct damon_reclaim *ctx)
{
    int r;

    if (ctx->view.phase != DRCL_PHASE_RESTING || ctx->in_callback)
        return false; /* its turn comes when the call that is running has ended */
    drcl_hold(ctx);
    r = damon_reclaim_dispatch(ctx);
    if (r < 0 && ctx->refs > ctx->held && group->config.member_failed)
        group->config.member_failed(group, ctx, r, group->config.userdata);
    drcl_release(ctx);
    return true;
}

int damon_reclaim_group_dispatch(struct damon_reclaim_group *group)
{
    bool woken, left = false;
    uint64_t now;
    int r;

    if (!group)
        return -EINVAL;
    if (group->pid != getpid())
        return drcl_error(&group->env, -EPERM,
                          "this group belongs to pid %d, of which this process is a forked child; make a group of its "
                          "own",
                          (int)group->pid);
    if (group->dispatching)
        return drcl_error(&group->env, -EBUSY, "dispatch of the group: is running; do not call it from a callback");
    group->refs++;
    group->dispatching = true;
    group->has_free = group->has_psi = false;
    woken = atomic_exchange(&group->woken, false);
    now = drcl_clock(&group->env, CLOCK_MONOTONIC);
    /* From the end: a callback may free any member, whose place the last one takes, and may add some. */
    for (size_t i = group->n; i-- > 0;)
        if (i < group->n && (group->due[i] <= now || (woken && atomic_load(&group->members[i]->wake))))
            left |= !dispatch_member(group, group->members[i]);
    if (woken && left)
        atomic_store(&group->woken, true);
    group->dispatching = false;
    group->has_free = group->has_psi = false;
    r = drcl_group_arm(group);
    drcl_group_drop(group);
    return r;
}
