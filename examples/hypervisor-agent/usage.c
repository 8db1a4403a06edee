/* SPDX-License-Identifier: MIT */
/* Reads the kernel's figures of a machine: resident memory, refaults, and how long its tasks wait for memory. */
#include "host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/log.h"
#include "common/clock.h"
#include "proc.h"

#define SECOND       UINT64_C(1000000000)
#define MEASURE_NS   (30 * SECOND) /* how old an exact measurement gets, */
#define SHORT_NS     SECOND        /* and if more of it is known by that one could go on */
#define MEASURE_PART 100           /* one part in so many of a CPU is for these measurements */
#define MEASURE_MOST 20000000      /* ns of it that are saved up */

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

/* The estimate alone does not tell: where the rest of the process grows by as much as the guest loses, it stays as it
 * is. So what was reclaimed since the last exact measurement counts as well. */
uint64_t host_usage_sure(const struct host_vm *vm)
{
    uint64_t lost = vm->taken - vm->deducted, left = vm->measured > lost ? vm->measured - lost : 0;

    return vm->resident < left ? vm->resident : left;
}

/* Reading smaps walks all page tables of the process. So it is not read often. In between, statm is read, and the
 * memory that does not belong to the guest is subtracted. */
void host_usage_measure(struct host_vm *vm)
{
    struct host_ram ram = vm->ram;
    struct host_smaps smaps;
    uint64_t all;

    vm->measured_ns = clock_now_ns();
    if (!read_resident(vm, &all))
        return;
    if (!vm->policy.whole_process && host_read_smaps(root_of(vm), &vm->found, &ram, &smaps) == 0) {
        vm->measured = smaps.resident;
        vm->other = all > smaps.resident ? all - smaps.resident : 0;
        vm->cold_permille = smaps.proportional && smaps.proportional < smaps.resident
                                ? smaps.proportional * 1000 / smaps.resident
                                : 1000;
    } else if (!vm->watch || vm->policy.whole_process) {
        vm->measured = all;
        vm->other = 0;
        vm->cold_permille = 1000;
    } else {
        return; /* what was measured last still counts */
    }
    if (!vm->watch)
        vm->ram = ram;
    vm->deducted = vm->taken;
    vm->resident = vm->measured;
}

/* Whether it could get more if what is sure of its memory were known better. */
static bool is_short(const struct host_vm *vm)
{
    return vm->policy.never_below && host_usage_sure(vm) <= vm->policy.never_below &&
           vm->resident > vm->policy.never_below;
}

/* The machine whose measurement is the oldest of those that need one. */
static struct host_vm *to_be_measured(const struct host *host, uint64_t now)
{
    struct host_vm *oldest = NULL;

    for (size_t i = 0; i < host->n; i++) {
        struct host_vm *vm = host->vms[i];

        if (vm->watch && now - vm->measured_ns >= (is_short(vm) ? SHORT_NS : MEASURE_NS) &&
            (!oldest || vm->measured_ns < oldest->measured_ns))
            oldest = vm;
    }
    return oldest;
}

void host_usage_measure_some(struct host *host, uint64_t elapsed_ns)
{
    uint64_t now = clock_now_ns();
    struct host_vm *vm;

    host->measure_ns += (int64_t)(elapsed_ns / MEASURE_PART);
    if (host->measure_ns > MEASURE_MOST)
        host->measure_ns = MEASURE_MOST;
    while (host->measure_ns > 0 && (vm = to_be_measured(host, now)) != NULL) {
        uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);

        host_usage_measure(vm);
        host->measure_ns -= (int64_t)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin);
    }
}

static void say_counters(const struct host_vm *vm, enum host_counters counters)
{
    if (counters == HOST_COUNTERS_NONE)
        log_warning(
            "%s: neither its cgroup nor its process has counters that tell what comes back; it gets %u permille "
            "of its share",
            vm->found.name, backoff_defaults.floor_permille);
    else if (counters == HOST_COUNTERS_PROCESS && vm->own_cgroup)
        log_warning("%s: its cgroup %s has no memory.stat that tells what comes back (is the memory controller enabled "
                    "there?); the major faults and the swapped memory of the process are used",
                    vm->found.name, vm->found.cgroup);
    else
        log_debug("%s: the counters of its %s tell what comes back", vm->found.name,
                  counters == HOST_COUNTERS_CGROUP ? "cgroup" : "process");
}

/* What has happened to the memory of the machine since the last reading. */
static struct cost_flow read_flow(struct host_vm *vm, uint64_t reclaimed)
{
    enum host_counters now = HOST_COUNTERS_NONE;
    struct cost_counters counters = {0};

    if (vm->own_cgroup && cost_read_cgroup(root_of(vm), vm->found.cgroup, &counters, NULL) == 0)
        now = HOST_COUNTERS_CGROUP;
    else if (cost_read_process(root_of(vm), vm->found.pid, &counters, NULL) == 0)
        now = HOST_COUNTERS_PROCESS;
    if (vm->counters != now) {
        say_counters(vm, now);
        vm->cost.seen = false; /* those of a cgroup and of a process are not one another's continuation */
        vm->counters = now;
    }
    if (now == HOST_COUNTERS_NONE)
        return (struct cost_flow){0};
    return cost_update(&vm->cost, &counters, reclaimed);
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
    struct cost_flow flow;
    uint64_t all, stall;

    if (read_resident(vm, &all)) {
        vm->resident = all > vm->other ? all - vm->other : 0;
        if (!vm->policy.whole_process && vm->resident > vm->ram.bytes)
            vm->resident = vm->ram.bytes;
    }
    flow = read_flow(vm, vm->taken - vm->told);
    stall = read_stall(vm);
    backoff_update(&vm->backoff, backoff, now_ns, vm->taken - vm->told, &flow);
    vm->told = vm->taken;
    policy_brake_update(&vm->brake, limits, now_ns, elapsed_ns, stall * 1000, flow.refaulted_anon + flow.refaulted_file,
                        vm->ram.bytes ? vm->ram.bytes : vm->resident);
    return vm->brake.reason != before;
}
