/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "agent/never.h"

#define MOST_PID 4194304 /* of the kernel, on 64 bits */

static int parse_min_age(const char *value, uint64_t *ret_us, struct error_text *error)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    char text[256] = "";
    int r = damon_reclaim_params_init(&params);

    if (r == 0)
        r = damon_reclaim_params_set(&params, "min_age", value, text, sizeof(text));
    if (r < 0)
        return error_set(error, r, "%s", text);
    *ret_us = params.min_age;
    return 0;
}

static int check_min_age(const char *value, struct error_text *error)
{
    uint64_t us;

    return *value ? parse_min_age(value, &us, error) : 0;
}

const struct config_option host_options[] = {
    {"agent", "list", CONFIG_BOOL, "N", NULL, "print the machines that are found and where their memory is, and exit",
     .flags = CONFIG_FIXED},
    {"agent", "json", CONFIG_BOOL, "N", NULL, "print that list as JSON", .flags = CONFIG_FIXED},

    {"discovery", "pids", CONFIG_LIST, "", "PID,...", "these processes are virtual machines", .check = never_check_pid},
    {"discovery", "pid_files", CONFIG_LIST, "/run/libvirt/qemu/*.pid", "PATTERN,...",
     "files with the pid of a virtual machine that runs one of the commands"},
    {"discovery", "cgroups", CONFIG_LIST, "machine.slice", "PATH,...",
     "cgroups below /sys/fs/cgroup: processes in and below them that run one of the commands are virtual machines"},
    {"discovery", "commands", CONFIG_LIST, "qemu-system-*,qemu-kvm,kvm,cloud-hypervisor", "PATTERN,...",
     "names of the programs that run virtual machines"},
    {"discovery", "users", CONFIG_LIST, "root,libvirt-qemu,qemu,kvm,qemu-libvirtd,oneadmin", "USER,...",
     "users that run virtual machines: names in /etc/passwd, or numbers"},
    {"discovery", "anywhere", CONFIG_BOOL, "N", NULL,
     "look for the commands among the processes of all users, not only of `users`"},
    {"discovery", "max_machines", CONFIG_UINT, "2000", NULL, "how many virtual machines are watched at most", .min = 1,
     .max = 100000},
    {"discovery", "max_per_user", CONFIG_UINT, "32", NULL, "how many of each user that is not in `users`", .min = 1,
     .max = 100000},
    {"discovery", "interval", CONFIG_TIME, "5s", NULL, "time between two searches for machines",
     .min = UINT64_C(100000000)},

    {"pause", "stall", CONFIG_UINT, "100", "PERMILLE",
     "leave a machine alone when its cgroup waits for memory for more than this share of the time; 0: never",
     .max = 1000},
    {"pause", "refaults", CONFIG_UINT, "10", "PERMILLE",
     "leave a machine alone when more than this share of its memory refaults in a second; 0: never", .max = 1000},
    {"pause", "hold", CONFIG_TIME, "10s", NULL,
     "how long a machine must be calm before it gets a share of the quota again"},

    {"vm", "exclude", CONFIG_BOOL, "N", NULL, "leave these machines alone"},
    {"vm", "min_age", CONFIG_TEXT, "", "TIME", "the parameter min_age for these machines; empty: the common one",
     .check = check_min_age},
    {"vm", "weight", CONFIG_UINT, "100", NULL, "the weight of each machine when the quota is divided", .min = 1,
     .max = 10000},
    {"vm", "quota_sz", CONFIG_BYTES, "0", NULL, "the largest share of the quota for each machine; 0: no limit"},
    {"vm", "never_below", CONFIG_BYTES, "0", NULL, "guest memory that each machine keeps in any case"},
    {"vm", "memory", CONFIG_BYTES, "0", NULL,
     "size of the guest memory of each machine, if its command line does not say it; 0: as the command line says"},
    {"vm", "whole_process", CONFIG_BOOL, "N", NULL, "reclaim all memory of the process, not only the guest's"},
    {0},
};

const struct config_default host_defaults[] = {
    {"enabled", "Y"}, {"sample_interval", "100000"}, {"aggr_interval", "2000000"}, {"max_nr_regions", "200"},
    {NULL, NULL},
};

/* By any name that it has: where two machines are called the same, both have the protection of the section. */
static bool is_called(const struct host_found *found, const char *pattern)
{
    for (size_t i = 0; i < HOST_OWN_NAMES && *found->own[i]; i++)
        if (!fnmatch(pattern, found->own[i], 0))
            return true;
    return !fnmatch(pattern, found->name, 0);
}

/* The section that sets @key for the machine. If there is none, a name that does not exist, which has the defaults. */
static const char *section_of(const struct config *config, const struct host_found *found, const char *key)
{
    const char *pattern;

    for (size_t i = 0; (pattern = config_instance(config, "vm", i)) != NULL; i++)
        if (is_called(found, pattern) && config_is_set(config, pattern, key))
            return pattern;
    return "";
}

void host_policy_get(const struct config *config, const struct host_found *found, struct host_policy *ret)
{
    const char *min_age = config_text(config, section_of(config, found, "vm_min_age"), "vm_min_age");

    *ret = (struct host_policy){
        .excluded = config_bool(config, section_of(config, found, "vm_exclude"), "vm_exclude"),
        .whole_process = config_bool(config, section_of(config, found, "vm_whole_process"), "vm_whole_process"),
        .min_age_us = config_params(config)->min_age,
        .weight = (uint32_t)config_number(config, section_of(config, found, "vm_weight"), "vm_weight"),
        .cap = config_number(config, section_of(config, found, "vm_quota_sz"), "vm_quota_sz"),
        .memory = config_number(config, section_of(config, found, "vm_memory"), "vm_memory"),
        .never_below = config_number(config, section_of(config, found, "vm_never_below"), "vm_never_below"),
    };
    if (*min_age) /* was checked */
        parse_min_age(min_age, &ret->min_age_us, NULL);
}

static struct host_words words(const struct config *config, const char *key)
{
    struct host_words list;

    list.n = config_list(config, NULL, key, &list.items);
    return list;
}

void host_places_get(const struct config *config, struct host_places *ret)
{
    *ret = (struct host_places){
        .root = config_text(config, NULL, "root"),
        .pids = words(config, "discovery_pids"),
        .pid_files = words(config, "discovery_pid_files"),
        .cgroups = words(config, "discovery_cgroups"),
        .commands = words(config, "discovery_commands"),
        .users = words(config, "discovery_users"),
        .anywhere = config_bool(config, NULL, "discovery_anywhere"),
        .most = config_number(config, NULL, "discovery_max_machines"),
        .most_of_user = config_number(config, NULL, "discovery_max_per_user"),
    };
}

void host_limits_get(const struct config *config, struct policy_limits *ret)
{
    *ret = (struct policy_limits){
        .stall_permille = (uint32_t)config_number(config, NULL, "pause_stall"),
        .refault_permille = (uint32_t)config_number(config, NULL, "pause_refaults"),
        .hold_ns = config_number(config, NULL, "pause_hold"),
    };
}
