/* SPDX-License-Identifier: MIT */
/* The windows of the host. The quota of a window is divided among the machines at its start, and then once a second. */
#include "host.h"

#include <stdlib.h>

#include "agent/log.h"
#include "common/clock.h"

static void braked(struct host_vm *vm)
{
    if (vm->brake.reason == POLICY_RUNS)
        log_info("%s: is calm again and gets %u permille of its share", vm->found.name, vm->backoff.factor);
    else
        log_info("%s: is left alone because of %s", vm->found.name, policy_reason_name(vm->brake.reason));
    if (vm->brake.reason == POLICY_RUNS || !vm->share)
        return;
    vm->share = 0; /* at once */
    host_watch_share(vm);
}

static void read_usage(struct host *host)
{
    const struct config *config = host->agent->config;
    struct backoff_limits backoff = backoff_defaults;
    uint64_t now = clock_now_ns(), elapsed = now - host->usage_ns;
    struct policy_limits limits;

    host_limits_get(config, &limits);
    backoff.limit_permille = (uint32_t)config_number(config, NULL, "refault_limit");
    backoff.window_ns = config_number(config, NULL, "refault_window");
    for (size_t i = 0; i < host->n; i++)
        if (host->vms[i]->watch && host_usage_read(host->vms[i], now, host->usage_ns ? elapsed : 0, &limits, &backoff))
            braked(host->vms[i]);
    if (host->usage_ns)
        host_usage_measure_some(host, elapsed);
    host->usage_ns = now;
}

/* Reads the regions of a context into an array that grows. Without memory to grow, it reads those that fit. */
static size_t get_regions(struct host *host, struct damon_reclaim *ctx)
{
    size_t n = 0;

    damon_reclaim_get_regions(ctx, host->regions, host->nr_regions, &n);
    if (n > host->nr_regions) {
        struct damon_reclaim_region *grown = realloc(host->regions, 2 * n * sizeof(*grown));

        if (grown) {
            host->regions = grown;
            host->nr_regions = 2 * n;
            damon_reclaim_get_regions(ctx, host->regions, host->nr_regions, &n);
        }
    }
    return n < host->nr_regions ? n : host->nr_regions;
}

/* A dry run follows cold memory, to find out what would have been reclaimed with which min_age. */
static void follow(struct host_vm *vm, const struct damon_reclaim_region *regions, size_t n, uint64_t aggr_ns)
{
    if (!vm->advise && advise_new(&vm->advise) < 0)
        return;
    advise_update(vm->advise, clock_now_ns(), aggr_ns, regions, n);
}

static void find_cold(struct host *host)
{
    bool dry_run = config_bool(host->agent->config, NULL, "dry_run");
    struct damon_reclaim_params params = {.size = sizeof(params)};
    struct host_watch *last = NULL;
    size_t n = 0;

    for (size_t i = 0; i < host->n; i++) {
        struct host_vm *vm = host->vms[i];
        size_t first = 0, end;

        if (!vm->watch)
            continue;
        if (vm->watch != last) {
            n = get_regions(host, host_watch_context(vm->watch));
            damon_reclaim_get_active_params(host_watch_context(vm->watch), &params);
            last = vm->watch;
        }
        while (first < n && host->regions[first].target != vm->target)
            first++;
        for (end = first; end < n && host->regions[end].target == vm->target;)
            end++;
        vm->cold = policy_cold(host->regions + first, end - first, params.aggr_interval * 1000,
                               vm->policy.min_age_us * 1000, vm->resident) *
                   vm->cold_permille / 1000;
        if (dry_run)
            follow(vm, host->regions + first, end - first, params.aggr_interval * 1000);
    }
}

/* Without counters nobody can tell whether a machine needs its memory. It gets as little as after the worst refaults.
 */
static uint32_t factor_of(const struct host_vm *vm)
{
    bool blind = vm->counters == HOST_COUNTERS_NONE || vm->counters == HOST_COUNTERS_UNKNOWN;

    return blind && vm->backoff.factor > backoff_defaults.floor_permille ? backoff_defaults.floor_permille
                                                                         : vm->backoff.factor;
}

/* Shares count from the start of the window. So the memory of a machine that was tried since then is added to the
 * memory that it has now. The ledger limits the sum, whenever the quota is divided. */
static void divide(struct host *host)
{
    find_cold(host);
    for (size_t i = 0; i < host->n; i++) {
        const struct host_vm *vm = host->vms[i];

        host->divided[i] = (struct policy_vm){
            .stopped = !vm->watch || vm->brake.reason != POLICY_RUNS,
            .weight = vm->policy.weight,
            .factor = factor_of(vm),
            .cold = vm->cold + vm->used,
            .resident = (vm->policy.never_below ? host_usage_sure(vm) : vm->resident) + vm->used,
            .never_below = vm->policy.never_below,
            .cap = vm->policy.cap,
        };
    }
    policy_divide(host->divided, host->n, host->ledger.quota, host->window);
    for (size_t i = 0; i < host->n; i++) {
        struct host_vm *vm = host->vms[i];

        vm->share = host->divided[i].share;
        if (vm->watch)
            host_watch_share(vm);
    }
}

void host_usage(struct host *host)
{
    read_usage(host);
    if (config_params(host->agent->config)->quota_reset_interval_ms > HOST_USAGE_MS)
        divide(host);
}

void host_window(struct host *host)
{
    const struct damon_reclaim_params *params = config_params(host->agent->config);
    uint64_t quota = policy_quota(params->quota_sz, params->quota_ms, host->tried, host->spent_ns);

    if (host->ledger.used > host->peak_used) {
        host->peak_used = host->ledger.used;
        host->peak_quota = host->ledger.quota;
    }
    host->window++;
    policy_ledger_begin(&host->ledger, quota, params->quota_ms);
    for (size_t i = 0; i < host->n; i++)
        host->vms[i]->used = 0;
    divide(host);
}
