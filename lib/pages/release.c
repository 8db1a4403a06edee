/* SPDX-License-Identifier: MIT */
#include "pages/release.h"

#include <errno.h>
#include <time.h>

#include "base/arith.h"
#include "base/clock.h"
#include "sys/cgroup.h"
#include "sys/node.h"

#define STEP_SIZE     (UINT64_C(1) << 20) /* bytes that are asked for at once: nothing can end the call early */
#define MIN_PAUSE     (50 * DRCL_NS_PER_MS)
#define MAX_PAUSE     (10 * DRCL_NS_PER_S)
#define MIN_WINDOW    STEP_SIZE           /* bytes that a pass may ask for until it is known what goes */
#define MIN_ASK_PAUSE (DRCL_NS_PER_S / 2) /* nobody is asked for so long after other memory has gone */
#define MAX_ASK_PAUSE (16 * DRCL_NS_PER_S)
#define MUCH          (UINT64_C(4) << 20) /* bytes that are worth telling about */

struct release {
    struct drcl_pages *pages;
    struct drcl_env *env;
    uint64_t deadline_ns;
    struct drcl_swap_block block;        /* the one at hand */
    struct damon_reclaim_released found; /* of it */
    struct drcl_frame *frames;           /* of it: those that are written and not free */
    uint64_t *memcgs;                    /* the cgroup of each; 0: not known */
    size_t n;
    struct drcl_known_cgroup *cgroup; /* the last one that was asked */
};

