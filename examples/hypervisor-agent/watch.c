/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/foreign.h"
#include "agent/log.h"

#define PAGE UINT64_C(4096)

struct host_watch {
    struct host *host;
    struct damon_reclaim *ctx;
    struct loop_source *source;
    struct host_vm *vm; /* its only machine; NULL: all machines */
    size_t nr_vms;
    uint64_t reclaim_ns; /* time that the context had spent at the last attempt */
};

struct damon_reclaim *host_watch_context(const struct host_watch *watch)
{
    return watch->ctx;
}

static struct host_vm *vm_of(const struct host_watch *watch, uint32_t target)
{
    const struct host *host = watch->host;

    if (watch->vm)
        return watch->vm;
    for (size_t i = 0; i < host->n; i++)
        if (host->vms[i]->watch == watch && host->vms[i]->target == target)
            return host->vms[i];
    return NULL;
}

/* --- callbacks -------------------------------------------------------------------------------------------------- */

/* If a machine has its own context, its share is the quota of the context. In the common context the quota limits all
 * machines together, and the share of a machine only decides whether an attempt is allowed. */
static bool has_share(const struct host_watch *watch, const struct host_vm *vm, uint64_t size)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    uint64_t room;

    if (!watch->vm)
        return policy_ledger_allows(&watch->host->ledger, vm->share, vm->used, PAGE);
    damon_reclaim_get_stats(watch->ctx, &stats);
    room = stats.effective_quota > stats.charged_bytes ? stats.effective_quota - stats.charged_bytes : 0;
    return policy_ledger_allows(&watch->host->ledger, vm->share, vm->used, size < room ? size : room);
}

static bool before_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata)
{
    struct host_watch *watch = userdata;
    struct host_vm *vm = vm_of(watch, region->target);

    (void)scheme;
    if (!vm)
        return false;
    if (!watch->vm) {
        struct damon_reclaim_params params = {.size = sizeof(params)};

        damon_reclaim_get_active_params(ctx, &params);
        if (region->age * params.aggr_interval < vm->policy.min_age_us)
            return false;
    }
    return has_share(watch, vm, region->end - region->start);
}

static void after_reclaim(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct host_watch *watch = userdata;
    struct host *host = watch->host;
    struct host_vm *vm = vm_of(watch, region->target);
    uint64_t spent, taken = result->reclaimed + result->swapcached;

    (void)scheme;
    damon_reclaim_get_stats(ctx, &stats);
    spent = stats.reclaim_ns - watch->reclaim_ns;
    watch->reclaim_ns = stats.reclaim_ns;
    policy_ledger_charge(&host->ledger, result->tried, spent);
    host->tried += result->tried;
    host->spent_ns += spent;
    if (!vm)
        return;
    vm->used += result->tried;
    vm->tried += result->tried;
    vm->reclaimed += result->reclaimed;
    vm->taken += taken;
    vm->resident -= taken < vm->resident ? taken : vm->resident;
}

/* What the machine has lost before is free now. */
static void after_release(struct damon_reclaim *ctx, uint32_t scheme, uint32_t target, uint64_t bytes, void *userdata)
{
    struct host_vm *vm = vm_of(userdata, target);

    (void)ctx, (void)scheme;
    if (vm)
        vm->reclaimed += bytes;
}

/* There may be many contexts, so their ordinary messages are logged at the level debug. */
static void log_line(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    const struct host_watch *watch = userdata;

    (void)ctx;
    log_write(level == DAMON_RECLAIM_LOG_INFO ? DAMON_RECLAIM_LOG_DEBUG : level, "%s: %s",
              watch->vm ? watch->vm->found.name : "all machines", text);
}

/* Called when dispatching failed. The context is disabled and has logged the error; its machines are told. */
static void failed(struct loop_source *source, int value, void *userdata)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct host_watch *watch = userdata;
    struct host *host = watch->host;

    (void)source, (void)value;
    damon_reclaim_get_stats(watch->ctx, &stats);
    if (stats.state != DAMON_RECLAIM_STATE_DISABLED)
        return;
    log_warning("%s: retried later", watch->vm ? watch->vm->found.name : "all machines");
    for (size_t i = host->n; i-- > 0;)
        if (host->vms[i]->watch == watch)
            host->vm_failed(host->vms[i]);
}

/* --- making ----------------------------------------------------------------------------------------------------- */

