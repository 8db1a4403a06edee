/* SPDX-License-Identifier: MIT */
#include "pages/exclude.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/grow.h"
#include "sys/cgroup.h"
#include "sys/process.h"

#define REFRESH_NS DRCL_NS_PER_S
#define MAX_OTHERS ((size_t)1 << 16) /* more would be those of the past; they are forgotten then */

/* Number of the first inode that is not below @inode. */
static size_t lower(const struct drcl_inodes *set, uint64_t inode)
{
    size_t low = 0, high = set->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (set->inodes[mid] < inode)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool has(const struct drcl_inodes *set, uint64_t inode)
{
    size_t i = lower(set, inode);

    return i < set->n && set->inodes[i] == inode;
}

static int put(struct drcl_env *env, struct drcl_inodes *set, uint64_t inode)
{
    size_t i = lower(set, inode);

    if (i < set->n && set->inodes[i] == inode)
        return 0;
    if (drcl_grow(env, &set->inodes, &set->capacity, set->n + 1, sizeof(*set->inodes)) < 0)
        return -ENOMEM;
    memmove(&set->inodes[i + 1], &set->inodes[i], (set->n++ - i) * sizeof(*set->inodes));
    set->inodes[i] = inode;
    return 0;
}

struct gathering {
    struct drcl_env *env;
    struct drcl_inodes set;
    bool root;
};

static int add_inode(void *data, const char *path, uint64_t inode)
{
    struct gathering *gathering = data;
    int r = put(gathering->env, &gathering->set, inode);

    gathering->root |= !path[1];
    return r < 0 ? drcl_error(gathering->env, r, "out of memory") : 0;
}

/* Looks which cgroups there are. One that is not there (yet) has no pages of its own. */
static int gather(struct drcl_exclude *exclude, struct drcl_env *env)
{
    struct gathering gathering = {.env = env};
    const char *path = exclude->paths;
    struct drcl_quiet quiet;
    int r = 0;

    drcl_quiet_begin(env, &quiet);
    for (size_t i = 0; i < exclude->nr_paths && r == 0; i++, path += strlen(path) + 1) {
        r = drcl_cgroup_walk_charged(env, path, add_inode, &gathering);
        if (r == -ENOENT)
            r = 0;
    }
    drcl_quiet_end(env, &quiet);
    if (r < 0) {
        drcl_free(env, gathering.set.inodes);
        return drcl_error(env, r, "%s", quiet.error);
    }
    drcl_free(env, exclude->memcgs.inodes);
    exclude->memcgs = gathering.set;
    exclude->root = gathering.root;
    exclude->next_ns = drcl_clock(env, CLOCK_MONOTONIC) + REFRESH_NS;
    return 0;
}

static const char *text_of(const struct damon_reclaim_exclusion *exclusion, enum damon_reclaim_exclusion_type type)
{
    if (exclusion->type != type)
        return NULL;
    return type == DAMON_RECLAIM_EXCLUDE_CGROUP ? exclusion->cgroup : exclusion->command;
}

/* Copies the texts of the exclusions of a type, one behind the other. */
static int copy_texts(struct drcl_env *env, const struct damon_reclaim_exclusion *exclusions, size_t n,
                      enum damon_reclaim_exclusion_type type, char **ret, size_t *ret_n)
{
    size_t bytes = 0;
    char *at;

    for (size_t i = 0; i < n; i++)
        bytes += text_of(&exclusions[i], type) ? strlen(text_of(&exclusions[i], type)) + 1 : 0;
    if (!bytes)
        return 0;
    *ret = at = drcl_alloc(env, bytes);
    if (!at)
        return drcl_error(env, -ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const char *text = text_of(&exclusions[i], type);

        if (!text)
            continue;
        bytes = strlen(text) + 1;
        memcpy(at, text, bytes);
        at += bytes;
        ++*ret_n;
    }
    return 0;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

    return (x > y) - (x < y);
}

static int copy_pids(struct drcl_env *env, const struct damon_reclaim_exclusion *exclusions, size_t n,
                     struct drcl_exclude *new)
{
    if (!n)
        return 0;
    new->pids = drcl_realloc_array(env, NULL, n, sizeof(*new->pids));
    if (!new->pids)
        return drcl_error(env, -ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (exclusions[i].type == DAMON_RECLAIM_EXCLUDE_PID)
            new->pids[new->nr_pids++] = exclusions[i].pid;
        new->ranges |= exclusions[i].type == DAMON_RECLAIM_EXCLUDE_RANGE;
    }
    qsort(new->pids, new->nr_pids, sizeof(*new->pids), compare_pids);
    return 0;
}

void drcl_exclude_fini(struct drcl_exclude *exclude, struct drcl_env *env)
{
    drcl_free(env, exclude->commands);
    drcl_free(env, exclude->paths);
    drcl_free(env, exclude->pids);
    drcl_free(env, exclude->memcgs.inodes);
    drcl_free(env, exclude->others.inodes);
}

int drcl_exclude_init(struct drcl_exclude *exclude, struct drcl_env *env,
                      const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    int r;

    *exclude = (struct drcl_exclude){.ranges = false};
    r = copy_texts(env, exclusions, n, DAMON_RECLAIM_EXCLUDE_CGROUP, &exclude->paths, &exclude->nr_paths);
    if (r == 0)
        r = copy_texts(env, exclusions, n, DAMON_RECLAIM_EXCLUDE_COMMAND, &exclude->commands, &exclude->nr_commands);
    if (r == 0)
        r = copy_pids(env, exclusions, n, exclude);
    return r == 0 ? gather(exclude, env) : r;
}

int drcl_exclude_refresh(struct drcl_exclude *exclude, struct drcl_env *env)
{
    if (!exclude->nr_paths || drcl_clock(env, CLOCK_MONOTONIC) < exclude->next_ns)
        return 0;
    return gather(exclude, env);
}

int drcl_exclude_has_memcg(struct drcl_exclude *exclude, struct drcl_env *env, uint64_t inode)
{
    int r;

    if (!exclude->nr_paths)
        return 0;
    if (exclude->root || has(&exclude->memcgs, inode))
        return 1;
    if (!inode || has(&exclude->others, inode))
        return 0;
    r = gather(exclude, env);
    if (r < 0 || exclude->root || has(&exclude->memcgs, inode))
        return r < 0 ? r : 1;
    if (exclude->others.n == MAX_OTHERS)
        exclude->others.n = 0;
    put(env, &exclude->others, inode); /* without memory for it the cgroups are looked for again */
    return 0;
}

int drcl_exclude_has_process(const struct drcl_exclude *exclude, struct drcl_env *env, pid_t pid)
{
    const char *command = exclude->commands;
    char name[DRCL_PROCESS_NAME];
    int r;

    if (exclude->nr_pids && bsearch(&pid, exclude->pids, exclude->nr_pids, sizeof(pid), compare_pids))
        return 1;
    if (!exclude->nr_commands)
        return 0;
    r = drcl_process_name(env, pid, name);
    if (r == -ESRCH) /* it has exited, and its memory is gone */
        return 0;
    if (r < 0)
        return drcl_error(env, r, "/proc/%d/comm cannot be read: %s", (int)pid, strerror(-r));
    for (size_t i = 0; i < exclude->nr_commands; i++, command += strlen(command) + 1)
        if (drcl_process_name_matches(command, name))
            return 1;
    return 0;
}