static bool has_time(const struct release *r)
{
    return !r->deadline_ns || drcl_clock(r->env, CLOCK_MONOTONIC) < r->deadline_ns;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

/* A process that has its page back maps it; a file in memory (tmpfs) has it without being mapped. */
static bool is_in_use(uint32_t flags)
{
    return (flags & DRCL_KPF_SWAPBACKED) && (!(flags & DRCL_KPF_SWAPCACHE) || (flags & DRCL_KPF_MMAP));
}

/* Looks at the frames, forgets those that are free or in use again, and keeps those that are written in the list. A
 * dirty one has to be written first: zswap may be full and not allowed to use the disk. Whoever is asked for it would
 * put other pages into the swap cache instead. */
static int look(struct release *r)
{
    struct drcl_swap_cache *cache = &r->pages->swap_cache;
    int err = drcl_kpageflags_get(&r->pages->files.kpageflags, r->frames, r->n);
    size_t n = 0;

    for (size_t i = 0; err == 0 && i < r->n; i++) {
        uint32_t flags = r->frames[i].flags;
        bool in_use = is_in_use(flags), is_there = (flags & DRCL_KPF_SWAPCACHE) && !in_use;

        if (is_there && !(flags & (DRCL_KPF_WRITEBACK | DRCL_KPF_DIRTY)))
            r->frames[n++] = r->frames[i];
        if (is_there)
            continue;
        drcl_swap_cache_remove(cache, &r->block, r->frames[i].pfn);
        *(in_use ? &r->found.returned : &r->found.freed) += DRCL_PAGE_SIZE;
    }
    if (err == 0)
        r->n = n;
    return err;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* Asks a cgroup for @bytes. Returns how many it was asked for. */
static uint64_t ask_cgroup(const struct release *r, struct drcl_known_cgroup *cgroup, uint64_t bytes)
{
    uint64_t asked = 0;
    int err = 0;

    while (err == 0 && asked < bytes && has_time(r)) {
        uint64_t step = drcl_min(bytes - asked, STEP_SIZE);

        err = drcl_cgroup_reclaim(r->env, cgroup->path, DRCL_CGROUP_SWAP_BACKED_PAGES, step);
        if (err == 0 || err == -EAGAIN)
            asked += step;
    }
    if (err < 0)
        drcl_cgroup_refused(cgroup, r->env, DRCL_CGROUP_SWAP_CACHE);
    return asked;
}

/* A node has memory of everybody, so that it is asked only where nothing is excluded. */
static uint64_t ask_nodes(const struct release *r, uint64_t bytes)
{
    const struct drcl_exclude *exclude = &r->pages->exclude;
    uint64_t asked = 0, step = 1;

    if (drcl_exclude_has_processes(exclude) || exclude->nr_paths)
        return 0;
    while (step && asked < bytes && has_time(r)) {
        if (drcl_nodes_reclaim_swapcached(r->env, drcl_min(bytes - asked, STEP_SIZE), &step) < 0)
            break;
        asked += step;
    }
    return asked;
}

/* The cgroup as it was found when this call saw it first: to look at its processes takes time. */
static struct drcl_known_cgroup *get_cgroup(struct release *r, uint64_t memcg)
{
    if (!r->cgroup || r->cgroup->inode != memcg)
        r->cgroup = drcl_cgroups_get(&r->pages->cgroups, r->env, &r->pages->exclude, memcg);
    return r->cgroup;
}

/* Asks for @bytes of cgroup @memcg. Returns how many somebody was asked for. Whoever is asked may choose excluded
 * addresses, so that nobody is if there are such. */
static uint64_t ask(struct release *r, uint64_t memcg, uint64_t bytes)
{
    struct drcl_known_cgroup *cgroup = memcg ? get_cgroup(r, memcg) : NULL;
    struct drcl_quiet quiet;
    uint64_t asked = 0;

    if (r->pages->exclude.ranges)
        return 0;
    drcl_quiet_begin(r->env, &quiet); /* what cannot be freed stays */
    if (cgroup && cgroup->able[DRCL_CGROUP_SWAP_CACHE])
        asked = ask_cgroup(r, cgroup, bytes);
    if (!asked)
        asked = ask_nodes(r, bytes);
    drcl_quiet_end(r->env, &quiet);
    return asked;
}

/* The cgroups of the listed frames; 0 where the kernel does not tell. */
static int look_up_memcgs(struct release *r)
{
    struct drcl_quiet quiet;
    int err;

    for (size_t i = 0; i < r->n; i++) {
        r->frames[i].index = (uint32_t)i;
        r->memcgs[i] = 0;
    }
    drcl_quiet_begin(r->env, &quiet);
    err = drcl_page_files_need_kpagecgroup(&r->pages->files);
    drcl_quiet_end(r->env, &quiet);
    return err < 0 ? 0 : drcl_kpagecgroup_get(&r->pages->files.kpagecgroup, r->frames, r->n, r->memcgs);
}

/* Takes the frames of the cgroup of frame @i out of the list: their bytes. */
static uint64_t take_bytes_of(struct release *r, size_t i, bool *done)
{
    uint64_t bytes = 0;

    for (size_t k = i; k < r->n; k++) {
        if (done[k] || r->memcgs[k] != r->memcgs[i])
            continue;
        done[k] = true;
        bytes += DRCL_PAGE_SIZE;
    }
    return bytes;
}

/* Asks for the listed frames, cgroup by cgroup, as far as the pass may ask. Returns whether anybody was asked. */
static bool ask_for_all(struct release *r)
{
    struct drcl_swap_cache *cache = &r->pages->swap_cache;
    struct drcl_swap_pass *pass = &cache->pass;
    bool done[DRCL_HUGE_PAGES] = {false};
    uint64_t before = pass->asked;

    for (size_t i = 0; i < r->n && pass->asked < cache->window; i++) {
        uint64_t bytes = done[i] ? 0 : take_bytes_of(r, i, done), asked;

        if (!bytes)
            continue;
        asked = ask(r, r->memcgs[i], drcl_min(bytes, cache->window - pass->asked));
        pass->asked += asked;
        if (!asked && has_time(r))
            pass->stuck += bytes;
    }
    return pass->asked > before;
}

static int release_block(struct release *r)
{
    struct drcl_swap_cache *cache = &r->pages->swap_cache;
    int err;

    r->n = drcl_swap_block_list(&r->block, r->frames);
    err = look(r);
    if (err < 0 || !r->n || cache->pass.looks || cache->pass.asked >= cache->window)
        return err;
    err = look_up_memcgs(r);
    if (err < 0)
        return err;
    return ask_for_all(r) ? look(r) : 0;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static void tell_once(struct drcl_swap_cache *cache, struct drcl_env *env)
{
    if (cache->told)
        return;
    cache->told = true;
    drcl_log(
        env, DAMON_RECLAIM_LOG_WARNING,
        "%llu MiB that were swapped out to a disk stay in the swap cache, because nobody can be asked to free them. "
        "A cgroup (version 2) can, if it has no cgroups below it and no excluded process in it; on Linux 6.17 and "
        "newer all memory can, if nothing is excluded. Swap on zram, or zswap, frees memory at once",
        (unsigned long long)(cache->pass.stuck >> 20));
}

/* What has come of the last pass that asked: @cache->pass has looked since. */
static void judge_asking(struct drcl_swap_cache *cache, struct drcl_env *env, uint64_t now)
{
    if (cache->pass.freed >= cache->pass.asked / 2) {
        cache->window *= cache->window < UINT64_MAX / 2 ? 2 : 1;
        cache->ask_pause_ns = 0;
        return;
    }
    cache->window = MIN_WINDOW;
    cache->ask_pause_ns = cache->ask_pause_ns ? drcl_min(cache->ask_pause_ns * 2, MAX_ASK_PAUSE) : MIN_ASK_PAUSE;
    cache->ask_again_ns = now + cache->ask_pause_ns;
    drcl_log(
        env, DAMON_RECLAIM_LOG_DEBUG,
        "swap cache: of %llu KiB that the kernel was asked to free, %llu KiB were what was meant; next try in %u ms",
        (unsigned long long)(cache->pass.asked >> 10), (unsigned long long)(cache->pass.freed >> 10),
        (unsigned int)(cache->ask_pause_ns / DRCL_NS_PER_MS));
}

static void end_pass(struct drcl_swap_cache *cache, struct drcl_env *env, uint64_t now)
{
    if (cache->pass.stuck >= MUCH)
        tell_once(cache, env);
    if (!cache->pass.looks && cache->pass.asked) {
        cache->pass.looks = true;
        return;
    }
    if (cache->pass.asked)
        judge_asking(cache, env, now);
    cache->pass = (struct drcl_swap_pass){.looks = now < cache->ask_again_ns};
}

/* The more often nothing has changed, the longer nobody looks. */
static void pause_looking(struct drcl_swap_cache *cache, uint64_t now, bool changed)
{
    cache->pause_ns = changed || !cache->pause_ns ? MIN_PAUSE : drcl_min(cache->pause_ns * 2, MAX_PAUSE);
    cache->next_look_ns = now + cache->pause_ns;
}

/* Goes over the blocks of the scheme from where the last call stopped. 1 when it has seen all of them; 0 when the time
 * is over; or an error. */
static int pass_over(struct release *r, uint32_t scheme, damon_reclaim_released_fn *report, void *data,
                     bool *ret_changed)
{
    struct drcl_swap_cache *cache = &r->pages->swap_cache;
    int err = 0;

    while (err == 0 && has_time(r)) {
        const struct drcl_swap_block *block;

        cache->next.scheme = scheme;
        block = drcl_swap_cache_find(cache, &cache->next);
        if (!block) {
            cache->next = (struct drcl_swap_block){.number = 0};
            return 1;
        }
        r->block = cache->next = *block;
        cache->next.target++;
        r->found = (struct damon_reclaim_released){.size = sizeof(r->found), .target = block->target};
        err = release_block(r);
        cache->pass.freed += r->found.freed;
        if (r->found.freed || r->found.returned) {
            *ret_changed = true;
            report(data, &r->found);
        }
    }
    return err;
}

int drcl_pages_release(struct drcl_pages *pages, uint32_t scheme, uint64_t deadline_ns,
                       damon_reclaim_released_fn *report, void *data)
{
    struct drcl_swap_cache *cache = &pages->swap_cache;
    struct release r = {.pages = pages,
                        .env = pages->env,
                        .deadline_ns = deadline_ns,
                        .frames = pages->batch.frames,
                        .memcgs = pages->batch.memcgs};
    bool changed = false;
    int all;

    if (drcl_clock(pages->env, CLOCK_MONOTONIC) < cache->next_look_ns)
        return 0;
    if (!cache->window)
        cache->window = MIN_WINDOW;
    all = pass_over(&r, scheme, report, data, &changed);
    if (all > 0) {
        uint64_t now = drcl_clock(pages->env, CLOCK_MONOTONIC);

        end_pass(cache, pages->env, now);
        pause_looking(cache, now, changed);
    }
    return all < 0 ? all : 0;
}
