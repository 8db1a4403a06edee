/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <linux/capability.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/foreign.h"
#include "agent/hardening.h"
#include "agent/log.h"
#include "proc.h"

#define LEAST_WINDOW_NS UINT64_C(100000000)
#define USAGE_NS        (HOST_USAGE_MS * UINT64_C(1000000))

static void begin_some(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;

    (void)source, (void)value;
    if (host_begin_some(host))
        loop_set_timer(host->begin_timer, 1, 0);
}

static void search(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;
    int r = host_scan_some(host);

    (void)source, (void)value;
    if (r > 0) {
        loop_set_timer(host->search_timer, 1, 0);
        return;
    }
    if (r < 0)
        log_error("looking for machines: %s; retried at the next interval", strerror(-r));
    begin_some(NULL, 0, host);
}

/* Goes on with the search of the start, if it is not done. */
static void search_on(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;

    if (host->search)
        search(source, value, host);
}

/* A search that takes longer than the interval goes on. */
static void scan(struct loop_source *source, int value, void *userdata)
{
    struct host *host = userdata;

    if (!host->search)
        search(source, value, host);
}

static void window(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    host_window(userdata);
}

static void usage(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value;
    host_usage(userdata);
}

static uint64_t window_ns(const struct config *config)
{
    uint64_t ns = config_params(config)->quota_reset_interval_ms * UINT64_C(1000000);

    return ns > LEAST_WINDOW_NS ? ns : LEAST_WINDOW_NS;
}

/* Each machine needs a few open files. */
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

int host_trust_users(const struct config *config, struct error_text *error)
{
    const char *const *users;
    size_t n = config_list(config, NULL, "discovery_users", &users);

    return foreign_trust(users, n, true, error);
}

int host_start(struct agent *agent, struct error_text *error)
{
    struct host *host = agent->userdata;
    uint64_t first_ns = window_ns(agent->config) < USAGE_NS ? window_ns(agent->config) : USAGE_NS;
    int r;

    host->agent = agent;
    allow_many_files();
    find_own_cgroup(host);
    r = host_trust_users(agent->config, error);
    if (r == 0)
        r = host_choose_backend(host, error);
    if (r < 0)
        return r;
    log_info("backend %s, %s", host->backend_ops ? host->backend_ops->name : host->backend,
             host->shared ? "one context for all machines" : "a context for each machine");
    r = host_scan_some(host);
    if (r < 0)
        return error_set(error, r, "looking for machines: %s", strerror(-r));
    r = loop_add_timer(agent->loop, 1, 0, begin_some, host, &host->begin_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, 1, 0, search_on, host, &host->search_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, config_number(agent->config, NULL, "discovery_interval"),
                           config_number(agent->config, NULL, "discovery_interval"), scan, host, &host->scan_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, 1, USAGE_NS, usage, host, &host->usage_timer);
    if (r == 0)
        r = loop_add_timer(agent->loop, first_ns, window_ns(agent->config), window, host, &host->window_timer);
    return r < 0 ? error_set(error, r, "no timer: %s", strerror(-r)) : 0;
}

int host_stop(struct agent *agent)
{
    struct host *host = agent->userdata;
    int r;

    host_scan_cancel(host);
    host->scan_timer = loop_remove(host->scan_timer);
    host->search_timer = loop_remove(host->search_timer);
    host->begin_timer = loop_remove(host->begin_timer);
    host->usage_timer = loop_remove(host->usage_timer);
    host->window_timer = loop_remove(host->window_timer);
    while (host->n)
        host_vm_remove(host->vms[host->n - 1], "is let go");
    if (host->window)
        log_info("tried %llu MiB in total; at most %llu of %llu KiB in a window",
                 (unsigned long long)(host->tried >> 20), (unsigned long long)(host->peak_used >> 10),
                 (unsigned long long)(host->peak_quota >> 10));
    host_found_free(&host->found);
    free(host->vms);
    free(host->divided);
    free(host->regions);
    r = host->left_behind;
    *host = (struct host){.backend_ops = host->backend_ops, .backend_data = host->backend_data};
    return r;
}

/* Applies a configuration to all machines and contexts. It stops at the first one that refuses it. */
static int configure(struct host *host, const struct config *config, struct error_text *error)
{
    struct host_watch *watch;
    int r = 0;

    for (size_t i = 0; i < host->n; i++)
        host_policy_get(config, &host->vms[i]->found, &host->vms[i]->policy);
    for (size_t i = 0; r == 0 && (watch = host_watch_next(host, &i)) != NULL;)
        r = host_watch_configure(watch, config, error);
    /* This comes last, because a context that is disabled forgets its regions. */
    for (size_t i = 0; r == 0 && (watch = host_watch_next(host, &i)) != NULL;)
        r = host_watch_enable(watch, config, error);
    return r;
}

static void scan_soon(struct host *host, const struct config *config)
{
    loop_set_timer(host->scan_timer, 1, config_number(config, NULL, "discovery_interval"));
}

/* The next scan handles machines that the new list adds or removes. If the list was refused, it sees the old one. */
static int apply_never(struct agent *agent, struct error_text *error)
{
    struct host *host = agent->userdata;
    struct host_watch *watch;
    int r = 0;

    for (size_t i = 0; r == 0 && (watch = host_watch_next(host, &i)) != NULL;)
        r = host_watch_exclude(watch, error);
    scan_soon(host, agent->config);
    return r;
}

static int reload(struct agent *agent, const struct config *next, struct error_text *error)
{
    struct host *host = agent->userdata;
    struct error_text again;
    int r = configure(host, next, error);

    if (r < 0) {
        if (configure(host, agent->config, &again) < 0)
            log_error("the configuration cannot be restored: %s", again.text);
        return r;
    }
    host_scan_cancel(host); /* it has the old configuration */
    scan_soon(host, next);
    loop_set_timer(host->window_timer, window_ns(next), window_ns(next));
    return 0;
}

static const int capabilities[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_NICE, CAP_DAC_READ_SEARCH};

static unsigned int needs(const struct agent *agent)
{
    const struct host *host = agent->userdata;

    return host->shared ? HARDENING_URING : 0; /* the kernel's DAMON: to write commands without waiting */
}

static const struct config_option *const options[] = {agent_options, host_options, NULL};
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
    .needs = needs,
    .start = host_start,
    .reload = reload,
    .apply_never = apply_never,
    .metrics = host_metrics,
    .status = host_status,
    .stop = host_stop,
};
