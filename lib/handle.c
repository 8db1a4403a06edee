/* SPDX-License-Identifier: MIT */
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend_table.h"
#include "engine/engine.h"
#include "exclusions.h"
#include "host.h"
#include "lifecycle.h"
#include "members.h"
#include "targets.h"
#include "base/filters.h"
#include "base/size.h"
#include "base/structs.h"
#include "drivers/engine.h"

static void forward_log(void *log_data, enum damon_reclaim_log_level level, const char *text)
{
    struct damon_reclaim *ctx = log_data;

    if (ctx->callbacks.log)
        ctx->callbacks.log(ctx->view.phase != DRCL_PHASE_CREATING ? ctx : NULL, level, text, ctx->userdata);
}

static const uint32_t KNOWN_FEATURES = DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_NEEDS_PID |
                                       DAMON_RECLAIM_BACKEND_WHOLE | DAMON_RECLAIM_BACKEND_ACCESSES_STAY;

/* A backend of the host program: each operation that is not optional is there, and sizes make sense. */
static int take_ops(struct damon_reclaim *ctx, const struct damon_reclaim_config *config)
{
    struct damon_reclaim_backend_ops *ops = &ctx->ops;
    int r = drcl_struct_take(&ctx->env, "config.backend_ops", ops, sizeof(*ops), config->backend_ops);

    if (r < 0)
        return r;
    if (config->backend)
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend: \"%s\" and config.backend_ops; set one of them",
                           config->backend);
    if (!ops->name || !ops->ranges || !ops->prepare || !ops->check || !ops->reclaim)
        return drcl_refuse(&ctx->env, -EINVAL,
                           "config.backend_ops: name, ranges, prepare, check and reclaim must be set");
    if (ops->features & ~KNOWN_FEATURES)
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend_ops.features: 0x%x are not features of this library",
                           ops->features & ~KNOWN_FEATURES);
    if (ops->filters & ~DRCL_PAGE_FILTERS)
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend_ops.filters: 0x%x are not page filters of this library",
                           ops->filters & ~DRCL_PAGE_FILTERS);
    ctx->backend_name = drcl_strdup(&ctx->env, ops->name);
    if (!ctx->backend_name)
        return drcl_error(&ctx->env, -ENOMEM, "out of memory");
    ops->name = ctx->backend_name;
    if (!ops->now != !ops->advance)
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend_ops: set both now and advance, or neither");
    if ((ops->min_region_size & (ops->min_region_size - 1)) || (ops->huge_size & (ops->huge_size - 1)))
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend_ops: min_region_size and huge_size are powers of two");
    ctx->view.backend = config->backend_data;
    return 0;
}

static const struct drcl_backend of_program = {.name = "the program's"};

static int make_backend(struct damon_reclaim *ctx, const struct damon_reclaim_config *config)
{
    struct drcl_view *view = &ctx->view;
    int r;

    view->kind = &of_program;
    ctx->driver = &drcl_engine_driver;
    if (config->backend_ops)
        return take_ops(ctx, config);
    if (!config->backend)
        return drcl_refuse(&ctx->env, -EINVAL, "config.backend: not set; name one, e.g. \"auto\" or \"sim\"");
    r = drcl_backend_create(&ctx->env, config, ctx->callbacks.before_reclaim != NULL, &view->kind, &view->backend);
    if (r < 0)
        return r;
    ctx->ops = view->kind->ops_of ? *view->kind->ops_of(view->backend) : *view->kind->ops;
    if (view->kind->driver)
        ctx->driver = view->kind->driver;
    return 0;
}

static int make_timer(struct damon_reclaim *ctx)
{
    ctx->timer_fd = ctx->env.sys.timer_new(ctx->env.system_data);
    if (ctx->timer_fd < 0)
        return drcl_error(&ctx->env, ctx->timer_fd, "timer: cannot be created: %s", strerror(-ctx->timer_fd));
    return 0;
}

static int join(struct damon_reclaim *ctx, struct damon_reclaim_group *group)
{
    if (group->pid != ctx->pid)
        return drcl_error(&ctx->env, -EPERM,
                          "config.group: belongs to pid %d, of which this process is a forked child; make a group of "
                          "its own",
                          (int)group->pid);
    if (drcl_group_join(group, ctx, &ctx->place) < 0)
        return drcl_error(&ctx->env, -ENOMEM, "out of memory");
    ctx->group = group;
    ctx->timer_fd = group->timer_fd;
    ctx->view.shared_metrics = drcl_group_metrics;
    ctx->view.shared = group;
    return 0;
}

