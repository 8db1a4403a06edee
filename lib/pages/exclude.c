/* SPDX-License-Identifier: MIT */
#include "pages/exclude.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/grow.h"
#include "sys/cgroup.h"

#define REFRESH_NS DRCL_NS_PER_S

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

struct gathering {
    struct drcl_env *env;
    struct drcl_inodes *set;
};

static int add_inode(void *data, const char *path, uint64_t inode)
{
    const struct gathering *gathering = data;
    struct drcl_inodes *set = gathering->set;
    size_t i = lower(set, inode);

    (void)path;
    if (i < set->n && set->inodes[i] == inode)
        return 0;
    if (drcl_grow(gathering->env, &set->inodes, &set->capacity, set->n + 1, sizeof(*set->inodes)) < 0)
        return drcl_error(gathering->env, -ENOMEM, "out of memory");
    memmove(&set->inodes[i + 1], &set->inodes[i], (set->n++ - i) * sizeof(*set->inodes));
    set->inodes[i] = inode;
    return 0;
}

/* All cgroups there are at the paths and below them. One that is gone has no pages of its own any more. */
static int gather(struct drcl_env *env, const char *paths, size_t n, struct drcl_inodes *set)
{
    struct gathering gathering = {env, set};
    struct drcl_quiet quiet;
    int r = 0;

    drcl_quiet_begin(env, &quiet);
    set->n = 0;
    for (size_t i = 0; i < n && r == 0; i++, paths += strlen(paths) + 1) {
        r = drcl_cgroup_walk(env, paths, add_inode, &gathering);
        if (r == -ENOENT)
            r = 0;
    }
    drcl_quiet_end(env, &quiet);
    return r < 0 ? drcl_error(env, r, "%s", quiet.error) : 0;
}

/* Copies the paths of @exclusions, one behind the other. */
static int copy_paths(struct drcl_env *env, const struct damon_reclaim_exclusion *exclusions, size_t n,
                      struct drcl_exclude *new)
{
    size_t bytes = 0, used = 0;

    for (size_t i = 0; i < n; i++)
        if (exclusions[i].type == DAMON_RECLAIM_EXCLUDE_CGROUP)
            bytes += strlen(exclusions[i].cgroup) + 1;
    if (!bytes)
        return 0;
    new->paths = drcl_alloc(env, bytes);
    if (!new->paths)
        return drcl_error(env, -ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (exclusions[i].type != DAMON_RECLAIM_EXCLUDE_CGROUP)
            continue;
        bytes = strlen(exclusions[i].cgroup) + 1;
        memcpy(new->paths + used, exclusions[i].cgroup, bytes);
        used += bytes;
        new->nr_paths++;
    }
    return 0;
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
    return 0;
}

void drcl_exclude_fini(struct drcl_exclude *exclude, struct drcl_env *env)
{
    drcl_free(env, exclude->paths);
    drcl_free(env, exclude->pids);
    drcl_free(env, exclude->memcgs.inodes);
}

int drcl_exclude_init(struct drcl_exclude *exclude, struct drcl_env *env,
                      const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    int r;

    *exclude = (struct drcl_exclude){.ranges = false};
    r = copy_paths(env, exclusions, n, exclude);
    if (r == 0)
        r = copy_pids(env, exclusions, n, exclude);
    if (r == 0)
        r = gather(env, exclude->paths, exclude->nr_paths, &exclude->memcgs);
    exclude->next_ns = drcl_clock(env, CLOCK_MONOTONIC) + REFRESH_NS;
    return r;
}

int drcl_exclude_refresh(struct drcl_exclude *exclude, struct drcl_env *env)
{
    struct drcl_inodes fresh = {0};
    uint64_t now;
    int r;

    if (!exclude->nr_paths)
        return 0;
    now = drcl_clock(env, CLOCK_MONOTONIC);
    if (now < exclude->next_ns)
        return 0;
    r = gather(env, exclude->paths, exclude->nr_paths, &fresh);
    if (r < 0) {
        drcl_free(env, fresh.inodes);
        return r;
    }
    drcl_free(env, exclude->memcgs.inodes);
    exclude->memcgs = fresh;
    exclude->next_ns = now + REFRESH_NS;
    return 0;
}

bool drcl_exclude_has_memcg(const struct drcl_exclude *exclude, uint64_t inode)
{
    size_t i = lower(&exclude->memcgs, inode);

    return inode && i < exclude->memcgs.n && exclude->memcgs.inodes[i] == inode;
}
