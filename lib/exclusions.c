/* SPDX-License-Identifier: MIT */
/* What is never reclaimed. Ranges are the engine's to leave out, processes and cgroups the backend's, which alone knows
 * whose a page is. */
#include "exclusions.h"

#include <errno.h>
#include <string.h>

#include "lifecycle.h"
#include "sys/cgroup.h"
#include "sys/process.h"
#include "base/size.h"

/* A list, as the context keeps it: behind the entries there is room for as many ranges, and then come the texts. */
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

int drcl_is_excluded_process(struct damon_reclaim *ctx, pid_t pid)
{
    char name[DRCL_PROCESS_NAME] = "";
    bool known = false;

    for (size_t i = 0; i < ctx->view.nr_exclusions; i++) {
        const struct damon_reclaim_exclusion *entry = &ctx->view.exclusions[i];

        if (entry->type == DAMON_RECLAIM_EXCLUDE_PID && entry->pid == pid)
            return 1;
        if (entry->type != DAMON_RECLAIM_EXCLUDE_COMMAND)
            continue;
        if (!known) {
            int r = drcl_process_name(&ctx->env, pid, name);

            if (r < 0 && r != -ESRCH)
                return drcl_error(&ctx->env, r, "/proc/%d/comm cannot be read: %s", (int)pid, strerror(-r));
            known = true;
        }
        if (drcl_process_name_matches(entry->command, name))
            return 1;
    }
    return 0;
}

int drcl_find_cgroup(struct damon_reclaim *ctx, const char *list, size_t index, const char *member, const char *path,
                     uint64_t *ret_inode)
{
    struct drcl_quiet quiet;
    int r;

    drcl_quiet_begin(&ctx->env, &quiet);
    r = drcl_cgroup_inode(&ctx->env, path, ret_inode);
    drcl_quiet_end(&ctx->env, &quiet);
    return r < 0 ? drcl_refuse(&ctx->env, r, "%s[%zu].%s: %s", list, index, member, quiet.error) : 0;
}

/* --- what is asked for ----------------------------------------------------------------------------------------- */