static int set_up(struct damon_reclaim *ctx, const struct damon_reclaim_config *config)
{
    const uint32_t known = DAMON_RECLAIM_KEEP_ON_INVALID | DAMON_RECLAIM_ALLOW_NO_TARGET | DAMON_RECLAIM_NO_MARK |
                           DAMON_RECLAIM_LARGEST_RAM | DAMON_RECLAIM_DRY_RUN | DAMON_RECLAIM_EVERY_SAMPLE;
    struct drcl_host host = drcl_context_host;
    int r;

    if (config->callbacks) {
        r = drcl_struct_take(&ctx->env, "config.callbacks", &ctx->callbacks, sizeof(ctx->callbacks), config->callbacks);
        if (r < 0)
            return r;
    }
    if (config->reserved0)
        return drcl_refuse(&ctx->env, -E2BIG, "config.reserved0: " DRCL_RESERVED);
    if (config->reserved1)
        return drcl_refuse(&ctx->env, -E2BIG, "config.reserved1: " DRCL_RESERVED);
    if (config->flags & ~known)
        return drcl_refuse(&ctx->env, -EINVAL, "config.flags: 0x%x are not flags of this library",
                           config->flags & ~known);
    r = make_backend(ctx, config);
    if (r < 0)
        return r;
    r = config->group ? join(ctx, config->group) : make_timer(ctx);
    if (r < 0)
        return r;
    ctx->staged.size = sizeof(ctx->staged);
    damon_reclaim_params_init(&ctx->staged);
    ctx->view.active = ctx->staged;
    host.data = ctx;
    host.has_before = ctx->callbacks.before_reclaim != NULL;
    r = drcl_engine_init(&ctx->engine, &ctx->env, &ctx->ops, ctx->view.backend, &host, config->seed,
                         !(ctx->flags & (DAMON_RECLAIM_NO_MARK | DAMON_RECLAIM_DRY_RUN)));
    ctx->engine.dry_run = ctx->flags & DAMON_RECLAIM_DRY_RUN;
    ctx->engine.every_sample = ctx->flags & DAMON_RECLAIM_EVERY_SAMPLE;
    return r < 0 ? drcl_error(&ctx->env, r, "out of memory") : 0;
}

static void set_state(void *handle, enum damon_reclaim_state state, enum damon_reclaim_reason reason,
                      uint32_t free_permille)
{
    drcl_set_state(handle, state, reason, free_permille);
}

/* Frees what set_up() made, as far as it came. */
static void tear_down(struct damon_reclaim *ctx)
{
    if (ctx->engine.env)
        drcl_engine_fini(&ctx->engine);
    drcl_forget_targets(ctx);
    drcl_forget_exclusions(ctx);
    if (ctx->group)
        drcl_group_leave(ctx->group, ctx->place);
    else if (ctx->timer_fd >= 0)
        drcl_close(&ctx->env, ctx->timer_fd);
    /* If creating the handle fails, the program keeps the data of a backend of its own. */
    if (ctx->ops.destroy && (ctx->view.kind != &of_program || ctx->view.phase != DRCL_PHASE_CREATING))
        ctx->ops.destroy(ctx->view.backend);
    drcl_free(&ctx->env, ctx->backend_name);
}

static void give_error(const struct damon_reclaim_config *config, const struct drcl_env *env)
{
    if (config->error && config->error_size)
        snprintf(config->error, config->error_size, "%s", env->error);
}

int damon_reclaim_new(const struct damon_reclaim_config *user, struct damon_reclaim **ret_ctx)
{
    struct damon_reclaim_config config = {.size = sizeof(config)};
    struct damon_reclaim *ctx;
    struct drcl_env env = {0};
    int r;

    if (!user || !ret_ctx)
        return -EINVAL;
    r = drcl_struct_take(&env, "config", &config, sizeof(config), user);
    if (r == -E2BIG) /* a newer program's, whose buffer is where it always was */
        give_error(user, &env);
    if (r < 0)
        return r;
    if (config.error && config.error_size)
        config.error[0] = '\0';
    r = drcl_env_init(&env, &config);
    if (r < 0) {
        give_error(&config, &env);
        return r;
    }
    ctx = drcl_zalloc(&env, sizeof(*ctx));
    if (!ctx) {
        r = drcl_error(&env, -ENOMEM, "out of memory");
        give_error(&config, &env);
        drcl_env_fini(&env);
        return r;
    }
    ctx->env = env;
    ctx->env.log = forward_log;
    ctx->env.log_data = ctx;
    ctx->pid = getpid();
    ctx->refs = 1;
    ctx->timer_fd = -1;
    ctx->next_target = 1;
    ctx->view.env = &ctx->env;
    ctx->view.engine = &ctx->engine;
    ctx->view.ops = &ctx->ops;
    ctx->view.set_state = set_state;
    ctx->view.handle = ctx;
    ctx->userdata = config.userdata;
    ctx->flags = config.flags;
    atomic_init(&ctx->stop, false);
    atomic_init(&ctx->wake, false);
    r = set_up(ctx, &config);
    if (r < 0) {
        give_error(&config, &ctx->env);
        tear_down(ctx);
        env = ctx->env;
        drcl_free(&env, ctx);
        drcl_env_fini(&env);
        return r;
    }
    ctx->view.phase = DRCL_PHASE_RESTING;
    *ret_ctx = ctx;
    return 0;
}

static void destroy(struct damon_reclaim *ctx)
{
    struct drcl_env env;

    memset(&ctx->callbacks, 0, sizeof(ctx->callbacks));
    drcl_disable(ctx, DAMON_RECLAIM_REASON_REQUESTED);
    tear_down(ctx);
    env = ctx->env;
    drcl_free(&env, ctx);
    drcl_env_fini(&env);
}

struct damon_reclaim *damon_reclaim_ref(struct damon_reclaim *ctx)
{
    if (ctx)
        ctx->refs++;
    return ctx;
}

struct damon_reclaim *damon_reclaim_unref(struct damon_reclaim *ctx)
{
    if (!ctx)
        return NULL;
    if (--ctx->refs == 0) {
        destroy(ctx);
    } else if (ctx->refs == ctx->held) {
        /* Only running calls keep it alive: they come back as soon as they can and call nobody. */
        memset(&ctx->callbacks, 0, sizeof(ctx->callbacks));
        ctx->engine.halt = true;
        atomic_store(&ctx->stop, true);
    }
    return NULL;
}

void drcl_hold(struct damon_reclaim *ctx)
{
    ctx->refs++;
    ctx->held++;
}

void drcl_release(struct damon_reclaim *ctx)
{
    ctx->held--;
    damon_reclaim_unref(ctx);
}