int host_choose_backend(struct host *host, struct error_text *error)
{
    static const char *const candidates[] = {"idle-page", "damon"};
    const char *wanted = config_text(host->agent->config, NULL, "backend");
    char text[2][256];

    host->shared = !strcmp(wanted, "damon");
    host->backend = wanted;
    if (host->backend_ops)
        return 0;
    if (!strcmp(wanted, "sim"))
        return error_set(error, -EOPNOTSUPP, "backend sim: simulated memory has no machines; use idle-page or damon");
    for (size_t i = 0; i < 2; i++) {
        struct damon_reclaim_damon_config damon = {
            .size = sizeof(damon),
            .flags = config_bool(host->agent->config, NULL, "take_over") ? DAMON_RECLAIM_DAMON_TAKE_OVER : 0};
        struct damon_reclaim_config config = {.size = sizeof(config),
                                              .backend = candidates[i],
                                              .damon = &damon,
                                              .root = config_text(host->agent->config, NULL, "root")};

        if (strcmp(wanted, "auto") != 0 && strcmp(wanted, candidates[i]) != 0)
            continue;
        if (damon_reclaim_probe(&config, text[i], sizeof(text[i])) == 0) {
            host->backend = candidates[i];
            host->shared = i == 1;
            return 0;
        }
        text[i][strcspn(text[i], "\n")] = '\0';
    }
    if (!strcmp(wanted, "auto"))
        return error_set(error, -ENODEV, "no backend works here: %.200s; %.200s", text[0], text[1]);
    return error_set(error, -ENODEV, "backend %s: %.400s", wanted, text[host->shared]);
}

/* The parameters of a context. For one machine: its min_age and share. For all machines: the host's parameters and the
 * least min_age of all. */
static int set_params(struct host_watch *watch, const struct config *config)
{
    struct damon_reclaim_params params = *config_params(config);
    const struct host *host = watch->host;
    uint64_t n = watch->nr_vms ? watch->nr_vms : 1;
    uint64_t round_ms = params.aggr_interval / 1000;
    int r;

    /* The host's windows are kept by its ledger. A context that acts more rarely than that has longer ones. */
    if (params.quota_reset_interval_ms < round_ms)
        params.quota_reset_interval_ms = round_ms;
    if (watch->vm) {
        params.min_age = watch->vm->policy.min_age_us;
        params.quota_sz = watch->vm->share > PAGE ? watch->vm->share : PAGE;
    } else {
        params.min_nr_regions *= n;
        params.max_nr_regions *= n;
        for (size_t i = 0; i < host->n; i++)
            if (host->vms[i]->watch == watch && host->vms[i]->policy.min_age_us < params.min_age)
                params.min_age = host->vms[i]->policy.min_age_us;
    }
    r = damon_reclaim_set_params(watch->ctx, &params);
    return r < 0 ? r : damon_reclaim_commit(watch->ctx);
}

int host_watch_configure(struct host_watch *watch, const struct config *config, struct error_text *error)
{
    int r = set_params(watch, config);

    return r < 0 ? error_set(error, r, "%s", damon_reclaim_last_error(watch->ctx)) : 0;
}

int host_watch_enable(struct host_watch *watch, const struct config *config, struct error_text *error)
{
    int r = config_enabled(config) ? damon_reclaim_enable(watch->ctx) : damon_reclaim_disable(watch->ctx);

    return r < 0 ? error_set(error, r, "%s", damon_reclaim_last_error(watch->ctx)) : 0;
}

static bool is_target(pid_t pid, const void *userdata)
{
    const struct host_watch *watch = userdata;
    const struct host *host = watch->host;

    for (size_t i = 0; i < host->n; i++)
        if (host->vms[i]->found.pid == pid)
            return host->vms[i]->watch == watch;
    return false;
}

int host_watch_exclude(struct host_watch *watch, struct error_text *error)
{
    return never_apply_except(watch->host->agent->never, watch->ctx, is_target, watch, error);
}

struct host_watch *host_watch_next(const struct host *host, size_t *position)
{
    if (host->all)
        return (*position)++ ? NULL : host->all;
    while (*position < host->n) {
        struct host_watch *watch = host->vms[(*position)++]->watch;

        if (watch)
            return watch;
    }
    return NULL;
}

static void watch_free(struct host_watch *watch)
{
    int r = watch->ctx ? damon_reclaim_disable(watch->ctx) : 0;

    if (r < 0)
        log_error("%s", damon_reclaim_last_error(watch->ctx));
    watch->host->left_behind = r;
    loop_remove(watch->source);
    damon_reclaim_unref(watch->ctx);
    free(watch);
}

