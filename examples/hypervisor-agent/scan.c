/* SPDX-License-Identifier: MIT */
/* Searches for machines, in slices, and compares what is found with the machines that are known. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/log.h"
#include "common/clock.h"

#define FILES_OF_VM 4  /* open files of each machine, at most */
#define OTHER_FILES 32 /* of the rest of the daemon */

static void passed_over(const char *pid_file, pid_t pid)
{
    log_debug("%s: process %d runs none of the commands and is left alone", pid_file, (int)pid);
}

static void missing(pid_t pid)
{
    log_warning("discovery_pids: there is no process %d", (int)pid);
}

/* A machine needs open files, and their number is limited. */
static size_t most_by_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur > OTHER_FILES + FILES_OF_VM ? (size_t)((limit.rlim_cur - OTHER_FILES) / FILES_OF_VM) : 1;
}

static int begin_search(struct host *host)
{
    size_t most = most_by_files();
    struct host_places places;

    host_places_get(host->agent->config, &places);
    places.passed_over = passed_over;
    places.missing = host->nr_scans ? NULL : missing; /* once */
    if (places.most > most)
        places.most = most;
    return host_search_new(&places, &host->found, &host->search);
}

void host_scan_cancel(struct host *host)
{
    host->search = host_search_free(host->search);
}

/* A list of found machines is ascending by pid. */
static int by_pid(const void *key, const void *item)
{
    pid_t pid = *(const pid_t *)key, other = ((const struct host_found *)item)->pid;

    return pid < other ? -1 : pid > other;
}

static struct host_found *find(const struct host *host, const struct host_vm *vm)
{
    struct host_found *found =
        host->found.n ? bsearch(&vm->found.pid, host->found.items, host->found.n, sizeof(*found), by_pid) : NULL;

    return found && found->start_time == vm->found.start_time ? found : NULL;
}

static void update(struct host_vm *vm, struct host_found *found)
{
    found->has_vm = true;
    if (strcmp(found->name, vm->found.name) != 0)
        log_info("%s: is called %s now", vm->found.name, found->name);
    vm->found = *found;
}

static void say_left_out(struct host *host, size_t before)
{
    size_t now = host->found.left_out + host->found.left_out_of_user;

    if (now && !before)
        log_warning(
            "%zu machines are left out, because there are more than max_machines or the open files allow, and %zu "
            "because a user has more than max_per_user",
            host->found.left_out, host->found.left_out_of_user);
    else if (!now && before)
        log_info("no machines are left out any more");
}

/* Without swap nothing of a guest's anonymous memory can be reclaimed. */
static void look_at_swap(struct host *host)
{
    enum host_swap swap = host_read_swap(config_text(host->agent->config, NULL, "root"));

    if (swap == host->swap)
        return;
    if (swap == HOST_SWAP_NONE || swap == HOST_SWAP_FULL)
        log_warning("%s", host_swap_text(swap));
    else if (host->swap == HOST_SWAP_NONE || host->swap == HOST_SWAP_FULL)
        log_info("there is room in swap again");
    host->swap = swap;
}

/* All that was found is known from here on. */
static int apply(struct host *host)
{
    size_t before = host->found.left_out + host->found.left_out_of_user;
    uint64_t now = clock_now_ns();
    int r = host_search_finish(host->search, &host->found);

    if (r < 0)
        return r; /* nobody is taken for gone */
    host->nr_scans++;
    for (size_t i = host->n; i-- > 0;) {
        struct host_found *found = find(host, host->vms[i]);

        if (found)
            update(host->vms[i], found);
        else
            host_vm_remove(host->vms[i], "is not among the machines any more");
    }
    for (size_t i = host->n; i-- > 0;)
        host_vm_follow(host->vms[i], now);
    for (size_t i = 0; i < host->found.n && r == 0; i++)
        if (!host->found.items[i].has_vm)
            r = host_vm_add(host, &host->found.items[i]);
    say_left_out(host, before);
    look_at_swap(host);
    return r < 0 ? r : host_use_own_cgroups(host);
}

int host_scan_some(struct host *host)
{
    int r = 0;

    host->vm_failed = host_vm_failed;
    if (!host->search)
        r = begin_search(host);
    if (r == 0)
        r = host_search_step(host->search, clock_now_ns() + HOST_SLICE_NS);
    if (r > 0)
        return 1;
    if (r == 0)
        r = apply(host);
    host_scan_cancel(host);
    return r;
}
