/* SPDX-License-Identifier: MIT */
#include "exclude.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/exclusion.h"
#include "proc.h"

const char exclude_help[] =
    "WHAT of --exclude is never reclaimed, whatever parameters and filters say:\n"
    "  pid:N  cgroup:/PATH  command:NAME, all processes of that name, also new ones  range:START-END, addresses\n";

static void add(struct exclude *exclude, const struct damon_reclaim_exclusion *item)
{
    exclude->items = cli_realloc(exclude->items, exclude->n + 1, sizeof(*exclude->items));
    exclude->items[exclude->n++] = *item;
}

static void add_pid(void *data, pid_t pid)
{
    if (!exclude_has(data, pid))
        add(data, &(struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = pid});
}

/* What follows "NAME:" in @text; NULL if something else does. */
static const char *after(const char *text, const char *name)
{
    size_t n = strlen(name);

    return strncmp(text, name, n) || text[n] != ':' ? NULL : text + n + 1;
}

/* Where processes are watched, those of the command are left out. Where all memory is watched, the library finds out
 * whose it is. */
static bool is_for_scan(const struct exclude *exclude, const struct damon_reclaim_exclusion *item)
{
    const struct options *options = exclude->options;

    return item->type == DAMON_RECLAIM_EXCLUDE_COMMAND && (options->pids.n || options->comms.n || options->cgroups.n);
}

/* One word of the command line. False if it is none. */
static bool parse(struct exclude *exclude, const char *text)
{
    enum damon_reclaim_exclusion_type type = DAMON_RECLAIM_EXCLUDE_PID;
    struct damon_reclaim_exclusion item;
    const char *name, *value = NULL;

    for (; (name = damon_reclaim_exclusion_name(type)) != NULL && !value; type++)
        value = after(text, name);
    if (!value || !exclusion_parse(type - 1, value, &item))
        return false;
    if (item.type == DAMON_RECLAIM_EXCLUDE_PID && !proc_exists(exclude->options, item.pid))
        cli_error("--exclude=%s: there is no such process", text);
    if (is_for_scan(exclude, &item)) {
        exclude->commands = cli_realloc(exclude->commands, exclude->nr_commands + 1, sizeof(*exclude->commands));
        exclude->commands[exclude->nr_commands++] = value;
    } else if (item.type != DAMON_RECLAIM_EXCLUDE_PID || !exclude_has(exclude, item.pid)) {
        add(exclude, &item);
    }
    return true;
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
