/* SPDX-License-Identifier: MIT */
#include "pages/cgroups.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sys/cgroup.h"
#include "sys/scan.h"

#define KNOWN_NS (10 * DRCL_NS_PER_S) /* how long what is known of a cgroup holds */

/* The caller's cgroup: 0 if it is in none. "0::/a/b", or "7:memory:/a/b" in the first version of cgroups. */
static int own_cgroup(struct drcl_env *env, uint64_t *ret_inode)
{
    char text[4096];
    ssize_t n = drcl_read_small(env, text, sizeof(text), "/proc/self/cgroup");
    struct drcl_scan scan = {text, text + (n > 0 ? n : 0)}, line;
    uint64_t hierarchy;

    *ret_inode = 0;
    if (n < 0)
        return (int)n;
    while (drcl_scan_line(&scan, &line)) {
        size_t len;

        if (!drcl_scan_u64(&line, 10, &hierarchy) ||
            !(drcl_scan_word(&line, "::") || drcl_scan_word(&line, ":memory:")))
            continue;
        len = (size_t)(line.end - line.at);
        memmove(text, line.at, len);
        text[len] = '\0';
        return drcl_cgroup_inode(env, text, ret_inode);
    }
    return 0;
}

struct search {
    struct drcl_env *env;
    struct drcl_exclude *exclude;
};

static int is_excluded(void *data, pid_t pid)
{
    const struct search *search = data;

    return drcl_exclude_has_process(search->exclude, search->env, pid);
}

/* Whether pages of excluded processes or cgroups may be in the cgroup. Also true if that cannot be found out. */
static bool is_off_limits(const struct drcl_known_cgroup *cgroup, struct drcl_env *env, struct drcl_exclude *exclude)
{
    struct search search = {env, exclude};

    if (drcl_exclude_has_memcg(exclude, env, cgroup->inode) != 0)
        return true;
    return drcl_exclude_has_processes(exclude) && drcl_cgroup_processes(env, cgroup->path, is_excluded, &search) != 0;
}

static void find_out(struct drcl_known_cgroup *cgroup, struct drcl_env *env, struct drcl_exclude *exclude)
{
    uint64_t own;
    bool able;

    able = drcl_cgroup_path(env, cgroup->inode, cgroup->path, sizeof(cgroup->path)) > 0 &&
           !is_off_limits(cgroup, env, exclude);
    cgroup->able[DRCL_CGROUP_SWAP_CACHE] = able;
    cgroup->able[DRCL_CGROUP_FILES] = able && own_cgroup(env, &own) == 0 && own != cgroup->inode;
}

/* What is known of the cgroup, if that is not too old. An excluded process may have come since. */
static struct drcl_known_cgroup *find_known(struct drcl_cgroups *cgroups, struct drcl_env *env,
                                            struct drcl_exclude *exclude, uint64_t inode)
{
    for (size_t i = 0; i < DRCL_NR_CGROUPS; i++) {
        struct drcl_known_cgroup *cgroup = &cgroups->at[i];

        if (cgroup->inode != inode)
            continue;
        if (drcl_clock(env, CLOCK_MONOTONIC) >= cgroup->until_ns || is_off_limits(cgroup, env, exclude))
            cgroup->inode = 0;
        else
            return cgroup;
    }
    return NULL;
}

struct drcl_known_cgroup *drcl_cgroups_get(struct drcl_cgroups *cgroups, struct drcl_env *env,
                                           struct drcl_exclude *exclude, uint64_t inode)
{
    struct drcl_known_cgroup *cgroup;
    struct drcl_quiet quiet;

    drcl_quiet_begin(env, &quiet); /* pages that cannot go stay */
    cgroup = find_known(cgroups, env, exclude, inode);
    if (!cgroup) {
        cgroup = &cgroups->at[cgroups->next];
        cgroups->next = (cgroups->next + 1) % DRCL_NR_CGROUPS;
        *cgroup = (struct drcl_known_cgroup){.inode = inode, .until_ns = drcl_clock(env, CLOCK_MONOTONIC) + KNOWN_NS};
        find_out(cgroup, env, exclude);
    }
    drcl_quiet_end(env, &quiet);
    return cgroup;
}

void drcl_cgroup_refused(struct drcl_known_cgroup *cgroup, struct drcl_env *env, enum drcl_cgroup_use use)
{
    cgroup->able[use] = false;
    cgroup->until_ns = drcl_clock(env, CLOCK_MONOTONIC) + KNOWN_NS;
}

void drcl_cgroups_forget(struct drcl_cgroups *cgroups)
{
    memset(cgroups->at, 0, sizeof(cgroups->at));
}
