/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define CGROUP_ROOT  "/sys/fs/cgroup"
#define CGROUP_DEPTH 64

bool processes_selected(const struct options *options)
{
    return options->pids.n || options->comms.n || options->cgroups.n;
}

static struct process *find(struct processes *p, pid_t pid)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].pid == pid)
            return &p->items[i];
    return NULL;
}

static struct process *add(struct processes *p, pid_t pid)
{
    p->items = cli_realloc(p->items, p->n + 1, sizeof(*p->items));
    p->items[p->n] = (struct process){.pid = pid, .wanted = true};
    return &p->items[p->n++];
}

/* Makes a target of a process. 0, or a negative errno with a message. */
static int watch(struct processes *p, struct process *process, struct damon_reclaim *ctx)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = process->pid};
    int r = damon_reclaim_add_target(ctx, &target, &process->target);

    if (r < 0) {
        if (r != -ESRCH || process->fixed) /* one that was found and has exited since is nothing to speak of */
            cli_error("%s", damon_reclaim_last_error(ctx));
        return r;
    }
    process->is_target = true;
    p->nr_targets++;
    return 0;
}

/* The scan found @pid. Those that cannot be watched are kept too, so that this is said once. */
static void want(struct processes *p, pid_t pid, struct damon_reclaim *ctx)
{
    struct process *process = find(p, pid);

    if (process) {
        process->wanted = true;
        return;
    }
    if (pid != getpid() && !exclude_has(p->exclude, pid))
        watch(p, add(p, pid), ctx);
}

/* A scan under way. */
struct scan {
    struct processes *p;
    struct damon_reclaim *ctx;
};

static void found(void *data, pid_t pid)
{
    struct scan *scan = data;

    want(scan->p, pid, scan->ctx);
}

/* The cgroup @path, below the root of all, and those below it. False if it does not exist. */
static bool scan_cgroup(struct processes *p, const char *path, struct damon_reclaim *ctx, int depth)
{
    DIR *directory = proc_directory(p->options, path);
    char line[32], below[PATH_MAX];
    struct dirent *entry;
    FILE *procs;

    if (!directory)
        return false;
    procs = proc_file(p->options, path, "cgroup.procs");
    while (procs && fgets(line, sizeof(line), procs)) {
        pid_t pid;

        line[strcspn(line, "\n")] = '\0';
        pid = proc_pid(line);
        if (pid)
            want(p, pid, ctx);
    }
    if (procs)
        fclose(procs);
    while (depth < CGROUP_DEPTH && (entry = readdir(directory)) != NULL) {
        int n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);

        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof(below))
            scan_cgroup(p, below, ctx, depth + 1);
    }
    closedir(directory);
    return true;
}

/* The path of a cgroup as it was given: absolute under /sys/fs/cgroup, or from there. */
static void cgroup_path(const char *given, char path[PATH_MAX])
{
    size_t len = strlen(CGROUP_ROOT);

    if (!strncmp(given, CGROUP_ROOT, len) && (!given[len] || given[len] == '/'))
        snprintf(path, PATH_MAX, "%s", given);
    else
        snprintf(path, PATH_MAX, "%s/%s", CGROUP_ROOT, given + strspn(given, "/"));
}

static void drop(struct processes *p, struct process *process, struct damon_reclaim *ctx)
{
    if (process->is_target) {
        damon_reclaim_remove_target(ctx, process->target);
        p->nr_targets--;
    }
    *process = p->items[--p->n];
}

/* Lets go of those that the scan has not found. */
static void drop_unwanted(struct processes *p, struct damon_reclaim *ctx)
{
    for (size_t i = 0; i < p->n;) {
        struct process *process = &p->items[i];

        if (process->wanted || process->fixed) {
            i++;
            continue;
        }
        drop(p, process, ctx);
    }
}

void processes_scan(struct processes *p, struct damon_reclaim *ctx)
{
    if (!p->options->comms.n && !p->options->cgroups.n)
        return;
    for (size_t i = 0; i < p->n; i++)
        p->items[i].wanted = false;
    proc_scan(p->options, p->options->comms.items, p->options->comms.n, found, &(struct scan){p, ctx});
    for (size_t i = 0; i < p->options->cgroups.n; i++) {
        char path[PATH_MAX];

        cgroup_path(p->options->cgroups.items[i], path);
        scan_cgroup(p, path, ctx, 0);
    }
    drop_unwanted(p, ctx);
}

static int add_fixed(struct processes *p, const char *text, struct damon_reclaim *ctx)
{
    pid_t pid = proc_pid(text);
    struct process *process;

    if (!pid) {
        cli_error("--pid=%s: not a process number", text);
        return CLI_USAGE;
    }
    if (find(p, pid))
        return CLI_OK;
    process = add(p, pid);
    process->fixed = true;
    return watch(p, process, ctx) < 0 ? CLI_NO_TARGET : CLI_OK;
}

void processes_drop_excluded(struct processes *p, struct damon_reclaim *ctx)
{
    for (size_t i = p->n; i-- > 0;)
        if (p->items[i].is_target && exclude_has(p->exclude, p->items[i].pid))
            drop(p, &p->items[i], ctx);
}

int processes_start(struct processes *p, const struct options *options, const struct exclude *exclude,
                    struct damon_reclaim *ctx)
{
    int r = CLI_OK;

    *p = (struct processes){.options = options, .exclude = exclude};
    for (size_t i = 0; i < options->pids.n && r == CLI_OK; i++)
        r = add_fixed(p, options->pids.items[i], ctx);
    if (r != CLI_OK)
        return r;
    for (size_t i = 0; i < options->cgroups.n && !options->wait; i++) {
        char path[PATH_MAX];
        DIR *directory;

        cgroup_path(options->cgroups.items[i], path);
        directory = proc_directory(p->options, path);
        if (!directory) {
            cli_error("--cgroup=%s: %s: %s; --wait waits for it", options->cgroups.items[i], path, strerror(errno));
            return CLI_NO_TARGET;
        }
        closedir(directory);
    }
    processes_scan(p, ctx);
    if (!p->nr_targets && !options->wait && processes_selected(options)) {
        cli_error("there is no process to watch; --wait waits for one");
        return CLI_NO_TARGET;
    }
    return CLI_OK;
}

void processes_gone(struct processes *p, uint32_t target)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!p->items[i].is_target || p->items[i].target != target)
            continue;
        p->items[i] = p->items[--p->n];
        p->nr_targets--;
        return;
    }
}

void processes_free(struct processes *p)
{
    free(p->items);
    *p = (struct processes){0};
}
