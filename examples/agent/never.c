/* SPDX-License-Identifier: MIT */
#include "never.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "comm.h"
#include "common/exclusion.h"
#include "common/files.h"

struct never {
    const char *root;
    char **commands, **cgroups;
    size_t nr_commands, nr_cgroups;
    struct damon_reclaim_exclusion *items;
    size_t n, capacity;
};

int never_check_pid(const char *item, struct error_text *error)
{
    struct damon_reclaim_exclusion ignored;

    return exclusion_parse(DAMON_RECLAIM_EXCLUDE_PID, item, &ignored)
               ? 0
               : error_set(error, -EINVAL, "\"%s\" is not the number of a process", item);
}

int never_check_range(const char *item, struct error_text *error)
{
    struct damon_reclaim_exclusion ignored;

    return exclusion_parse(DAMON_RECLAIM_EXCLUDE_RANGE, item, &ignored)
               ? 0
               : error_set(error, -EINVAL, "\"%s\" is not START-END, addresses with START below END", item);
}

static int add(struct never *never, const struct damon_reclaim_exclusion *item)
{
    if (never->n == never->capacity) {
        size_t capacity = never->capacity ? 2 * never->capacity : 16;
        struct damon_reclaim_exclusion *grown = realloc(never->items, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        never->items = grown;
        never->capacity = capacity;
    }
    never->items[never->n++] = *item;
    return 0;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

void never_free(struct never *never)
{
    if (!never)
        return;
    free_texts(never->commands, never->nr_commands);
    free_texts(never->cgroups, never->nr_cgroups);
    free(never->items);
    free(never);
}

static int copy_texts(const struct config *config, const char *key, char ***ret, size_t *ret_n)
{
    const char *const *items;
    size_t n = config_list(config, NULL, key, &items);

    *ret = calloc(n + 1, sizeof(**ret));
    if (!*ret)
        return -ENOMEM;
    for (*ret_n = 0; *ret_n < n; ++*ret_n) {
        (*ret)[*ret_n] = strdup(items[*ret_n]);
        if (!(*ret)[*ret_n])
            return -ENOMEM;
    }
    return 0;
}

static int add_all(struct never *never, const struct config *config)
{
    const char *const *items;
    size_t n = config_list(config, NULL, "never_pids", &items);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct damon_reclaim_exclusion item = {0};

        exclusion_parse(DAMON_RECLAIM_EXCLUDE_PID, items[i], &item); /* it was checked before */
        r = add(never, &item);
    }
    n = config_list(config, NULL, "never_ranges", &items);
    for (size_t i = 0; i < n && r == 0; i++) {
        struct damon_reclaim_exclusion item = {0};

        exclusion_parse(DAMON_RECLAIM_EXCLUDE_RANGE, items[i], &item);
        r = add(never, &item);
    }
    for (size_t i = 0; i < never->nr_cgroups && r == 0; i++)
        r = add(never,
                &(struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = never->cgroups[i]});
    for (size_t i = 0; i < never->nr_commands && r == 0; i++)
        r = add(never, &(struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_COMMAND,
                                                         .command = never->commands[i]});
    return r;
}

int never_new(const struct config *config, const char *root, struct never **ret, struct error_text *error)
{
    struct never *never = calloc(1, sizeof(*never));
    int r;

    if (!never)
        return error_set(error, -ENOMEM, "no memory");
    never->root = root;
    r = copy_texts(config, "never_commands", &never->commands, &never->nr_commands);
    if (r == 0)
        r = copy_texts(config, "never_cgroups", &never->cgroups, &never->nr_cgroups);
    if (r == 0)
        r = add_all(never, config);
    if (r < 0) {
        never_free(never);
        return error_set(error, r, "no memory");
    }
    *ret = never;
    return 0;
}

/* Returns 1 if the process runs one of the commands, 0 if it does not or has exited, or a negative errno. */
static int is_command(const struct never *never, pid_t pid)
{
    char path[PATH_MAX], *name;
    int r;

    snprintf(path, sizeof(path), "%s/proc/%d/comm", never->root, (int)pid);
    r = file_read(path, &name, NULL);
    if (r < 0)
        return r == -ENOENT || r == -ESRCH ? 0 : r;
    name[strcspn(name, "\n")] = '\0';
    for (size_t i = 0; i < never->nr_commands && r == 0; i++)
        r = comm_matches(never->commands[i], name);
    free(name);
    return r;
}

bool never_has_pid(const struct never *never, pid_t pid)
{
    for (size_t i = 0; i < never->n; i++)
        if (never->items[i].type == DAMON_RECLAIM_EXCLUDE_PID && never->items[i].pid == pid)
            return true;
    return never->nr_commands && is_command(never, pid) != 0;
}

size_t never_exclusions(const struct never *never, const struct damon_reclaim_exclusion **ret)
{
    *ret = never->items;
    return never->n;
}

int never_apply(const struct never *never, struct damon_reclaim *ctx, struct error_text *error)
{
    return never_apply_except(never, ctx, NULL, NULL, error);
}

int never_apply_except(const struct never *never, struct damon_reclaim *ctx,
                       bool (*is_target)(pid_t pid, const void *userdata), const void *userdata,
                       struct error_text *error)
{
    struct damon_reclaim_exclusion *items = calloc(never->n + 1, sizeof(*items));
    size_t n = 0;
    int r;

    if (!items)
        return error_set(error, -ENOMEM, "no memory");
    for (size_t i = 0; i < never->n; i++) {
        const struct damon_reclaim_exclusion *item = &never->items[i];

        if (item->type == DAMON_RECLAIM_EXCLUDE_PID && is_target && is_target(item->pid, userdata))
            continue;
        items[n++] = *item;
    }
    r = damon_reclaim_set_exclusions(ctx, items, n);
    free(items);
    return r < 0 ? error_set(error, r, "never-reclaim list: %s", damon_reclaim_last_error(ctx)) : 0;
}
