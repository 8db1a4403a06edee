/* SPDX-License-Identifier: MIT */
#include "exclude.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "common/units.h"

const char exclude_help[] =
    "WHAT of --exclude is never reclaimed, whatever parameters and filters say:\n"
    "  pid:N  cgroup:/PATH  command:NAME, all processes of that name, also new ones  range:START-END, addresses\n";

static struct damon_reclaim_exclusion *add(struct exclude *exclude)
{
    struct damon_reclaim_exclusion *item;

    exclude->items = cli_realloc(exclude->items, exclude->n + 1, sizeof(*exclude->items));
    item = &exclude->items[exclude->n++];
    *item = (struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_PID};
    return item;
}

static void add_pid(void *data, pid_t pid)
{
    if (!exclude_has(data, pid))
        add(data)->pid = pid;
}

/* What follows @prefix in @text; NULL if something else does. */
static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(text, prefix, n) ? NULL : text + n;
}

/* Where processes are watched, those of the command are left out. Where all memory is watched, the library finds out
 * whose it is. */
static void add_command(struct exclude *exclude, const char *name)
{
    const struct options *options = exclude->options;

    if (!options->pids.n && !options->comms.n && !options->cgroups.n) {
        struct damon_reclaim_exclusion *item = add(exclude);

        item->type = DAMON_RECLAIM_EXCLUDE_COMMAND;
        item->command = name;
        return;
    }
    exclude->commands = cli_realloc(exclude->commands, exclude->nr_commands + 1, sizeof(*exclude->commands));
    exclude->commands[exclude->nr_commands++] = name;
}

/* One word of the command line. False if it is none. */
static bool parse(struct exclude *exclude, const char *text)
{
    struct damon_reclaim_exclusion *item;
    const char *value;

    if ((value = after(text, "pid:")) != NULL) {
        pid_t pid = proc_pid(value);

        if (pid)
            add_pid(exclude, pid);
        return pid != 0;
    }
    if ((value = after(text, "command:")) != NULL) {
        if (*value)
            add_command(exclude, value);
        return *value != '\0';
    }
    if ((value = after(text, "cgroup:")) != NULL) {
        item = add(exclude);
        item->type = DAMON_RECLAIM_EXCLUDE_CGROUP;
        item->cgroup = value;
        return *value != '\0';
    }
    if ((value = after(text, "range:")) != NULL) {
        item = add(exclude);
        item->type = DAMON_RECLAIM_EXCLUDE_RANGE;
        return units_parse_range(value, &item->range.start, &item->range.end);
    }
    return false;
}

int exclude_set(const struct exclude *exclude, struct damon_reclaim *ctx)
{
    int r = damon_reclaim_set_exclusions(ctx, exclude->items, exclude->n);

    if (r == 0)
        return CLI_OK;
    cli_error("--exclude: %s", damon_reclaim_last_error(ctx));
    return r == -ENOENT ? CLI_NO_TARGET : r == -ENOMEM ? CLI_FAILED : CLI_USAGE;
}

int exclude_start(struct exclude *exclude, const struct options *options, struct damon_reclaim *ctx)
{
    *exclude = (struct exclude){.options = options};
    for (size_t i = 0; i < options->exclusions.n; i++) {
        if (parse(exclude, options->exclusions.items[i]))
            continue;
        cli_error("--exclude=%s: not pid:N, cgroup:/PATH, command:NAME or range:START-END",
                  options->exclusions.items[i]);
        return CLI_USAGE;
    }
    exclude->nr_fixed = exclude->n;
    proc_scan(options, exclude->commands, exclude->nr_commands, add_pid, exclude);
    return exclude->n ? exclude_set(exclude, ctx) : CLI_OK;
}

bool exclude_scan(struct exclude *exclude)
{
    size_t nr_old = exclude->n - exclude->nr_fixed;
    pid_t *old;
    bool same;

    if (!exclude->nr_commands)
        return false;
    old = cli_realloc(NULL, nr_old, sizeof(*old));
    for (size_t i = 0; i < nr_old; i++)
        old[i] = exclude->items[exclude->nr_fixed + i].pid;
    exclude->n = exclude->nr_fixed;
    proc_scan(exclude->options, exclude->commands, exclude->nr_commands, add_pid, exclude);
    same = exclude->n == exclude->nr_fixed + nr_old;
    for (size_t i = 0; i < nr_old && same; i++)
        same = exclude->items[exclude->nr_fixed + i].pid == old[i];
    free(old);
    return !same;
}

bool exclude_has(const struct exclude *exclude, pid_t pid)
{
    for (size_t i = 0; i < exclude->n; i++)
        if (exclude->items[i].type == DAMON_RECLAIM_EXCLUDE_PID && exclude->items[i].pid == pid)
            return true;
    return false;
}

void exclude_free(struct exclude *exclude)
{
    free(exclude->items);
    free(exclude->commands);
    *exclude = (struct exclude){0};
}
