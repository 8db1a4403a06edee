/* SPDX-License-Identifier: MIT */
/* The machines of the host: adding and removing them. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "common/clock.h"
#include "proc.h"

#define RETRY_NS   UINT64_C(30000000000) /* retry after a machine could not be watched */
#define LOOK_AGAIN 6                     /* scans between two looks at where a machine's memory is */

const char *host_state_name(enum host_state state)
{
    static const char *const names[] = {"found",   "watched",   "excluded", "no_memory",
                                        "hugetlb", "uncertain", "pinned",   "failed"};

    return names[state];
}

static int by_cgroup(const void *a, const void *b)
{
    const struct host_vm *x = *(const struct host_vm *const *)a, *y = *(const struct host_vm *const *)b;

    return strcmp(x->found.cgroup, y->found.cgroup);
}

static void use_own_cgroup(struct host_vm *vm, bool own)
{
    const char *dot = strrchr(vm->found.cgroup, '.');

    own &= *vm->found.cgroup && strcmp(vm->found.cgroup, vm->host->cgroup) != 0 && (!dot || strcmp(dot, ".slice") != 0);
    if (vm->own_cgroup == own)
        return;
    vm->own_cgroup = own;
    vm->stall_seen = false;
}

/* The figures of a cgroup are those of a machine if no other machine is in it, nor the daemon. A slice is for many. */
int host_use_own_cgroups(struct host *host)
{
    struct host_vm **vms = calloc(host->n + 1, sizeof(struct host_vm *));

    if (!vms)
        return -ENOMEM;
    for (size_t i = 0; i < host->n; i++)
        vms[i] = host->vms[i];
    if (host->n)
        qsort(vms, host->n, sizeof(struct host_vm *), by_cgroup);
    for (size_t i = 0; i < host->n; i++)
        use_own_cgroup(vms[i], (!i || by_cgroup(&vms[i - 1], &vms[i]) != 0) &&
                                   (i + 1 == host->n || by_cgroup(&vms[i], &vms[i + 1]) != 0));
    free(vms);
    return 0;
}

static void set_state(struct host_vm *vm, enum host_state state)
{
    if (vm->watch && state != HOST_WATCHED)
        host_watch_remove(vm);
    if (vm->state != state)
        log_debug("%s: is %s", vm->found.name, host_state_name(state));
    vm->state = state;
}

static bool is_excluded(const struct host_vm *vm)
{
    return vm->policy.excluded || never_has_pid(vm->host->agent->never, vm->found.pid);
}

/* Whether it is treated in another way than is wanted now. */
static bool is_out_of_date(const struct host_vm *vm)
{
    return is_excluded(vm) != (vm->state == HOST_EXCLUDED) || (vm->watch && vm->whole != vm->policy.whole_process) ||
           ((vm->state == HOST_HUGETLB || vm->state == HOST_UNCERTAIN) && vm->policy.whole_process) ||
           vm->configured != vm->policy.memory;
}

/* Whether its memory is to be left alone, with the reason in the log when that is new. */
static bool is_not_to_be_watched(struct host_vm *vm)
{
    enum host_state state;

    if (vm->ram.pinned)
        state = HOST_PINNED;
    else if (vm->policy.whole_process)
        return false;
    else if (vm->ram.kind == HOST_RAM_HUGETLB)
        state = HOST_HUGETLB;
    else if (!vm->ram.n)
        state = HOST_UNCERTAIN;
    else
        return false;
    if (vm->state != state && state == HOST_PINNED)
        log_warning("%s: its memory is pinned, by a device that was passed through to it or because it is encrypted or "
                    "locked; it is left alone",
                    vm->found.name);
    else if (vm->state != state && state == HOST_HUGETLB)
        log_warning("%s: its memory is on hugetlb pages, which the kernel does not reclaim; it is left alone",
                    vm->found.name);
    else if (vm->state != state)
        log_warning("%s: it is not certain which memory is the guest's: %s; it is left alone", vm->found.name,
                    vm->ram.note);
    set_state(vm, state);
    return true;
}

void host_vm_failed(struct host_vm *vm)
{
    set_state(vm, HOST_FAILED);
    vm->retry_ns = clock_now_ns() + RETRY_NS;
}

/* Begins to watch a machine that may be watched, or says why it is not. */
static void begin(struct host_vm *vm)
{
    const struct host *host = vm->host;
    struct error_text error = {""};
    int r;

    vm->configured = vm->policy.memory;
    if (is_excluded(vm)) {
        set_state(vm, HOST_EXCLUDED);
        return;
    }
    r = host_read_ram(config_text(host->agent->config, NULL, "root"), &vm->found, vm->configured, &vm->seen);
    if (r == -ENOENT || r == -ESRCH) {
        set_state(vm, HOST_NO_MEMORY);
        return;
    }
    if (r < 0) {
        log_warning("%s: /proc/%d cannot be read: %s", vm->found.name, (int)vm->found.pid, strerror(-r));
        host_vm_failed(vm);
        return;
    }
    vm->ram = vm->seen;
    host_usage_measure(vm);
    if (is_not_to_be_watched(vm))
        return;
    r = host_watch_add(vm, &error);
    if (r < 0 && r != -ESRCH)
        log_warning("%s: cannot be watched: %s", vm->found.name, error.text);
    if (r < 0) {
        host_vm_failed(vm);
        return;
    }
    set_state(vm, HOST_WATCHED);
    log_info("%s: pid %d, found by %s, %llu MiB of guest memory (%s) in %zu ranges%s", vm->found.name,
             (int)vm->found.pid, host_method_name(vm->found.method), (unsigned long long)(vm->ram.bytes >> 20),
             host_ram_kind_name(vm->ram.kind), vm->ram.n,
             vm->policy.whole_process ? ", and the rest of the process" : "");
    if (*vm->ram.note)
        log_warning("%s: the rest of its memory is left alone: %s", vm->found.name, vm->ram.note);
}

