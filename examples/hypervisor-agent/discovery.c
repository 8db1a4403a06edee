/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "proc.h"

int host_found_add(struct host_found_list *list, pid_t pid, enum host_method method, const char *name)
{
    if (pid == getpid())
        return 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].pid == pid)
            return 0;
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        struct host_found *grown = realloc(list->items, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->n] = (struct host_found){.pid = pid, .method = method};
    if (name)
        snprintf(list->items[list->n].name, HOST_NAME_SIZE, "%s", name);
    list->n++;
    return 0;
}

int host_has_command(const struct host_places *places, pid_t pid)
{
    char exe[PATH_MAX], *cmdline = NULL, *comm = NULL;
    const char *path = host_read_exe(places->root, pid, exe, sizeof(exe)) ? exe : NULL;
    bool by_name_only;
    size_t len = 0;
    int r = host_read_proc(places->root, pid, "cmdline", &cmdline, &len);

    if (r == 0)
        r = host_read_proc(places->root, pid, "comm", &comm, NULL);
    if (r == 0)
        comm[strcspn(comm, "\n")] = '\0';
    r = file_own_lack(r);
    by_name_only = r == 0 && len && host_is_by_name_only(cmdline, path, comm);
    for (size_t i = 0; r == 0 && len && i < places->commands.n; i++)
        r = (!by_name_only || host_is_name_of(places->commands.items[i])) &&
            host_command_matches(places->commands.items[i], cmdline, path, comm);
    free(cmdline);
    free(comm);
    return r;
}

/* The cgroup of the whole machine. libvirt makes further cgroups below a scope. */
static int find_cgroup(const char *root, struct host_found *found)
{
    char *text, *line, *next, *end;
    int r = host_read_proc(root, found->pid, "cgroup", &text, NULL);

    if (r < 0)
        return file_own_lack(r);
    for (next = text; (line = strsep(&next, "\n")) != NULL;) {
        if (strncmp(line, "0::/", 4) || !line[4])
            continue;
        end = strstr(line, ".scope/");
        if (end)
            end[strlen(".scope")] = '\0';
        if (strlen(line + 3) < HOST_CGROUP_SIZE)
            snprintf(found->cgroup, HOST_CGROUP_SIZE, "%s", line + 3);
    }
    free(text);
    return 0;
}

/* Returns 0, -ESRCH if there is no such process (any more), or an error of host_read_proc(). */
static int read_start_time(const char *root, pid_t pid, uint64_t *ret)
{
    struct host_stat stat;
    char *text;
    int r = host_read_proc(root, pid, "stat", &text, NULL);

    if (r < 0)
        return r;
    r = host_parse_stat(text, &stat);
    free(text);
    if (r < 0)
        return -ESRCH;
    *ret = stat.start_time;
    return 0;
}

bool host_found_is_alive(const char *root, const struct host_found *found)
{
    uint64_t start_time;

    return read_start_time(root, found->pid, &start_time) == 0 && start_time == found->start_time;
}

/* Returns the same errors. */
static int describe(const char *root, struct host_found *found)
{
    char *text, by_method[HOST_NAME_SIZE];
    struct host_cmdline cmdline;
    int r = read_start_time(root, found->pid, &found->start_time);

    if (r == 0)
        r = find_cgroup(root, found);
    if (r < 0)
        return r;
    memcpy(by_method, found->name, sizeof(by_method));
    r = host_read_proc(root, found->pid, "cmdline", &text, &cmdline.len);
    if (r < 0)
        return r;
    cmdline.text = text;
    if (!host_cmdline_name(&cmdline, found->name) && !host_scope_name(found->cgroup, found->name)) {
        if (*by_method)
            memcpy(found->name, by_method, sizeof(by_method));
        else
            snprintf(found->name, HOST_NAME_SIZE, "%d", (int)found->pid);
    }
    free(text);
    host_make_printable(found->name);
    return 0;
}

static int by_pid(const void *a, const void *b)
{
    const struct host_found *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Appends the pid to the name, and from the second attempt on also a number. */
static void add_suffix(char name[HOST_NAME_SIZE], pid_t pid, unsigned int attempt)
{
    char suffix[32];
    size_t len = strlen(name);
    int n = snprintf(suffix, sizeof(suffix), attempt > 1 ? "-%d.%u" : "-%d", (int)pid, attempt);

    if (len + (size_t)n >= HOST_NAME_SIZE)
        len = HOST_NAME_SIZE - 1 - (size_t)n;
    memcpy(name + len, suffix, (size_t)n + 1);
    host_make_printable(name); /* a character may have been truncated */
}

/* Whether a machine whose name is final has the same name as machine number @i. */
static bool is_taken(const struct host_found_list *list, size_t i)
{
    for (size_t k = 0; k < list->n; k++)
        if (k != i && (k < i || list->items[k].known) && !strcmp(list->items[k].name, list->items[i].name))
            return true;
    return false;
}

/* The machines in @before keep their names. Of the others, the first one with a name gets it. */
static void make_names_unique(struct host_found_list *list, const struct host_found_list *before)
{
    char name[HOST_NAME_SIZE];

    for (size_t i = 0; i < list->n; i++) {
        struct host_found *found = &list->items[i], *same;

        same = before->n ? bsearch(found, before->items, before->n, sizeof(*found), by_pid) : NULL;
        found->known = same && same->start_time == found->start_time;
        if (found->known)
            memcpy(found->name, same->name, sizeof(found->name));
    }
    for (size_t i = 0; i < list->n; i++) {
        memcpy(name, list->items[i].name, sizeof(name));
        for (unsigned int attempt = 1; !list->items[i].known && is_taken(list, i); attempt++) {
            memcpy(list->items[i].name, name, sizeof(name));
            add_suffix(list->items[i].name, list->items[i].pid, attempt);
        }
    }
}

/* Like host_discover(), but without the machines that were found before. */
static int find_all(const struct host_places *places, struct host_found_list *list)
{
    static int (*const methods[])(const struct host_places *, struct host_found_list *) = {
        host_by_list,
        host_by_pidfile,
        host_by_cgroup,
        host_by_command,
    };
    size_t kept = 0;
    int r = 0;

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]) && r == 0; i++)
        r = methods[i](places, list);
    for (size_t i = 0; i < list->n; i++) {
        int described = describe(places->root, &list->items[i]);

        if (described == 0)
            list->items[kept++] = list->items[i];
        else if (file_own_lack(described) < 0)
            r = described;
    }
    list->n = kept;
    return r;
}

int host_discover(const struct host_places *places, struct host_found_list *list)
{
    struct host_found_list now = {0};
    int r = find_all(places, &now);

    if (r < 0) {
        host_found_free(&now);
        return r;
    }
    if (now.n)
        qsort(now.items, now.n, sizeof(*now.items), by_pid);
    make_names_unique(&now, list);
    host_found_free(list);
    *list = now;
    return 0;
}

void host_found_free(struct host_found_list *list)
{
    free(list->items);
    *list = (struct host_found_list){0};
}

const char *host_method_name(enum host_method method)
{
    static const char *const names[] = {"list", "pid file", "cgroup", "command"};

    return names[method];
}
