/* SPDX-License-Identifier: MIT */
#include "fake_cgroup.h"

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

void fake_cgroup_remove(struct fake *f, const char *path)
{
    size_t kept = 0, len = strlen(path);

    for (size_t i = 0; i < f->nr_cgroups; i++) {
        const char *at = f->cgroups[i].path;

        if (strncmp(at, path, len) != 0 || (at[len] && at[len] != '/'))
            f->cgroups[kept++] = f->cgroups[i];
    }
    f->nr_cgroups = kept;
}

struct fake_cgroup *fake_cgroup_of(struct fake *f, const char *path)
{
    for (size_t i = 0; i < f->nr_cgroups; i++)
        if (!strcmp(f->cgroups[i].path, path))
            return &f->cgroups[i];
    return NULL;
}

/* The processes that are in the cgroup itself. */
static int open_procs(struct fake *f, const char *path)
{
    int fd = fake_new_fd(f, FILE_TEXT, NULL);
    char *text = fake_fd_at(f, fd)->text, line[16];

    for (size_t i = 0; i < f->nr_processes; i++) {
        const struct fake_process *p = &f->processes[i];

        if (p->exited || strcmp(p->cgroup ? p->cgroup : "", path) != 0)
            continue;
        fake_print(line, sizeof(line), "%d\n", (int)p->pid);
        strcat(text, line);
    }
    return fd;
}

int fake_cgroup_open(struct fake *f, const char *path)
{
    if (!strcmp(path, "/cgroup.controllers"))
        return fake_new_fd(f, FILE_TEXT, NULL);
    for (size_t i = 0; i < f->nr_cgroups; i++) {
        size_t len = strlen(f->cgroups[i].path);
        enum fake_file kind = FILE_CLOSED;
        int fd;

        if (strncmp(path, f->cgroups[i].path, len) != 0)
            continue;
        if (!path[len] || !strcmp(path + len, "/"))
            kind = FILE_CGROUP;
        else if (!strcmp(path + len, "/memory.reclaim"))
            kind = FILE_RECLAIM;
        else if (!strcmp(path + len, "/cgroup.procs"))
            return open_procs(f, f->cgroups[i].path);
        else if (!strcmp(path + len, "/memory.stat") && !f->cgroups[i].no_memory)
            kind = FILE_TEXT;
        if (kind == FILE_CLOSED)
            continue;
        fd = fake_new_fd(f, kind, NULL);
        if (fd >= 0) {
            fake_fd_at(f, fd)->cgroup = &f->cgroups[i];
            fake_fd_at(f, fd)->inode = f->cgroups[i].inode;
        }
        return fd;
    }
    return -ENOENT;
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

/* Takes clean pages of files that nobody maps, and that were not accessed. */
static uint64_t take_file_pages(struct fake *f, const struct fake_cgroup *cgroup, uint64_t bytes)
{
    for (size_t i = 0; i < FAKE_FRAMES && bytes; i++) {
        struct fake_frame *frame = &f->frames[i];

        if (frame->memcg != cgroup->inode || frame->flags != DRCL_KPF_LRU || frame->accessed)
            continue;
        fake_goes(f, i, false);
        bytes -= PAGE;
        f->now_ns += f->page_ns;
    }
    fake_free_gone(f);
    return bytes;
}

int fake_cgroup_reclaim(struct fake *f, const struct fake_cgroup *cgroup, const char *text)
{
    char *end;
    uint64_t bytes = strtoull(text, &end, 10);

    if (cgroup->reclaim_error) {
        f->nr_reclaim++;
        return cgroup->reclaim_error;
    }
    if (!strncmp(end, " swappiness=", 12) && strcmp(end + 12, "0") != 0 &&
        (!f->swappiness || strcmp(end + 12, f->swappiness) != 0))
        return -EINVAL;
    f->nr_reclaim++;
    f->reclaim_asked += bytes;
    if (!strcmp(end, " swappiness=0"))
        bytes = take_file_pages(f, cgroup, bytes);
    else if (cgroup->gives_others)
        bytes = 0;
    else
        bytes = fake_free_swapcached(f, cgroup->inode, bytes);
    return bytes ? -EAGAIN : 0;
}
