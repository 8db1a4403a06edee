/* SPDX-License-Identifier: MIT */
/* What --list prints. */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "common/units.h"

/* What --list knows about a machine, which it does not watch. */
struct entry {
    const struct host_found *found;
    struct host_policy policy;
    struct host_ram ram;
    enum host_state state;
};

static void look(const struct config *config, const struct host_found *found, struct entry *ret)
{
    const char *root = config_text(config, NULL, "root");
    struct host_smaps smaps;
    int r;

    host_policy_get(config, found, &ret->policy);
    r = host_read_ram(root, found, ret->policy.memory, &ret->ram);

    /* Read only for the kind. If it fails, the kind stays as found. */
    if (r == 0)
        host_read_smaps(root, found, &ret->ram, &smaps);
    ret->found = found;
    ret->state = HOST_WATCHED;
    if (ret->policy.excluded)
        ret->state = HOST_EXCLUDED;
    else if (r < 0)
        ret->state = r == -ENOENT || r == -ESRCH ? HOST_NO_MEMORY : HOST_FAILED;
    else if (ret->ram.pinned)
        ret->state = HOST_PINNED;
    else if (ret->ram.kind == HOST_RAM_HUGETLB && !ret->policy.whole_process)
        ret->state = HOST_HUGETLB;
    else if (!ret->ram.n && !ret->policy.whole_process)
        ret->state = HOST_UNCERTAIN;
    if (r < 0)
        ret->ram = (struct host_ram){0};
}

static const char *state_text(enum host_state state)
{
    return state == HOST_WATCHED ? "to be watched" : host_state_name(state);
}

static void print_table(const struct config *config, const struct host_found_list *list)
{
    struct entry entry;

    printf("%-24s %8s  %-8s  %10s  %-7s  %s\n", "NAME", "PID", "FOUND BY", "MEMORY", "KIND", "STATE");
    for (size_t i = 0; i < list->n; i++) {
        look(config, &list->items[i], &entry);
        printf("%-24s %8d  %-8s  %10s  %-7s  %s\n", entry.found->name, (int)entry.found->pid,
               host_method_name(entry.found->method), units_bytes(entry.ram.bytes).text,
               host_ram_kind_name(entry.ram.kind), state_text(entry.state));
        for (size_t k = 0; k < entry.ram.n; k++)
            printf("    %" PRIx64 "-%" PRIx64 "\n", entry.ram.ranges[k].start, entry.ram.ranges[k].end);
        if (*entry.ram.note)
            printf("    left alone: %s\n", entry.ram.note);
    }
}

#ifdef HAVE_JANSSON
static json_t *entry_json(const struct entry *entry)
{
    json_t *ranges = json_array();
    char cgroup[HOST_CGROUP_SIZE];

    memcpy(cgroup, entry->found->cgroup, sizeof(cgroup));
    host_make_printable(cgroup);
    for (size_t i = 0; i < entry->ram.n; i++)
        json_array_append_new(ranges, json_pack("{s:I, s:I}", "start", (json_int_t)entry->ram.ranges[i].start, "end",
                                                (json_int_t)entry->ram.ranges[i].end));
    return json_pack("{s:s, s:i, s:s, s:s, s:I, s:s, s:b, s:s, s:s, s:o}", "name", entry->found->name, "pid",
                     (int)entry->found->pid, "found_by", host_method_name(entry->found->method), "cgroup", cgroup,
                     "memory", (json_int_t)entry->ram.bytes, "kind", host_ram_kind_name(entry->ram.kind), "as_told",
                     (int)(entry->ram.n && !*entry->ram.note), "state", state_text(entry->state), "left_alone",
                     entry->ram.note, "ranges", ranges);
}

static int print_json(const struct config *config, const struct host_found_list *list)
{
    json_t *array = json_array();
    struct entry entry;
    int r = 0;

    for (size_t i = 0; i < list->n && r == 0; i++) {
        look(config, &list->items[i], &entry);
        r = json_array_append_new(array, entry_json(&entry));
    }
    if (r == 0)
        r = json_dumpf(array, stdout, JSON_INDENT(2));
    json_decref(array);
    putchar('\n');
    return r < 0 ? -ENOMEM : 0;
}
#else
static int print_json(const struct config *config, const struct host_found_list *list)
{
    (void)config, (void)list;
    return -EOPNOTSUPP;
}
#endif

/* Goes to standard error, because programs may read the list. */
static void passed_over(const char *pid_file, pid_t pid)
{
    fprintf(stderr, "damon-reclaim-host: %s: process %d runs none of the commands and is left alone\n", pid_file,
            (int)pid);
}

static void missing(pid_t pid)
{
    fprintf(stderr, "damon-reclaim-host: discovery_pids: there is no process %d\n", (int)pid);
}

/* What else one wants to know before one wonders; for people, and so not on standard output. */
static void print_remarks(const struct config *config, const struct host_found_list *list)
{
    const char *swap = host_swap_text(host_read_swap(config_text(config, NULL, "root")));

    if (!list->n)
        fprintf(stderr, "damon-reclaim-host: no virtual machines are found; discovery_commands, discovery_users and "
                        "discovery_cgroups say where to look\n");
    if (list->left_out || list->left_out_of_user)
        fprintf(stderr, "damon-reclaim-host: %zu machines are left out by max_machines, %zu by max_per_user\n",
                list->left_out, list->left_out_of_user);
    if (*swap)
        fprintf(stderr, "damon-reclaim-host: %s\n", swap);
}

int host_report(const struct config *config)
{
    struct host_found_list list = {0};
    struct host_places places;
    int r;

    host_places_get(config, &places);
    places.passed_over = passed_over;
    places.missing = missing;
    r = host_discover(&places, &list);
    if (r == 0 && config_bool(config, NULL, "json"))
        r = print_json(config, &list);
    else if (r == 0 && list.n)
        print_table(config, &list);
    if (r == 0)
        print_remarks(config, &list);
    host_found_free(&list);
    if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        r = -EIO;
    if (r < 0)
        fprintf(stderr, "damon-reclaim-host: the list cannot be printed: %s%s\n", strerror(-r),
                r == -EOPNOTSUPP ? "; this build cannot write JSON (it lacks jansson)" : "");
    return r < 0;
}
