/* SPDX-License-Identifier: MIT */
/* The life of the backend and of its targets. What it is and needs: idle_page.h. */
#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/grow.h"
#include "pages/advise.h"
#include "pages/exclude.h"
#include "backends/idle_page/physical.h"

#define FIRST_PAGE_NS 10000 /* until it was measured */
#define GAP_FRAMES    32    /* of kpagecgroup: reading this many entries for nothing costs less than another call */

struct drcl_idle_target *drcl_idle_target_find(struct drcl_idle_page *b, uint32_t id)
{
    for (size_t i = 0; i < b->nr_targets; i++)
        if (b->targets[i]->id == id)
            return b->targets[i];
    return NULL;
}

int drcl_idle_need_frames(struct drcl_idle_page *b, size_t n)
{
    int r = drcl_grow_exactly(b->env, &b->frames, &b->nr_frames, n, sizeof(*b->frames));

    return r < 0 ? drcl_error(b->env, r, "out of memory") : 0;
}

int drcl_idle_no_frame_numbers(struct drcl_env *env)
{
    return drcl_error(env, -EPERM, "pagemap shows zeros instead of frame numbers: CAP_SYS_ADMIN is needed");
}

int drcl_idle_need_kpagecgroup(struct drcl_idle_page *b)
{
    return b->kpagecgroup.fd >= 0 ? 0 : drcl_kpagecgroup_open(&b->kpagecgroup, b->env);
}

int drcl_idle_get_memcgs(struct drcl_idle_page *b, size_t n)
{
    for (size_t at = 0; at < n;) {
        const struct drcl_frame *frames = &b->frames[at];
        size_t run = drcl_frames_run(frames, n - at, 0, GAP_FRAMES, DRCL_KPAGECGROUP_SPAN);
        int r =
            drcl_kpagecgroup_read(&b->kpagecgroup, frames[0].pfn, (size_t)(frames[run - 1].pfn - frames[0].pfn) + 1);

        if (r < 0)
            return r;
        for (size_t i = 0; i < run; i++)
            b->memcgs[frames[i].index] = b->kpagecgroup.buf[frames[i].pfn - frames[0].pfn];
        at += run;
    }
    return 0;
}

int drcl_idle_get_idle(struct drcl_idle_page *b, size_t n)
{
    return b->idle.fd >= 0 ? drcl_page_idle_get(&b->idle, b->frames, n) : 0;
}

static void free_target(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    drcl_pagemap_close(&t->mm.map);
    if (t->blocks)
        drcl_layouts_release(&b->layouts, t->blocks);
    drcl_free(b->env, t->blocks);
    drcl_free(b->env, t->kinds);
    drcl_free(b->env, t->marks.marks);
    drcl_free(b->env, t->samples);
    drcl_free(b->env, t->frames);
    drcl_free(b->env, t);
}

static void target_remove(void *backend, uint32_t id)
{
    struct drcl_idle_page *b = backend;

    for (size_t i = 0; i < b->nr_targets; i++) {
        if (b->targets[i]->id != id)
            continue;
        free_target(b, b->targets[i]);
        b->targets[i] = b->targets[--b->nr_targets];
        return;
    }
}

/* Advice on no range at all does nothing but check the permission. */
static int may_advise(struct drcl_env *env, pid_t pid, int pidfd)
{
    struct iovec none = {0};
    ssize_t r = drcl_process_madvise(env, pidfd, &none, 0, DRCL_MADV_COLD);

    if (r >= 0)
        return 0;
    return drcl_advise_error(env, pid, (int)r);
}

/* Pages must not be watched twice: by their process and by their frame. Target 0 is the memory that the library has
 * watched for want of another target, and removes once there is one. */
static int check_kind(struct drcl_idle_page *b, pid_t pid)
{
    for (size_t i = 0; i < b->nr_targets; i++) {
        if (drcl_idle_is_physical(b->targets[i]) == !pid || b->targets[i]->id == 0)
            continue;
        return drcl_error(b->env, -EOPNOTSUPP,
                          "target.pid: %d; the backend idle-page watches either processes or physical memory in one "
                          "context, and target %u is %s; remove it first, or use a context each",
                          (int)pid, b->targets[i]->id, pid ? "physical memory" : "a process");
    }
    return 0;
}

static int open_process(struct drcl_idle_page *b, struct drcl_idle_target *t, pid_t pid, int pidfd)
{
    int r = may_advise(b->env, pid, pidfd);

    if (r < 0)
        return r;
    r = drcl_pagemap_open(&t->mm.map, b->env, pid, pidfd);
    return r == -ESRCH ? drcl_error(b->env, r, "pid %d has exited", (int)pid) : r;
}

static int target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t;
    int r = check_kind(b, pid);

    if (r < 0)
        return r;
    r = drcl_grow(b->env, &b->targets, &b->targets_capacity, b->nr_targets + 1, sizeof(struct drcl_idle_target *));
    if (r < 0)
        return drcl_error(b->env, r, "out of memory");
    t = drcl_zalloc(b->env, sizeof(*t));
    if (!t)
        return drcl_error(b->env, -ENOMEM, "out of memory");
    t->id = id;
    t->tick = 1;
    t->mm.map = (struct drcl_pagemap){.env = b->env, .pidfd = -1, .fd = -1};
    r = pid ? open_process(b, t, pid, pidfd) : drcl_physical_add(b, t);
    if (r == 0 && !(t->blocks = drcl_zalloc(b->env, DRCL_NR_BLOCKS * sizeof(*t->blocks))))
        r = drcl_error(b->env, -ENOMEM, "out of memory");
    if (r < 0) {
        free_target(b, t);
        return r;
    }
    b->targets[b->nr_targets++] = t;
    return 0;
}

