/* SPDX-License-Identifier: MIT */
/* The options that all daemons have. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "backoff.h"
#include "config.h"
#include "never.h"

static int check_directory(const char *value, struct agent_error *error)
{
    return *value == '/' ? 0 : agent_fail(error, -EINVAL, "\"%s\" does not begin with a slash", value);
}

static int check_textfile(const char *value, struct agent_error *error)
{
    size_t len = strlen(value);

    if (!len)
        return 0;
    if (len < 6 || strcmp(value + len - 5, ".prom") != 0)
        return agent_fail(error, -EINVAL, "\"%s\" does not end in .prom, and the collector reads no other", value);
    return check_directory(value, error);
}

static int check_address(const char *value, struct agent_error *error)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, value, address) == 1 || inet_pton(AF_INET6, value, address) == 1)
        return 0;
    return agent_fail(error, -EINVAL, "\"%s\" is not an IPv4 or IPv6 address", value);
}

const struct config_option config_common[] = {
    {"agent", "backend", CONFIG_CHOICE, "auto", NULL, "how memory is watched and reclaimed",
     .choices = "auto damon idle-page sim", .flags = CONFIG_FIXED},
    {"agent", "take_over", CONFIG_BOOL, "N", NULL,
     "switch the kernel's DAMON_STAT off meanwhile, if it keeps DAMON busy", .flags = CONFIG_FIXED},
    {"agent", "dry_run", CONFIG_BOOL, "N", NULL, "reclaim nothing, and tell in the log and the metrics what would be",
     .flags = CONFIG_FIXED},
    {"agent", "log_level", CONFIG_CHOICE, "info", NULL, "least importance of what is logged",
     .choices = "error warning info debug"},
    {"agent", "lock_directory", CONFIG_TEXT, "/run", "DIR", "where the lock against a second instance is",
     .flags = CONFIG_FIXED, .check = check_directory},
    {"agent", "root", CONFIG_TEXT, "", "DIR", "look for /proc, /sys and /run below this directory, for tests",
     .flags = CONFIG_FIXED},
    {"agent", "drop_privileges", CONFIG_BOOL, "Y", NULL,
     "after the start give up capabilities that are not needed and filter system calls", .flags = CONFIG_FIXED},
    {"agent", "refault_limit", CONFIG_UINT, "20", "PERMILLE",
     "refaulted of reclaimed memory above which the quota shrinks; 0: it never does", .max = 1000},
    {"agent", "refault_window", CONFIG_TIME, "5s", NULL, "time over which refaults are added up for that",
     .min = UINT64_C(100000000)},

    {"metrics", "textfile", CONFIG_TEXT, "", "FILE",
     "write the metrics there, for node_exporter's textfile collector; the name ends in .prom", .flags = CONFIG_FIXED,
     .check = check_textfile},
    {"metrics", "interval", CONFIG_TIME, "15s", NULL, "time between two writings of the textfile",
     .min = UINT64_C(100000000)},
    {"metrics", "http", CONFIG_BOOL, "N", NULL, "serve the metrics over HTTP, as /metrics", .flags = CONFIG_FIXED},
    {"metrics", "address", CONFIG_TEXT, "127.0.0.1", "ADDRESS", "address to serve them on", .flags = CONFIG_FIXED,
     .check = check_address},
    {"metrics", "port", CONFIG_UINT, "9715", "PORT", "port to serve them on; 0: any that is free", .max = 65535,
     .flags = CONFIG_FIXED},

    {"never", "pids", CONFIG_LIST, "", "PID,...", "processes that are never reclaimed", .check = never_check_pid},
    {"never", "commands", CONFIG_LIST, "", "NAME,...",
     "processes of these names (patterns; the 15 characters of `comm`) are never reclaimed"},
    {"never", "cgroups", CONFIG_LIST, "", "PATH,...",
     "memory of these cgroups, below /sys/fs/cgroup, and of those below them is never reclaimed"},
    {"never", "ranges", CONFIG_LIST, "", "START-END,...",
     "addresses that are never reclaimed: physical ones where physical memory is watched", .check = never_check_range},
    {0},
};
