/* SPDX-License-Identifier: MIT */
/* The options that all daemons have. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backoff.h"
#include "log.h"
#include "never.h"
#include "options.h"

static int check_directory(const char *value, struct error_text *error)
{
    return *value == '/' ? 0 : error_set(error, -EINVAL, "\"%s\" does not begin with a slash", value);
}

void agent_warn_of_missing(const struct config *config)
{
    const char *const *items;
    size_t n = config_list(config, NULL, "never_pids", &items);

    for (size_t i = 0; i < n; i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/proc/%s", config_text(config, NULL, "root"), items[i]);
        if (access(path, F_OK) < 0 && errno == ENOENT)
            log_warning("never-reclaim list: there is no process %s; correct the number, or remove it, before another "
                        "process gets it",
                        items[i]);
    }
}

static int check_textfile(const char *value, struct error_text *error)
{
    size_t len = strlen(value);

    if (!len)
        return 0;
    if (len < 6 || strcmp(value + len - 5, ".prom") != 0)
        return error_set(error, -EINVAL, "\"%s\" does not end in .prom, and the collector reads no other files", value);
    return check_directory(value, error);
}

static int check_address(const char *value, struct error_text *error)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, value, address) == 1 || inet_pton(AF_INET6, value, address) == 1)
        return 0;
    return error_set(error, -EINVAL, "\"%s\" is not an IPv4 or IPv6 address", value);
}

const struct config_option agent_options[] = {
    {"agent", "config", CONFIG_TEXT, "", "FILE", "the configuration file, instead of the default one",
     .flags = CONFIG_NOT_IN_FILE | CONFIG_FIXED},
    {"agent", "boot_line", CONFIG_BOOL, "N", NULL, "also read damon_reclaim.NAME=VALUE from the kernel's command line",
     .flags = CONFIG_NOT_IN_FILE},
    {"agent", "backend", CONFIG_CHOICE, "auto", NULL, "the backend, which watches and reclaims memory",
     .choices = "auto damon idle-page sim", .flags = CONFIG_FIXED},
    {"agent", "take_over", CONFIG_BOOL, "N", NULL,
     "switch the kernel's DAMON_STAT off while the daemon runs, if it uses DAMON", .flags = CONFIG_FIXED},
    {"agent", "dry_run", CONFIG_BOOL, "N", NULL, "reclaim nothing; log and count what would be reclaimed",
     .flags = CONFIG_FIXED},
    {"agent", "log_level", CONFIG_CHOICE, "info", NULL, "the least important level that is logged",
     .choices = "error warning info debug"},
    {"agent", "lock_directory", CONFIG_TEXT, "/run/damon-reclaim", "DIR",
     "directory of the lock against a second instance", .flags = CONFIG_FIXED, .check = check_directory},
    {"agent", "root", CONFIG_TEXT, "", "DIR", "use /proc, /sys and /run below this directory, for tests",
     .flags = CONFIG_FIXED},
    {"agent", "drop_privileges", CONFIG_BOOL, "Y", NULL,
     "after the start, drop capabilities that are not needed and filter system calls", .flags = CONFIG_FIXED},
    {"agent", "trusted_users", CONFIG_LIST, "", "USER,...",
     "users, besides root, whose processes do not keep the daemon waiting on purpose: it looks at them itself, which "
     "is faster, and not through a helper process",
     .flags = CONFIG_FIXED},
    {"agent", "refault_limit", CONFIG_UINT, "20", "PERMILLE",
     "share of the reclaimed memory that may refault; above it, the quota is lowered; 0: never", .max = 1000},
    {"agent", "refault_window", CONFIG_TIME, "5s", NULL, "time over which refaults are counted for that",
     .min = UINT64_C(100000000)},

    {"metrics", "textfile", CONFIG_TEXT, "", "FILE",
     "write the metrics to this file for node_exporter's textfile collector; its name ends in .prom",
     .flags = CONFIG_FIXED, .check = check_textfile},
    {"metrics", "interval", CONFIG_TIME, "15s", NULL, "time between two updates of the textfile",
     .min = UINT64_C(100000000)},
    {"metrics", "http", CONFIG_BOOL, "N", NULL, "serve the metrics over HTTP at /metrics", .flags = CONFIG_FIXED},
    {"metrics", "address", CONFIG_TEXT, "127.0.0.1", "ADDRESS", "address for the metrics over HTTP",
     .flags = CONFIG_FIXED, .check = check_address},
    {"metrics", "port", CONFIG_UINT, "9715", "PORT", "port for the metrics over HTTP; 0: any free port", .max = 65535,
     .flags = CONFIG_FIXED},

    {"never", "pids", CONFIG_LIST, "", "PID,...", "processes that are never reclaimed", .check = never_check_pid},
    {"never", "commands", CONFIG_LIST, "", "NAME,...",
     "processes with these names (patterns for the 15 characters of `comm`) are never reclaimed"},
    {"never", "cgroups", CONFIG_LIST, "", "PATH,...",
     "memory of these cgroups (below /sys/fs/cgroup) and of cgroups below them is never reclaimed"},
    {"never", "ranges", CONFIG_LIST, "", "START-END,...",
     "addresses that are never reclaimed; physical addresses if physical memory is watched",
     .check = never_check_range},
    {0},
};
