/* SPDX-License-Identifier: MIT */
/* Reads the kernel's figures of a machine: resident memory, refaults, and how long its tasks wait for memory. */
#include "host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc.h"

static const char *root_of(const struct host_vm *vm)
{
    return config_text(vm->host->agent->config, NULL, "root");
}

static bool read_resident(const struct host_vm *vm, uint64_t *ret)
{
    char *text;
    bool ok;

    if (host_read_proc(root_of(vm), vm->found.pid, "statm", &text, NULL) < 0)
        return false;
    ok = host_parse_statm(text, (uint64_t)sysconf(_SC_PAGESIZE), ret) == 0;
    free(text);
    return ok;
}

/* The kernel does not reclaim hugetlb pages. */
static void drop_hugetlb(struct host_ram *ram, bool hugetlb[HOST_RAM_MAX_RANGES])
{
    uint64_t before = ram->bytes;
    bool all = ram->n > 0;

    for (size_t i = 0; i < ram->n; i++) {
        hugetlb[i] |= ram->kinds[i] == HOST_RAM_HUGETLB;
        all &= hugetlb[i];
    }
    if (all) {
        ram->kind = HOST_RAM_HUGETLB;
        return;
    }
    host_ram_drop(ram, hugetlb);
    if (ram->bytes < before && !*ram->note)
        snprintf(ram->note, sizeof(ram->note), "%llu MiB are on hugetlb pages, which the kernel does not reclaim",
                 (unsigned long long)(before - ram->bytes) >> 20);
}

int host_read_smaps(const char *root, const struct host_found *found, struct host_ram *ram, struct host_smaps *ret)
{
    bool hugetlb[HOST_RAM_MAX_RANGES] = {false};
    char *text;
    int r = host_read_proc(root, found->pid, "smaps", &text, NULL);

    if (r == 0) {
        host_parse_smaps(text, ram->ranges, ram->n, hugetlb, ret);
        free(text);
    }
    drop_hugetlb(ram, hugetlb);
    return r;
}

/* Reading smaps walks all page tables of the process, so it is read once. Afterwards statm is read, and the memory that
 * does not belong to the guest is subtracted. */
void host_usage_calibrate(struct host_vm *vm)
{
    struct host_smaps smaps;
    uint64_t all;

    vm->other = 0;
    if (!read_resident(vm, &all))
        return;
    vm->resident = all;
    if (vm->policy.whole_process || host_read_smaps(root_of(vm), &vm->found, &vm->ram, &smaps) < 0)
        return;
    vm->other = all > smaps.resident ? all - smaps.resident : 0;
    vm->resident = smaps.resident;
}

static void read_costs(struct host_vm *vm, uint64_t *ret_refaulted)
{
    struct cost_counters counters = {0};
    int r;

    *ret_refaulted = 0;
    r = vm->own_cgroup ? cost_read_cgroup(root_of(vm), vm->found.cgroup, &counters, NULL)
                       : cost_read_process(root_of(vm), vm->found.pid, false, &counters, NULL);
    if (r == 0)
        *ret_refaulted = cost_update(&vm->cost, &counters);
}

/* How long tasks in the machine's cgroup have waited for memory since the last reading. 0 without its own cgroup. */
static uint64_t read_stall(struct host_vm *vm)
{
    uint64_t total, stall = 0;
    char path[PATH_MAX], *text;

    if (!vm->own_cgroup)
        return 0;
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.pressure", vm->found.cgroup);
    if (host_read_file(root_of(vm), path, &text, NULL) < 0)
        return 0;
    if (host_parse_pressure(text, &total) == 0) {
        stall = vm->stall_seen && total > vm->stall_us ? total - vm->stall_us : 0;
        vm->stall_us = total;
        vm->stall_seen = true;
    }
    free(text);
    return stall;
}

bool host_usage_read(struct host_vm *vm, uint64_t now_ns, uint64_t elapsed_ns, const struct policy_limits *limits,
                     const struct backoff_limits *backoff)
{
    enum policy_reason before = vm->brake.reason;
    uint64_t all, refaulted, stall;

    if (read_resident(vm, &all)) {
        vm->resident = all > vm->other ? all - vm->other : 0;
        if (!vm->policy.whole_process && vm->resident > vm->ram.bytes)
            vm->resident = vm->ram.bytes;
    }
    read_costs(vm, &refaulted);
    stall = read_stall(vm);
    backoff_update(&vm->backoff, backoff, now_ns, vm->reclaimed - vm->told, refaulted);
    vm->told = vm->reclaimed;
    policy_brake_update(&vm->brake, limits, now_ns, elapsed_ns, stall * 1000, refaulted, vm->ram.bytes);
    return vm->brake.reason != before;
}
