/* SPDX-License-Identifier: MIT */
/* The daemon's metrics and its status line. */
#include "host.h"

#include <stdio.h>

#include "common/units.h"

static void vm_info(struct metrics *metrics, const struct host_vm *vm)
{
    static const char *const counters[] = {"unknown", "cgroup", "process", "none"};
    char pid[16], bytes[24];
    const struct metrics_label labels[] = {
        {"vm", vm->found.name},
        {"pid", pid},
        {"state", host_state_name(vm->state)},
        {"found_by", host_method_name(vm->found.method)},
        {"memory_bytes", bytes},
        {"counters", counters[vm->counters]},
    };

    snprintf(pid, sizeof(pid), "%d", (int)vm->found.pid);
    snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)vm->ram.bytes);
    metrics_uint(metrics, METRIC_VM_INFO, labels, sizeof(labels) / sizeof(labels[0]), 1);
}

/* All reasons are always exported, so that queries need not handle missing series. */
static void vm_paused(struct metrics *metrics, const struct host_vm *vm)
{
    for (enum policy_reason reason = POLICY_PRESSURE; reason <= POLICY_REFAULTS; reason++) {
        const struct metrics_label labels[] = {{"vm", vm->found.name}, {"reason", policy_reason_name(reason)}};

        metrics_uint(metrics, METRIC_VM_PAUSED, labels, 2, vm->brake.reason == reason);
    }
}

static void vm_advice(struct metrics *metrics, const struct host_vm *vm, const struct metrics_label *label)
{
    struct advise_report report;

    advise_get(vm->advise, (uint32_t)config_number(vm->host->agent->config, NULL, "refault_limit"), &report);
    metrics_advice(metrics, &report, label, 1);
}

static void vm_metrics(struct metrics *metrics, const struct host *host, const struct host_vm *vm)
{
    const struct metrics_label label = {"vm", vm->found.name};

    vm_info(metrics, vm);
    if (!vm->watch)
        return;
    vm_paused(metrics, vm);
    metrics_uint(metrics, METRIC_VM_RESIDENT, &label, 1, vm->resident);
    metrics_uint(metrics, METRIC_VM_COLD, &label, 1, vm->cold);
    metrics_uint(metrics, METRIC_VM_SHARE, &label, 1, vm->share);
    metrics_uint(metrics, METRIC_REFAULTED, &label, 1, vm->cost.refaulted);
    if (vm->advise)
        vm_advice(metrics, vm, &label);
    if (!host->shared) {
        metrics_context(metrics, host_watch_context(vm->watch), &vm->backoff, &label, 1);
        return;
    }
    metrics_uint(metrics, METRIC_TRIED, &label, 1, vm->tried);
    metrics_uint(metrics, METRIC_RECLAIMED, &label, 1, vm->reclaimed);
    metrics_permille(metrics, METRIC_BACKOFF, &label, 1, vm->backoff.factor);
    metrics_permille(metrics, METRIC_REFAULT, &label, 1, backoff_ratio(&vm->backoff));
}

void host_metrics(struct agent *agent, struct metrics *metrics)
{
    const struct host *host = agent->userdata;

    for (size_t i = 0; i < host->n; i++)
        vm_metrics(metrics, host, host->vms[i]);
    if (host->all)
        metrics_shared_context(metrics, host_watch_context(host->all));
    metrics_uint(metrics, METRIC_VM_LEFT_OUT, &(struct metrics_label){"by", "max_machines"}, 1, host->found.left_out);
    metrics_uint(metrics, METRIC_VM_LEFT_OUT, &(struct metrics_label){"by", "max_per_user"}, 1,
                 host->found.left_out_of_user);
    metrics_uint(metrics, METRIC_HOST_TRIED, NULL, 0, host->tried);
    if (host->ledger.quota != POLICY_NO_LIMIT)
        metrics_uint(metrics, METRIC_HOST_QUOTA, NULL, 0, host->ledger.quota);
}

void host_status(struct agent *agent, char *buf, size_t size)
{
    const struct host *host = agent->userdata;
    uint64_t resident = 0, reclaimed = 0;
    size_t watched = 0, paused = 0;

    for (size_t i = 0; i < host->n; i++) {
        const struct host_vm *vm = host->vms[i];

        watched += vm->watch != NULL;
        paused += vm->watch && vm->brake.reason != POLICY_RUNS;
        resident += vm->watch ? vm->resident : 0;
        reclaimed += vm->reclaimed;
    }
    snprintf(buf, size, "%zu machines, %zu watched, %zu of them left alone; %s of guest memory, %s reclaimed", host->n,
             watched, paused, units_bytes(resident).text, units_bytes(reclaimed).text);
}