static void rewatch(struct host_vm *vm)
{
    if (vm->watch)
        host_watch_remove(vm);
    begin(vm);
}

/* Memory and devices are plugged and unplugged while a machine runs. */
static void look_again(struct host_vm *vm)
{
    struct host_ram ram;

    if (host_read_ram(config_text(vm->host->agent->config, NULL, "root"), &vm->found, vm->configured, &ram) < 0 ||
        host_ram_same(&ram, &vm->seen))
        return;
    log_info("%s: its memory mappings have changed", vm->found.name);
    rewatch(vm);
}

/* Decides what is to be done with a machine that is there still. What takes time is done by host_begin_some(). */
void host_vm_follow(struct host_vm *vm, uint64_t now)
{
    if (vm->state != HOST_FOUND && is_out_of_date(vm)) {
        set_state(vm, HOST_FOUND);
        return;
    }
    switch (vm->state) {
    case HOST_WATCHED:
    case HOST_HUGETLB:
    case HOST_UNCERTAIN:
    case HOST_PINNED:
        vm->due |= (unsigned int)vm->found.pid % LOOK_AGAIN == vm->host->nr_scans % LOOK_AGAIN;
        break;
    case HOST_FOUND:
    case HOST_EXCLUDED:
        break;
    case HOST_FAILED:
        vm->due |= now >= vm->retry_ns;
        break;
    case HOST_NO_MEMORY:
        vm->due = true;
        break;
    }
}

/* What a dry run has found out. */
static void tell_advice(struct host_vm *vm)
{
    uint32_t tolerance = (uint32_t)config_number(vm->host->agent->config, NULL, "refault_limit");
    struct advise_report report;

    advise_get(vm->advise, tolerance, &report);
    if (report.min_age_ns)
        log_info("%s: advice: with min_age %llu s, at most %u permille of the reclaimed memory would be used again",
                 vm->found.name, (unsigned long long)(report.min_age_ns / UINT64_C(1000000000)), tolerance);
    else
        log_info("%s: no advice yet: no min_age is known with which at most %u permille would be used again",
                 vm->found.name, tolerance);
}

void host_vm_remove(struct host_vm *vm, const char *why)
{
    struct host *host = vm->host;
    size_t i = 0;

    log_info("%s: pid %d %s; %llu MiB of it were reclaimed", vm->found.name, (int)vm->found.pid, why,
             (unsigned long long)(vm->reclaimed >> 20));
    if (vm->advise)
        tell_advice(vm);
    advise_free(vm->advise);
    if (vm->watch)
        host_watch_remove(vm);
    loop_remove(vm->process);
    while (host->vms[i] != vm)
        i++;
    memmove(&host->vms[i], &host->vms[i + 1], (--host->n - i) * sizeof(struct host_vm *));
    free(vm);
}

static void exited(struct loop_source *source, int pid, void *userdata)
{
    (void)source, (void)pid;
    host_vm_remove(userdata, "has exited");
}

static int make_room(struct host *host)
{
    size_t capacity = host->capacity ? host->capacity * 2 : 16;
    struct host_vm **vms;
    struct policy_vm *divided;

    if (host->n < host->capacity)
        return 0;
    vms = realloc(host->vms, capacity * sizeof(struct host_vm *));
    if (!vms)
        return -ENOMEM;
    host->vms = vms;
    divided = realloc(host->divided, capacity * sizeof(*divided));
    if (!divided)
        return -ENOMEM;
    host->divided = divided;
    host->capacity = capacity;
    return 0;
}

int host_vm_add(struct host *host, const struct host_found *found)
{
    struct host_vm *vm;
    int r = make_room(host);

    if (r < 0)
        return r;
    vm = calloc(1, sizeof(*vm));
    if (!vm)
        return -ENOMEM;
    vm->host = host;
    vm->found = *found;
    vm->state = HOST_FOUND;
    vm->backoff = BACKOFF_INIT;
    host_policy_get(host->agent->config, &vm->found, &vm->policy);
    r = loop_add_process(host->agent->loop, found->pid, exited, vm, &vm->process);
    if (r == 0 && !host_found_is_alive(config_text(host->agent->config, NULL, "root"), found)) {
        loop_remove(vm->process); /* replaced since it was found: the next scan finds who it is */
        r = -ESRCH;
    }
    if (r < 0) {
        free(vm);
        return r == -ESRCH ? 0 : r;
    }
    host->vms[host->n++] = vm;
    return 0;
}

static void begin_or_look_again(struct host_vm *vm)
{
    vm->due = false;
    if (vm->state == HOST_FOUND || vm->state == HOST_FAILED || vm->state == HOST_NO_MEMORY)
        begin(vm);
    else
        look_again(vm);
}

bool host_begin_some(struct host *host)
{
    uint64_t until = clock_now_ns() + HOST_SLICE_NS;

    for (size_t i = 0; i < host->n; i++) {
        if (host->vms[i]->state != HOST_FOUND && !host->vms[i]->due)
            continue;
        if (clock_now_ns() >= until)
            return true;
        begin_or_look_again(host->vms[i]);
    }
    return false;
}