static int make_context(struct host_watch *watch, uint64_t seed, struct error_text *error)
{
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks),
                                                .before_reclaim = before_reclaim,
                                                .after_reclaim = after_reclaim,
                                                .log = log_line,
                                                .after_release = after_release};
    struct host *host = watch->host;
    struct damon_reclaim_damon_config damon = {.size = sizeof(damon), .flags = DAMON_RECLAIM_DAMON_MONITOR_ONLY};
    char text[256] = "no memory";
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend = host->backend_ops ? NULL : host->backend,
        .backend_ops = host->backend_ops,
        .backend_data = host->backend_data,
        .callbacks = &callbacks,
        .userdata = watch,
        .system_ops = foreign_system_ops(),
        .root = config_text(host->agent->config, NULL, "root"),
        .seed = seed,
        .flags = DAMON_RECLAIM_ALLOW_NO_TARGET | DAMON_RECLAIM_KEEP_ON_INVALID,
        .error = text,
        .error_size = sizeof(text),
        .damon = &damon,
    };
    int r;

    if (config_bool(host->agent->config, NULL, "dry_run"))
        config.flags |= DAMON_RECLAIM_DRY_RUN;
    if (config_bool(host->agent->config, NULL, "take_over"))
        damon.flags |= DAMON_RECLAIM_DAMON_TAKE_OVER;
    r = damon_reclaim_new(&config, &watch->ctx);
    if (r < 0)
        return error_set(error, r, "%s", text);
    r = host_watch_exclude(watch, error);
    if (r < 0)
        return r;
    r = loop_add_context(host->agent->loop, watch->ctx, failed, watch, &watch->source);
    return r < 0 ? error_set(error, r, "the event loop cannot watch it: %s", strerror(-r)) : 0;
}

static int watch_new(struct host *host, struct host_vm *vm, struct host_watch **ret, struct error_text *error)
{
    struct host_watch *watch = calloc(1, sizeof(*watch));
    int r;

    if (!watch)
        return error_set(error, -ENOMEM, "no memory");
    watch->host = host;
    watch->vm = vm;
    r = make_context(watch, vm ? (uint64_t)vm->found.pid : 1, error);
    if (r < 0) {
        watch_free(watch);
        return r;
    }
    *ret = watch;
    return 0;
}

static int add_target(struct host_watch *watch, struct host_vm *vm, struct error_text *error)
{
    const struct host *host = watch->host;
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = vm->found.pid};
    int r;

    /* Its thread waits for the process just as a reader of its files does. */
    if (host->shared && !foreign_is_trusted(vm->found.pid))
        return error_set(error, -EACCES,
                         "the kernel's DAMON is given only processes of root and of trusted users: name the user of "
                         "process %d in trusted_users, or set backend = idle-page",
                         (int)vm->found.pid);
    if (!vm->policy.whole_process) {
        target.ranges = vm->ram.ranges;
        target.nr_ranges = vm->ram.n;
    }
    r = damon_reclaim_add_target(watch->ctx, &target, &vm->target);
    return r < 0 ? error_set(error, r, "%s", damon_reclaim_last_error(watch->ctx)) : 0;
}

int host_watch_add(struct host_vm *vm, struct error_text *error)
{
    struct host *host = vm->host;
    struct host_watch *watch = host->all;
    int r;

    if (!watch) {
        r = watch_new(host, host->shared ? NULL : vm, &watch, error);
        if (r < 0)
            return r;
        if (host->shared)
            host->all = watch;
    }
    r = add_target(watch, vm, error);
    if (r == 0) {
        vm->watch = watch;
        vm->whole = vm->policy.whole_process;
        watch->nr_vms++;
        r = host_watch_configure(watch, host->agent->config, error);
        if (r == 0)
            r = host_watch_enable(watch, host->agent->config, error);
        if (r == 0)
            return 0;
    } else if (!watch->nr_vms) {
        host->all = NULL;
        watch_free(watch);
    }
    if (vm->watch)
        host_watch_remove(vm);
    return r;
}

void host_watch_remove(struct host_vm *vm)
{
    struct host_watch *watch = vm->watch;

    vm->watch = NULL;
    if (--watch->nr_vms) {
        damon_reclaim_remove_target(watch->ctx, vm->target);
        return;
    }
    if (watch == vm->host->all)
        vm->host->all = NULL;
    watch_free(watch);
}

void host_watch_share(struct host_vm *vm)
{
    struct host_watch *watch = vm->watch;
    struct damon_reclaim_params params = {.size = sizeof(params)};
    uint64_t quota = vm->share > PAGE ? vm->share : PAGE;

    if (!watch->vm || damon_reclaim_get_params(watch->ctx, &params) < 0 || params.quota_sz == quota)
        return;
    params.quota_sz = quota;
    if (damon_reclaim_set_params(watch->ctx, &params) < 0 || damon_reclaim_commit(watch->ctx) < 0)
        log_warning("%s: its share of the quota cannot be set: %s", vm->found.name,
                    damon_reclaim_last_error(watch->ctx));
}
