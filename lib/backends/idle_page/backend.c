/* SPDX-License-Identifier: MIT */
/* The life of the backend and of its targets. What it is: idle_page.h. */
#include "backends/idle_page/backend.h"

#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/idle_page/probe.h"
#include "backends/idle_page/ranges.h"
#include "backends/idle_page/sample.h"
#include "base/filters.h"
#include "base/grow.h"
#include "pages/release.h"

/* --- targets ------------------------------------------------------------------------------------------------------ */

static void free_target(struct drcl_idle_page *b, struct drcl_idle_target *t)
{
    bool physical = drcl_pages_is_physical(t->pages);

    drcl_pages_remove(b->pages, t->pages->id);
    if (t->blocks && !physical) {
        drcl_entries_release(&b->entries, t->blocks);
        drcl_free(b->env, t->blocks);
    }
    drcl_free(b->env, t->samples);
    drcl_free(b->env, t->frames);
    drcl_free(b->env, t);
}

static void target_remove(void *backend, uint32_t id)
{
    struct drcl_idle_page *b = backend;

    for (size_t i = 0; i < b->nr_targets; i++) {
        if (b->targets[i]->pages->id != id)
            continue;
        free_target(b, b->targets[i]);
        b->targets[i] = b->targets[--b->nr_targets];
        return;
    }
}

/* Pages must not be watched twice: by their process and by their frame. Target 0 is the memory that the library has
 * watched for want of another target, and removes once there is one. */
static int check_kind(struct drcl_idle_page *b, pid_t pid)
{
    for (size_t i = 0; i < b->nr_targets; i++) {
        const struct drcl_pages_target *other = b->targets[i]->pages;

        if (drcl_pages_is_physical(other) == !pid || other->id == 0)
            continue;
        return drcl_error(b->env, -EOPNOTSUPP,
                          "target.pid: %d; the backend idle-page watches either processes or physical memory in one "
                          "context, and target %u is %s; remove it first, or use a context each",
                          (int)pid, other->id, pid ? "physical memory" : "a process");
    }
    return 0;
}

/* What sampling keeps of a target that lib/pages has. NULL without memory. */
static struct drcl_idle_target *make_target(struct drcl_idle_page *b, struct drcl_pages_target *pages)
{
    struct drcl_idle_target *t = drcl_zalloc(b->env, sizeof(*t));

    if (!t)
        return NULL;
    t->pages = pages;
    t->tick = 1;
    t->blocks =
        drcl_pages_is_physical(pages) ? pages->blocks.blocks : drcl_zalloc(b->env, DRCL_NR_BLOCKS * sizeof(*t->blocks));
    if (!t->blocks) {
        drcl_free(b->env, t);
        return NULL;
    }
    return t;
}

static int target_add(void *backend, uint32_t id, pid_t pid, int pidfd)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t;
    int r = check_kind(b, pid);

    if (r < 0)
        return r;
    if (drcl_grow(b->env, &b->targets, &b->targets_capacity, b->nr_targets + 1, sizeof(t)) < 0)
        return drcl_error(b->env, -ENOMEM, "out of memory");
    r = drcl_pages_add(b->pages, id, pid, pidfd);
    if (r < 0)
        return r;
    t = make_target(b, drcl_pages_find(b->pages, id));
    if (!t) {
        drcl_pages_remove(b->pages, id);
        return drcl_error(b->env, -ENOMEM, "out of memory");
    }
    b->targets[b->nr_targets++] = t;
    return 0;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static int mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    return drcl_pages_mark(((struct drcl_idle_page *)backend)->pages, target, start, end);
}

/* What was remembered of the blocks of [start, end) of a process is not true any more. */
static void forget_blocks(struct drcl_idle_target *t, uint64_t start, uint64_t end)
{
    for (uint64_t addr = drcl_block_start(start); addr < end; addr += DRCL_HUGE_SIZE)
        drcl_block_forget(t->blocks, addr);
}

static int reclaim(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, request->target);
    int r;

    if (!t)
        return -ESRCH;
    r = drcl_pages_reclaim(b->pages, request, ret_result);
    if (r == 0 && ret_result->tried && !drcl_pages_is_physical(t->pages))
        forget_blocks(t, request->start, ret_result->end);
    return r;
}

static int release(void *backend, uint32_t scheme, uint64_t deadline_ns, damon_reclaim_released_fn *report, void *data)
{
    return drcl_pages_release(((struct drcl_idle_page *)backend)->pages, scheme, deadline_ns, report, data);
}

static int exclude(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    return drcl_pages_exclude(((struct drcl_idle_page *)backend)->pages, exclusions, n);
}

/* --- the backend -------------------------------------------------------------------------------------------------- */

static int enable(void *backend)
{
    return drcl_pages_hold(((struct drcl_idle_page *)backend)->pages);
}

/* What was learnt before a pause is of no use after it. */
static void disable(void *backend)
{
    struct drcl_idle_page *b = backend;

    drcl_pages_forget(b->pages);
    for (size_t i = 0; i < b->nr_targets; i++) {
        struct drcl_idle_target *t = b->targets[i];

        memset(t->blocks, 0, DRCL_NR_BLOCKS * sizeof(*t->blocks));
        t->nr_samples = t->nr_frames = 0;
    }
}

static void destroy(void *backend)
{
    struct drcl_idle_page *b = backend;

    while (b->nr_targets)
        free_target(b, b->targets[--b->nr_targets]);
    drcl_pages_free(b->pages);
    drcl_free(b->env, b->targets);
    drcl_free(b->env, b->asked);
    drcl_entries_free(&b->entries, b->env);
    drcl_free(b->env, b);
}

static int create(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend)
{
    struct drcl_idle_page *b = drcl_zalloc(env, sizeof(*b));
    int r;

    if (!b)
        return drcl_error(env, -ENOMEM, "out of memory");
    b->env = env;
    r = drcl_pages_new(env, true, &b->pages);
    if (r < 0) {
        destroy(b);
        return r;
    }
    b->pages->ram.largest = config && (config->flags & DAMON_RECLAIM_LARGEST_RAM);
    *ret_backend = b;
    return 0;
}

static const struct damon_reclaim_backend_ops ops = {
    .size = sizeof(ops),
    .name = "idle-page",
    .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_WHOLE | DAMON_RECLAIM_BACKEND_ACCESSES_STAY,
    .filters = DRCL_FILTERS_OF(DRCL_BY_IDLE_PAGE),
    .min_region_size = DRCL_PAGE_SIZE,
    .huge_size = DRCL_HUGE_SIZE,
    .destroy = destroy,
    .enable = enable,
    .disable = disable,
    .target_add = target_add,
    .target_remove = target_remove,
    .ranges = drcl_idle_ranges,
    .prepare = drcl_idle_prepare,
    .check = drcl_idle_check,
    .mark = mark,
    .reclaim = reclaim,
    .exclude = exclude,
    .release = release,
};

const struct drcl_backend drcl_backend_idle_page = {
    .name = "idle-page",
    .feature = "backend:idle-page",
    .ops = &ops,
    .physical = true,
    .sets_errors = true,
    .create = create,
    .probe = drcl_idle_probe,
};