/* Without exclude() a process is kept out by not being a target, which is no help where all memory is watched. */
static int check_pid(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    if (entry->pid <= 0)
        return drcl_refuse(&ctx->env, -EINVAL, "exclusions[%zu].pid: %d; the pid of a process is positive", i,
                           (int)entry->pid);
    if (!ctx->ops.exclude && (ctx->ops.features & DAMON_RECLAIM_BACKEND_WHOLE))
        return drcl_refuse(&ctx->env, -EOPNOTSUPP,
                           "exclusions[%zu].pid: the backend %s cannot tell which process uses memory", i,
                           ctx->ops.name);
    for (size_t t = 0; t < ctx->view.nr_targets; t++)
        if (ctx->view.targets[t].pid == entry->pid && drcl_pidfd_exited(&ctx->env, ctx->view.targets[t].pidfd) <= 0)
            return drcl_refuse(&ctx->env, -EBUSY, "exclusions[%zu].pid: %d is target %u; remove it first", i,
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
        return drcl_refuse(&ctx->env, -EINVAL, "exclusions[%zu].cgroup: NULL; give its path below /sys/fs/cgroup", i);
    if (!ctx->ops.exclude)
        return drcl_refuse(&ctx->env, -EOPNOTSUPP,
                           "exclusions[%zu].cgroup: the backend %s cannot tell which cgroup memory is charged to", i,
                           ctx->ops.name);
    drcl_quiet_begin(&ctx->env, &quiet);
    r = drcl_cgroup_inode(&ctx->env, entry->cgroup, &inode);
    drcl_quiet_end(&ctx->env, &quiet);
    if (r < 0 && r != -ENOENT)
        return drcl_refuse(&ctx->env, r, "exclusions[%zu].cgroup: %s", i, quiet.error);
    if (r < 0)
        drcl_log(&ctx->env, DAMON_RECLAIM_LOG_WARNING,
                 "exclusions[%zu].cgroup: %s yet; it is protected as soon as there is", i, quiet.error);
    return 0;
}

static int check_command(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    if (!entry->command || !*entry->command)
        return drcl_refuse(&ctx->env, -EINVAL, "exclusions[%zu].command: %s; give a name, or a pattern", i,
                           entry->command ? "empty" : "NULL");
    if (!ctx->ops.exclude)
        return drcl_refuse(&ctx->env, -EOPNOTSUPP,
                           "exclusions[%zu].command: the backend %s cannot tell which process uses memory", i,
                           ctx->ops.name);
    return 0;
}

static int check_entry(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entry, size_t i)
{
    if (!DRCL_IS_ZERO(entry->reserved))
        return drcl_refuse(&ctx->env, -E2BIG, "exclusions[%zu].reserved: " DRCL_RESERVED, i);
    switch (entry->type) {
    case DAMON_RECLAIM_EXCLUDE_PID:
        return check_pid(ctx, entry, i);
    case DAMON_RECLAIM_EXCLUDE_CGROUP:
        return check_cgroup(ctx, entry, i);
    case DAMON_RECLAIM_EXCLUDE_COMMAND:
        return check_command(ctx, entry, i);
    case DAMON_RECLAIM_EXCLUDE_RANGE:
        if (entry->range.start < entry->range.end)
            return 0;
        return drcl_refuse(&ctx->env, -EINVAL, "exclusions[%zu].range: start 0x%llx is not below end 0x%llx", i,
                           (unsigned long long)entry->range.start, (unsigned long long)entry->range.end);
    }
    return drcl_refuse(&ctx->env, -EINVAL, "exclusions[%zu].type: there is no type %d", i, (int)entry->type);
}

static int check_entries(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entries, size_t n)
{
    int r = 0;

    if (n && !entries)
        return drcl_refuse(&ctx->env, -EINVAL, "exclusions: NULL with n %zu", n);
    for (size_t i = 0; i < n && r == 0; i++)
        r = check_entry(ctx, &entries[i], i);
    return r;
}

/* --- putting it into effect ------------------------------------------------------------------------------------ */

static const char *text_of(const struct damon_reclaim_exclusion *entry)
{
    return entry->type == DAMON_RECLAIM_EXCLUDE_CGROUP    ? entry->cgroup
           : entry->type == DAMON_RECLAIM_EXCLUDE_COMMAND ? entry->command
                                                          : NULL;
}

static int copy_list(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *entries, size_t n,
                     struct list *ret)
{
    const size_t each = sizeof(*entries) + sizeof(struct damon_reclaim_range);
    struct list copy = {.n = n};
    size_t bytes = 0;
    char *at;

    for (size_t i = 0; i < n; i++)
        bytes += text_of(&entries[i]) ? strlen(text_of(&entries[i])) + 1 : 0;
    if (n && n <= SIZE_MAX / each && bytes <= SIZE_MAX - n * each)
        copy.entries = drcl_alloc(&ctx->env, n * each + bytes);
    if (n && !copy.entries)
        return drcl_error(&ctx->env, -ENOMEM, "exclusions: out of memory");
    at = (char *)copy.entries + n * each;
    for (size_t i = 0; i < n; i++) {
        const char *text = text_of(&entries[i]);
        size_t size = text ? strlen(text) + 1 : 0;

        copy.entries[i] = entries[i];
        copy.entries[i].cgroup = copy.entries[i].command = NULL;
        if (!text)
            continue;
        memcpy(at, text, size);
        *(entries[i].type == DAMON_RECLAIM_EXCLUDE_CGROUP ? &copy.entries[i].cgroup : &copy.entries[i].command) = at;
        at += size;
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
    exclusion->ranges = (struct damon_reclaim_range *)(list.entries + list.n);
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
