/* SPDX-License-Identifier: MIT */
/* The control groups of the made-up kernel: directories with inode numbers, and memory.reclaim. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

struct fake_cgroup *fake_cgroup(struct fake *f, const char *path, uint64_t inode)
{
    struct fake_cgroup *cgroup = &f->cgroups[f->nr_cgroups++];

    ck_assert_uint_le(f->nr_cgroups, FAKE_CGROUPS);
    *cgroup = (struct fake_cgroup){.path = path, .inode = inode};
    return cgroup;
}

enum fake_file fake_cgroup_file(struct fake *f, const char *path, const struct fake_cgroup **ret)
{
    *ret = NULL;
    if (!strcmp(path, "/cgroup.controllers"))
        return FILE_TEXT;
    for (size_t i = 0; i < f->nr_cgroups; i++) {
        size_t len = strlen(f->cgroups[i].path);

        if (strncmp(path, f->cgroups[i].path, len) != 0)
            continue;
        *ret = &f->cgroups[i];
        if (!path[len] || !strcmp(path + len, "/"))
            return FILE_CGROUP;
        if (!strcmp(path + len, "/memory.reclaim"))
            return FILE_RECLAIM;
    }
    return FILE_CLOSED;
}

const char *fake_cgroup_entry(const struct fake *f, const struct fake_cgroup *cgroup, size_t i)
{
    static const char *const names[] = {".", "..", "memory.reclaim"};
    size_t len = strlen(cgroup->path);
    const char *path;

    if (i < 3)
        return names[i];
    if (i - 3 >= f->nr_cgroups)
        return NULL;
    path = f->cgroups[i - 3].path;
    return !strncmp(path, cgroup->path, len) && path[len] == '/' && !strchr(path + len + 1, '/') ? path + len + 1 : "";
}

int fake_cgroup_reclaim(struct fake *f, const struct fake_cgroup *cgroup, const char *text)
{
    char *end;
    uint64_t bytes = strtoull(text, &end, 10);

    f->nr_reclaim++;
    if (cgroup->reclaim_error)
        return cgroup->reclaim_error;
    if (strncmp(end, " swappiness=0", 13) != 0)
        return -EINVAL;
    for (size_t i = 0; i < FAKE_FRAMES && bytes; i++) {
        struct fake_frame *frame = &f->frames[i];

        if (frame->memcg != cgroup->inode || frame->flags != DRCL_KPF_LRU || frame->accessed)
            continue;
        frame->gone = true;
        bytes -= PAGE;
        f->now_ns += f->page_ns;
    }
    fake_free_gone(f);
    return bytes ? -EAGAIN : 0;
}
