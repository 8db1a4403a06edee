/* SPDX-License-Identifier: MIT */
/* What is never reclaimed. Ranges are the engine's to leave out, processes and cgroups the backend's, which alone knows
 * whose a page is. */
#include "exclusions.h"

#include <errno.h>
#include <string.h>

#include "lifecycle.h"
#include "sys/cgroup.h"

#define MAX_EXCLUSIONS 256

/* A list, as the context keeps it: the paths lie behind the entries. */
struct list {
    struct damon_reclaim_exclusion *entries;
    size_t n;
};

static struct list list_of(const struct damon_reclaim *ctx)
{
    return (struct list){ctx->view.exclusions, ctx->view.nr_exclusions};
}

void drcl_forget_exclusions(struct damon_reclaim *ctx)
{
    drcl_free(&ctx->env, ctx->view.exclusions);
    ctx->view.exclusions = NULL;
    ctx->view.nr_exclusions = 0;
}

bool drcl_is_excluded_process(const struct damon_reclaim *ctx, pid_t pid)
{
    for (size_t i = 0; i < ctx->view.nr_exclusions; i++)
        if (ctx->view.exclusions[i].type == DAMON_RECLAIM_EXCLUDE_PID && ctx->view.exclusions[i].pid == pid)
            return true;
    return false;
}

int drcl_find_cgroup(struct damon_reclaim *ctx, const char *list, size_t index, const char *member, const char *path,
                     uint64_t *ret_inode)
{
    struct drcl_quiet quiet;
    int r;

    drcl_quiet_begin(&ctx->env, &quiet);
    r = drcl_cgroup_inode(&ctx->env, path, ret_inode);
    drcl_quiet_end(&ctx->env, &quiet);
    return r < 0 ? drcl_error(&ctx->env, r, "%s[%zu].%s: %s", list, index, member, quiet.error) : 0;
}

/* --- what is asked for ----------------------------------------------------------------------------------------- */

/* Without exclude() a process is kept out by not being a target, which is no help where all memory is watched. */
static int check_pid(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    if (entry->pid <= 0)
        return drcl_error(&ctx->env, -EINVAL, "exclusions[%zu].pid: %d; the pid of a process is positive", i,
                          (int)entry->pid);
    if (!ctx->ops.exclude && (ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE))
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "exclusions[%zu].pid: the backend %s cannot tell which process uses memory", i,
                          ctx->ops.name);
    for (size_t t = 0; t < ctx->view.nr_targets; t++)
        if (ctx->view.targets[t].pid == entry->pid && drcl_pidfd_exited(&ctx->env, ctx->view.targets[t].pidfd) <= 0)
            return drcl_error(&ctx->env, -EBUSY, "exclusions[%zu].pid: %d is target %u; remove it first", i,
                              (int)entry->pid, ctx->view.targets[t].id);
    return 0;
}

/* A cgroup need not exist yet: it is protected as soon as it does. */
static int check_cgroup(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    struct drcl_quiet quiet;
    uint64_t inode;
    int r;

    if (!entry->cgroup)
        return drcl_error(&ctx->env, -EINVAL, "exclusions[%zu].cgroup: NULL; give its path below /sys/fs/cgroup", i);
    if (!ctx->ops.exclude)
        return drcl_error(&ctx->env, -EOPNOTSUPP,
                          "exclusions[%zu].cgroup: the backend %s cannot tell which cgroup memory is charged to", i,
                          ctx->ops.name);
    drcl_quiet_begin(&ctx->env, &quiet);
    r = drcl_cgroup_inode(&ctx->env, entry->cgroup, &inode);
    drcl_quiet_end(&ctx->env, &quiet);
    if (r < 0 && r != -ENOENT)
        return drcl_error(&ctx->env, r, "exclusions[%zu].cgroup: %s", i, quiet.error);
    if (r < 0)
        drcl_log(&ctx->env, DAMON_RECLAIM_LOG_WARNING,
                 "exclusions[%zu].cgroup: %s yet; it is protected as soon as there is", i, quiet.error);
    return 0;
}