static int exclude(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    return drcl_exclude_set(backend, exclusions, n);
}

/* What was learnt before a pause is of no use after it. */
static void disable(void *backend)
{
    struct drcl_idle_page *b = backend;

    for (size_t i = 0; i < b->nr_targets; i++) {
        struct drcl_idle_target *t = b->targets[i];

        memset(t->blocks, 0, DRCL_NR_BLOCKS * sizeof(*t->blocks));
        t->marks.n = 0;
        t->nr_samples = t->nr_frames = 0;
        t->mm.nr_poor = 0;
        t->mm.hopeless_ns = t->mm.hopeless_until = 0;
    }
    drcl_physical_forget(b);
}

static void destroy(void *backend)
{
    struct drcl_idle_page *b = backend;

    while (b->nr_targets)
        free_target(b, b->targets[--b->nr_targets]);
    drcl_physical_free(b);
    drcl_exclude_free(b);
    drcl_free(b->env, b->targets);
    drcl_free(b->env, b->frames);
    drcl_layouts_free(&b->layouts, b->env);
    drcl_page_idle_close(&b->idle);
    drcl_kpageflags_close(&b->kpageflags);
    drcl_kpagecgroup_close(&b->kpagecgroup);
    drcl_free(b->env, b);
}

/* The frame behind a page that is certainly there, one of our own: a zero tells that the kernel hides the numbers. */
static int frame_numbers_visible(struct drcl_env *env)
{
    uint64_t entry = 0, addr = (uintptr_t)&entry;
    int fd = drcl_open(env, O_RDONLY, "/proc/self/pagemap");
    ssize_t n;

    if (fd < 0)
        return drcl_error(env, fd, "/proc/self/pagemap cannot be opened: %s%s", strerror(-fd),
                          fd == -ENOENT ? "; boot a kernel with CONFIG_PROC_PAGE_MONITOR=y" : "");
    n = drcl_pread(env, fd, &entry, sizeof(entry), (addr >> DRCL_PAGE_SHIFT) * sizeof(entry));
    drcl_close(env, fd);
    if (n != (ssize_t)sizeof(entry))
        return drcl_error(env, n < 0 ? (int)n : -EIO, "/proc/self/pagemap cannot be read: %s",
                          strerror(n < 0 ? (int)-n : EIO));
    return entry & DRCL_PAGEMAP_PFN ? 0 : drcl_idle_no_frame_numbers(env);
}

int drcl_idle_open(struct drcl_idle_page *b, struct drcl_env *env, int idle_flags)
{
    long page_size = sysconf(_SC_PAGESIZE);
    int r;

    b->env = env;
    b->idle = (struct drcl_page_idle){.env = env, .fd = -1};
    b->kpageflags = (struct drcl_kpageflags){.env = env, .fd = -1};
    b->kpagecgroup = (struct drcl_kpagecgroup){.env = env, .fd = -1};
    if (page_size != (long)DRCL_PAGE_SIZE)
        return drcl_error(env, -EOPNOTSUPP, "pages of %ld bytes: the backend idle-page knows pages of 4096 bytes only",
                          page_size);
    r = idle_flags < 0 ? 0 : drcl_page_idle_open(&b->idle, env, idle_flags);
    if (r == 0)
        r = drcl_kpageflags_open(&b->kpageflags, env);
    if (r == 0)
        r = frame_numbers_visible(env);
    return r;
}

int drcl_idle_create(struct drcl_env *env, bool need_bitmap, struct drcl_idle_page **ret)
{
    struct drcl_idle_page *b = drcl_zalloc(env, sizeof(*b));
    int r;

    if (!b)
        return drcl_error(env, -ENOMEM, "out of memory");
    b->page_ns = FIRST_PAGE_NS;
    r = drcl_idle_open(b, env, need_bitmap || drcl_page_idle_exists(env) ? O_RDWR : -1);
    if (r == 0)
        r = drcl_idle_need_frames(b, DRCL_WINDOW);
    if (r < 0) {
        destroy(b);
        return r;
    }
    *ret = b;
    return 0;
}

static int create(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend)
{
    struct drcl_idle_page *b = NULL;
    int r = drcl_idle_create(env, true, &b);

    if (r < 0)
        return r;
    b->ram.largest = config && (config->flags & DAMON_RECLAIM_LARGEST_RAM);
    *ret_backend = b;
    return 0;
}

static const struct damon_reclaim_backend_ops ops = {
    .size = sizeof(ops),
    .name = "idle-page",
    .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_WHOLE,
    .filters = 1u << DAMON_RECLAIM_FILTER_ANON | 1u << DAMON_RECLAIM_FILTER_ACTIVE | 1u << DAMON_RECLAIM_FILTER_MEMCG |
               1u << DAMON_RECLAIM_FILTER_YOUNG | 1u << DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE |
               1u << DAMON_RECLAIM_FILTER_UNMAPPED,
    .min_region_size = DRCL_PAGE_SIZE,
    .huge_size = DRCL_BLOCK_SIZE,
    .destroy = destroy,
    .disable = disable,
    .target_add = target_add,
    .target_remove = target_remove,
    .ranges = drcl_idle_ranges,
    .prepare = drcl_idle_prepare,
    .check = drcl_idle_check,
    .mark = drcl_idle_mark,
    .reclaim = drcl_idle_reclaim,
    .exclude = exclude,
};

const struct drcl_backend drcl_backend_idle_page = {
    .name = "idle-page",
    .feature = "backend:idle-page",
    .ops = &ops,
    .physical = true,
    .create = create,
    .probe = drcl_idle_probe,
};
