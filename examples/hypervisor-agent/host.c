/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <linux/capability.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "agent/log.h"
#include "proc.h"

#define LEAST_WINDOW_NS UINT64_C(100000000)

uint64_t host_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void begin_some(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;

    (void)source, (void)value;
    if (host_begin_some(host))
        loop_set_timer(host->begin_timer, 1, 0);
}

static void scan(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;
    int r = host_scan(host);

    (void)source, (void)value;
    if (r < 0)
        log_error("looking for machines: %s; tried again in a while", strerror(-r));
    begin_some(NULL, 0, host);
}

static void window(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    host_window(userdata);
}

static uint64_t window_ns(const struct config *config)
{
    uint64_t ns = config_params(config)->quota_reset_interval_ms * UINT64_C(1000000);

    return ns > LEAST_WINDOW_NS ? ns : LEAST_WINDOW_NS;
}

/* Each machine takes a few files. */
static void allow_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void find_own_cgroup(struct host *host)
{
    char *text, *line;

    if (host_read_file(config_text(host->agent->config, NULL, "root"), "/proc/self/cgroup", &text, NULL) < 0)
        return;
    line = strstr(text, "0::/");
    if (line)
        snprintf(host->cgroup, sizeof(host->cgroup), "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    free(text);
}

int host_start(struct agent *agent, struct agent_error *error)
{
    struct host *host = agent->userdata;
    int r;

    host->agent = agent;
    allow_many_files();
    find_own_cgroup(host);
    r = host_choose_backend(host, error);
    if (r < 0)
        return r;
    log_info("backend %s, %s", host->backend_ops ? host->backend_ops->name : host->backend,
             host->shared ? "one context for all machines" : "a context for each machine");
    r = host_scan(host);
    if (r < 0)
        return agent_fail(error, r, "looking for machines: %s", strerror(-r));
    r = loop_add_timer(agent->loop, 1, 0, begin_some, host, &host->begin_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, config_number(agent->config, NULL, "discovery_interval"),
                           config_number(agent->config, NULL, "discovery_interval"), scan, host, &host->scan_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, window_ns(agent->config), window_ns(agent->config), window, host,
                           &host->window_timer);
    return r < 0 ? agent_fail(error, r, "no timer: %s", strerror(-r)) : 0;
}

void host_stop(struct agent *agent)
{
    struct host *host = agent->userdata;

    host->scan_timer = loop_remove(host->scan_timer);
    host->begin_timer = loop_remove(host->begin_timer);
    host->window_timer = loop_remove(host->window_timer);
    while (host->n)
        host_vm_remove(host->vms[host->n - 1]);
    if (host->window)
        log_info("%llu MiB were tried in all; most in a window: %llu of %llu KiB",
                 (unsigned long long)(host->tried >> 20), (unsigned long long)(host->peak_used >> 10),
                 (unsigned long long)(host->peak_quota >> 10));
    host_found_free(&host->found);
    free(host->vms);
    free(host->divided);
    free(host->regions);
    *host = (struct host){.backend_ops = host->backend_ops, .backend_data = host->backend_data};
}

/* Gives the parameters to all contexts. At the first that refuses them it ends. */
static int apply_to_all(struct host *host, const struct config *config, struct agent_error *error)
{
    int r = host->all ? host_watch_apply(host->all, config, error) : 0;

    for (size_t i = 0; i < host->n && r == 0; i++)
        if (host->vms[i]->watch && host->vms[i]->watch != host->all)
            r = host_watch_apply(host->vms[i]->watch, config, error);
    return r;
}

/* Machines that are on the never-reclaim list, or no longer, and what else is on it. */
static int apply_never(struct host *host, struct agent_error *error)
{
    struct never *never = host->agent->never;
    int r = 0;

    for (size_t i = 0; i < host->n && r == 0; i++) {
        struct host_vm *vm = host->vms[i];

        if (never_has_pid(never, vm->found.pid) ? vm->watch != NULL : vm->state == HOST_EXCLUDED)
            host_vm_rewatch(vm);
        else if (vm->watch)
            r = never_apply(never, host_watch_context(vm->watch), error);
    }
    return r;
}

static int configure(struct host *host, const struct config *config, struct agent_error *error)
{
    int r;

    host->agent->config = config;
    for (size_t i = 0; i < host->n; i++)
        host_vm_configure(host->vms[i], config);
    r = apply_to_all(host, config, error);
    return r < 0 ? r : apply_never(host, error);
}

static int reload(struct agent *agent, const struct config *next, struct agent_error *error)
{
    struct host *host = agent->userdata;
    const struct config *old = agent->config;
    int r;

    r = configure(host, next, error);
    agent->config = old; /* until the caller has taken over the new one */
    if (r < 0) {
        configure(host, old, NULL);
        return r;
    }
    loop_set_timer(host->scan_timer, 1, config_number(next, NULL, "discovery_interval"));
    loop_set_timer(host->window_timer, window_ns(next), window_ns(next));
    return 0;
}

static void never_changed(struct agent *agent)
{
    struct agent_error error = {""};

    if (apply_never(agent->userdata, &error) < 0)
        log_error("the never-reclaim list cannot be applied: %s", error.text);
}

static const int capabilities[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_NICE, CAP_DAC_READ_SEARCH};
static const char *const calls[] = {"readlink", "readlinkat", NULL};
static const struct config_option *const options[] = {config_common, host_options, NULL};
static const char *const instances[] = {"vm", NULL};

const struct agent_program host_program = {
    .config = {.name = "damon-reclaim-host",
               .summary = "reclaims the cold memory of virtual machines, from their host",
               .file = CONFIG_DIR "/host.conf",
               .options = options,
               .instances = instances,
               .defaults = host_defaults},
    .capabilities = capabilities,
    .nr_capabilities = sizeof(capabilities) / sizeof(capabilities[0]),
    .calls = calls,
    .start = host_start,
    .reload = reload,
    .never_changed = never_changed,
    .metrics = host_metrics,
    .status = host_status,
    .stop = host_stop,
};