static int check_entry(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    switch (entry->type) {
    case DAMON_RECLAIM_EXCLUDE_PID:
        return check_pid(ctx, entry, i);
    case DAMON_RECLAIM_EXCLUDE_CGROUP:
        return check_cgroup(ctx, entry, i);
    case DAMON_RECLAIM_EXCLUDE_RANGE:
        if (entry->range.start < entry->range.end)
            return 0;
        return drcl_error(&ctx->env, -EINVAL, "exclusions[%zu].range: start 0x%llx is not below end 0x%llx", i,
                          (unsigned long long)entry->range.start, (unsigned long long)entry->range.end);
    }
    return drcl_error(&ctx->env, -EINVAL, "exclusions[%zu].type: there is no type %d", i, (int)entry->type);
}

static int check_entries(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entries, size_t n)
{
    size_t nr_ranges = 0;
    int r = 0;

    if (n && !entries)
        return drcl_error(&ctx->env, -EINVAL, "exclusions: NULL with n %zu", n);
    if (n > MAX_EXCLUSIONS)
        return drcl_error(&ctx->env, -ENOSPC, "exclusions: %zu are too many; at most %d", n, MAX_EXCLUSIONS);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = check_entry(ctx, &entries[i], i);
        nr_ranges += entries[i].type == DAMON_RECLAIM_EXCLUDE_RANGE;
    }
    if (r == 0 && nr_ranges > DRCL_MAX_EXCLUSIONS)
        r = drcl_error(&ctx->env, -ENOSPC, "exclusions: %zu ranges are too many; at most %d", nr_ranges,
                       DRCL_MAX_EXCLUSIONS);
    return r;
}

/* --- putting it into effect ------------------------------------------------------------------------------------ */

static size_t path_size(const struct damon_reclaim_exclusion *entry)
{
    return entry->type == DAMON_RECLAIM_EXCLUDE_CGROUP ? strlen(entry->cgroup) + 1 : 0;
}

static int copy_list(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entries, size_t n,
                     struct list *ret)
{
    size_t bytes = n * sizeof(*entries);
    struct list copy = {.n = n};
    char *path;

    for (size_t i = 0; i < n; i++)
        bytes += path_size(&entries[i]);
    copy.entries = n ? drcl_alloc(&ctx->env, bytes) : NULL;
    if (n && !copy.entries)
        return drcl_error(&ctx->env, -ENOMEM, "exclusions: out of memory");
    path = (char *)(copy.entries + n);
    for (size_t i = 0; i < n; i++) {
        size_t size = path_size(&entries[i]);

        copy.entries[i] = entries[i];
        copy.entries[i].cgroup = size ? memcpy(path, entries[i].cgroup, size) : NULL;
        path += size;
    }
    *ret = copy;
    return 0;
}

/* From here on the core goes by the list. */
static void put_list(struct damon_reclaim *ctx, struct list list)
{
    struct drcl_exclusion *exclusion = &ctx->engine.exclusion;

    ctx->view.exclusions = list.entries;
    ctx->view.nr_exclusions = list.n;
    exclusion->n = 0;
    for (size_t i = 0; i < list.n; i++)
        if (list.entries[i].type == DAMON_RECLAIM_EXCLUDE_RANGE)
            drcl_exclusion_add(exclusion, list.entries[i].range, ctx->engine.min_region_size);
}

static int tell_backend(struct damon_reclaim *ctx, struct list list)
{
    int r = ctx->ops.exclude ? ctx->ops.exclude(ctx->view.backend, list.entries, list.n) : 0;

    if (r < 0)
        drcl_backend_error(&ctx->view, r, "exclusions: the backend %s refuses them: %s", ctx->ops.name, strerror(-r));
    return r;
}

int damon_reclaim_set_exclusions(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    struct list old, new = {0};
    int r;

    if (!ctx)
        return -EINVAL;
    r = check_entries(ctx, exclusions, n);
    if (r == 0)
        r = copy_list(ctx, exclusions, n, &new);
    if (r < 0)
        return r;
    r = tell_backend(ctx, new);
    if (r < 0) {
        drcl_free(&ctx->env, new.entries);
        return r;
    }
    old = list_of(ctx);
    put_list(ctx, new);
    r = drcl_tell_driver(ctx, DRCL_CHANGE_EXCLUSIONS);
    if (r < 0) {
        put_list(ctx, old);
        if (ctx->ops.exclude)
            ctx->ops.exclude(ctx->view.backend, old.entries, old.n);
        drcl_free(&ctx->env, new.entries);
        return r;
    }
    drcl_free(&ctx->env, old.entries);
    return 0;
}
