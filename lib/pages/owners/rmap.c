/* SPDX-License-Identifier: MIT */
/*
 * A pass reads the page maps of all processes, and notes which of the wanted frames they map. Frames that somebody
 * wants after the pass has begun are left to the next pass. A pass can be interrupted after each piece of a process and
 * continued later. It begins with the largest processes, which own most frames.
 */
#include "pages/owners/rmap.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/clock.h"
#include "pages/owners/frame_set.h"
#include "pages/owners/owners.h"
#include "pages/owners/process_list.h"
#include "pages/owners/process_scan.h"

#define MAX_WANTED  1024 /* ranges; beyond that the nearest ones are joined */
#define MAX_KNOWN   4096
#define MIN_AGE_NS  UINT64_C(60000000000) /* the table is kept at least for so long */
#define AGE_SHARE   100                   /* and for so many times as long as filling it took: one percent of a CPU */
#define WRONG_SHARE 10                    /* the same, if many answers are wrong */
#define MIN_WRONG   16                    /* answers; fewer are too few to judge by */

struct drcl_rmap {
    struct drcl_env *env;
    pid_t *excluded;
    size_t nr_excluded;
    struct drcl_frame_set wanted, passing,
        known; /* the frames that are wanted in the next pass; in this pass; that were in complete passes */
    struct drcl_owners owners;
    uint64_t known_ns; /* when the oldest entry of the table was found out */
    uint64_t spent_ns; /* how long filling the table took */
    size_t nr_found, nr_wrong;
    /* The pass. */
    bool running, listed, full; /* the processes are listed; the table became full */
    size_t nr_before;           /* runs in the table when it began */
    uint64_t pass_ns;           /* how long it has taken so far */
    struct drcl_process_list list;
    struct drcl_process_scan scan;
    struct drcl_run run; /* the run that is being put together */
    bool told_full, told_unreadable;
};

int drcl_rmap_new(struct drcl_env *env, size_t max_bytes, struct drcl_rmap **ret_rmap)
{
    struct drcl_rmap *rmap = drcl_zalloc(env, sizeof(*rmap));

    if (!rmap)
        return drcl_error(env, -ENOMEM, "out of memory");
    rmap->env = env;
    drcl_owners_init(&rmap->owners, env, max_bytes);
    drcl_process_list_init(&rmap->list, env);
    drcl_process_scan_init(&rmap->scan, env);
    *ret_rmap = rmap;
    return 0;
}

static uint64_t now(const struct drcl_rmap *rmap)
{
    return drcl_clock(rmap->env, CLOCK_MONOTONIC);
}

/* --- what is wanted and known ------------------------------------------------------------------------------------- */

static void add_wanted(struct drcl_rmap *rmap, uint64_t start, uint64_t end)
{
    if (drcl_frame_set_reserve(&rmap->wanted, rmap->env, rmap->wanted.n + 1) < 0)
        return;
    drcl_frame_set_add(&rmap->wanted, start, end);
    if (rmap->wanted.n > MAX_WANTED)
        drcl_frame_set_widen(&rmap->wanted);
}

static void forget(struct drcl_rmap *rmap)
{
    drcl_owners_truncate(&rmap->owners, 0);
    rmap->known.n = 0;
    rmap->nr_found = rmap->nr_wrong = 0;
    rmap->spent_ns = 0;
}

/* Forgets the table when it is too old, or when too many answers were wrong; but not during a pass, which would lose
 * what it has found. A pass reads all that processes map, so the more that is, the longer a table is kept. */
static void expire(struct drcl_rmap *rmap)
{
    bool wrong = rmap->nr_wrong >= MIN_WRONG && rmap->nr_wrong > rmap->nr_found / 4;
    uint64_t age;

    if (rmap->running || !rmap->known.n)
        return;
    age = drcl_elapsed(rmap->known_ns, now(rmap));
    if ((age >= MIN_AGE_NS && age >= drcl_mul(rmap->spent_ns, AGE_SHARE)) ||
        (wrong && age >= drcl_mul(rmap->spent_ns, WRONG_SHARE)))
        forget(rmap);
}

void drcl_rmap_want(struct drcl_rmap *rmap, uint64_t start, uint64_t end)
{
    struct drcl_frame_range gap;

    expire(rmap);
    while (drcl_frame_set_gap(&rmap->known, &start, end, &gap))
        if (!drcl_frame_set_has(&rmap->passing, gap.start, gap.end))
            add_wanted(rmap, gap.start, gap.end);
}

bool drcl_rmap_knows(const struct drcl_rmap *rmap, uint64_t start, uint64_t end)
{
    return start >= end || drcl_frame_set_has(&rmap->known, start, end);
}

bool drcl_rmap_find(struct drcl_rmap *rmap, uint64_t pfn, struct drcl_run *ret_run)
{
    if (!drcl_owners_find(&rmap->owners, pfn, ret_run))
        return false;
    rmap->nr_found++;
    return true;
}

void drcl_rmap_was_wrong(struct drcl_rmap *rmap)
{
    rmap->nr_wrong++;
}

void drcl_rmap_renew(struct drcl_rmap *rmap)
{
    if (!rmap->running)
        forget(rmap);
}

size_t drcl_rmap_bytes(const struct drcl_rmap *rmap)
{
    return drcl_owners_bytes(&rmap->owners);
}

/* --- putting down what a process maps ----------------------------------------------------------------------------- */

static void tell_full(struct drcl_rmap *rmap, int err)
{
    if (!rmap->told_full)
        drcl_log(rmap->env, DAMON_RECLAIM_LOG_WARNING,
                 "the table of which process maps which frame cannot grow beyond %zu bytes (%s): some pages are not "
                 "found",
                 drcl_owners_bytes(&rmap->owners), strerror(-err));
    rmap->told_full = true;
}

/* Puts the frames of the run that the pass wants into the table. */
static void put_run(struct drcl_rmap *rmap)
{
    const struct drcl_frame_set *set = &rmap->passing;
    struct drcl_run run = rmap->run;
    uint64_t end = run.pfn + run.pages;

    rmap->run.pages = 0;
    for (size_t i = drcl_frame_set_find(set, run.pfn); i < set->n && set->at[i].start < end; i++) {
        uint64_t from = set->at[i].start > run.pfn ? set->at[i].start : run.pfn;
        uint64_t to = set->at[i].end < end ? set->at[i].end : end;
        struct drcl_run part = {
            .pfn = from, .addr = run.addr + (from - run.pfn) * DRCL_PAGE_SIZE, .pages = to - from, .pid = run.pid};
        int r = drcl_owners_add(&rmap->owners, part);

        if (r == 0)
            continue;
        rmap->full = true;
        tell_full(rmap, r);
    }
}

/* Only pages that nobody else maps: the kernel does not reclaim others on one process' behalf. */
static void note(struct drcl_rmap *rmap, uint64_t addr, const uint64_t *entries, size_t n)
{
    const uint64_t mine = DRCL_PAGEMAP_PRESENT | DRCL_PAGEMAP_EXCLUSIVE;
    struct drcl_run *run = &rmap->run;

    for (size_t i = 0; i < n; i++, addr += DRCL_PAGE_SIZE) {
        uint64_t pfn = entries[i] & DRCL_PAGEMAP_PFN;

        if ((entries[i] & mine) != mine || pfn == 0)
            continue;
        if (run->pages > 0 && pfn == run->pfn + run->pages && addr == run->addr + run->pages * DRCL_PAGE_SIZE) {
            run->pages++;
            continue;
        }
        if (run->pages > 0)
            put_run(rmap);
        *run = (struct drcl_run){.pfn = pfn, .addr = addr, .pages = 1, .pid = rmap->scan.pid};
    }
}

static void close_process(struct drcl_rmap *rmap)
{
    if (rmap->run.pages > 0)
        put_run(rmap);
    drcl_process_scan_close(&rmap->scan);
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

static bool is_excluded(const struct drcl_rmap *rmap, pid_t pid)
{
    return drcl_pid_is_among(pid, rmap->excluded, rmap->nr_excluded);
}

/* The next process of the pass; false if there is none. */
static bool next_pid(struct drcl_rmap *rmap, pid_t *ret_pid)
{
    while (drcl_process_list_next(&rmap->list, ret_pid))
        if (*ret_pid != getpid() && !is_excluded(rmap, *ret_pid))
            return true;
    return false;
}

/* A process cannot be read: it is skipped, unless descriptors or memory are short, because then no other process can be
 * read either. */
static int unreadable(struct drcl_rmap *rmap, pid_t pid, int err)
{
    if (err == -EMFILE || err == -ENFILE || err == -ENOMEM)
        return drcl_error(rmap->env, err, "pid %d: what it maps cannot be read: %s", (int)pid, strerror(-err));
    if (!rmap->told_unreadable)
        drcl_log(rmap->env, DAMON_RECLAIM_LOG_WARNING,
                 "pid %d: what it maps cannot be read: %s; its pages are not reclaimed, nor those of other processes "
                 "that cannot be read",
                 (int)pid, strerror(-err));
    rmap->told_unreadable = true;
    return 1;
}

/* A piece of work: 1; 0 when the pass is done; or a negative errno. */
static int advance(struct drcl_rmap *rmap)
{
    pid_t pid = rmap->scan.pid;
    uint64_t addr;
    size_t n;
    int r;

    if (!rmap->listed) {
        r = drcl_process_list_read(&rmap->list);
        rmap->listed = r == 0;
        return r < 0 ? r : 1;
    }
    if (pid == 0) {
        if (rmap->full || !next_pid(rmap, &pid))
            return 0;
        r = drcl_process_scan_open(&rmap->scan, pid);
    } else {
        r = drcl_process_scan_next(&rmap->scan, &addr, &n);
        if (r > 0)
            note(rmap, addr, rmap->scan.entries, n);
        else
            close_process(rmap);
    }
    return r < 0 ? unreadable(rmap, pid, r) : 1;
}

static int begin(struct drcl_rmap *rmap)
{
    struct drcl_frame_set unused = rmap->passing;
    int r;

    expire(rmap);
    if (rmap->known.n + rmap->wanted.n > MAX_KNOWN)
        forget(rmap);
    r = drcl_frame_set_reserve(&rmap->known, rmap->env, rmap->known.n + rmap->wanted.n);
    if (r < 0)
        return drcl_error(rmap->env, r, "out of memory");
    r = drcl_process_list_begin(&rmap->list);
    if (r < 0)
        return r;
    rmap->passing = rmap->wanted;
    rmap->wanted = unused;
    rmap->listed = rmap->full = false;
    rmap->nr_before = rmap->owners.n;
    rmap->pass_ns = 0;
    rmap->running = true;
    return 1;
}

static void end(struct drcl_rmap *rmap)
{
    close_process(rmap);
    drcl_process_list_end(&rmap->list);
    rmap->passing.n = 0;
    rmap->running = false;
}

static void complete(struct drcl_rmap *rmap)
{
    if (rmap->known.n == 0)
        rmap->known_ns = now(rmap);
    rmap->spent_ns += rmap->pass_ns;
    for (size_t i = 0; i < rmap->passing.n; i++)
        drcl_frame_set_add(&rmap->known, rmap->passing.at[i].start, rmap->passing.at[i].end);
    if (rmap->full) /* the processes that did not fit come first the next time */
        drcl_process_list_turn(&rmap->list);
    end(rmap);
}

/* The frames of this pass are wanted again, and would be found twice. */
static void give_up(struct drcl_rmap *rmap)
{
    rmap->run.pages = 0;
    drcl_owners_truncate(&rmap->owners, rmap->nr_before);
    for (size_t i = 0; i < rmap->passing.n; i++)
        add_wanted(rmap, rmap->passing.at[i].start, rmap->passing.at[i].end);
    end(rmap);
}

static bool is_done(const struct drcl_rmap *rmap)
{
    return !rmap->running && rmap->wanted.n == 0;
}

int drcl_rmap_step(struct drcl_rmap *rmap, uint64_t deadline_ns)
{
    uint64_t begun = now(rmap);

    while (!is_done(rmap)) {
        int r = rmap->running ? advance(rmap) : begin(rmap);
        uint64_t at = now(rmap);

        rmap->pass_ns += drcl_elapsed(begun, at);
        begun = at;
        if (r == 0)
            complete(rmap);
        else if (r < 0 && rmap->running)
            give_up(rmap);
        if (r < 0)
            return r;
        if (deadline_ns && at >= deadline_ns)
            break;
    }
    return is_done(rmap);
}

/* --- who is passed over ------------------------------------------------------------------------------------------- */

int drcl_rmap_exclude(struct drcl_rmap *rmap, const pid_t *pids, size_t n)
{
    pid_t *copy = NULL;

    if (n > 0) {
        copy = drcl_realloc_array(rmap->env, NULL, n, sizeof(*copy));
        if (!copy)
            return drcl_error(rmap->env, -ENOMEM, "out of memory");
        memcpy(copy, pids, n * sizeof(*copy));
    }
    drcl_free(rmap->env, rmap->excluded);
    rmap->excluded = copy;
    rmap->nr_excluded = n;
    if (is_excluded(rmap, rmap->scan.pid)) {
        rmap->run.pages = 0;
        close_process(rmap);
    }
    drcl_owners_forget(&rmap->owners, copy, n);
    return 0;
}

void drcl_rmap_reset(struct drcl_rmap *rmap)
{
    struct drcl_env *env = rmap->env;

    if (rmap->running) {
        rmap->run.pages = 0;
        end(rmap);
    }
    forget(rmap);
    drcl_frame_set_fini(&rmap->wanted, env);
    drcl_frame_set_fini(&rmap->passing, env);
    drcl_frame_set_fini(&rmap->known, env);
    drcl_owners_fini(&rmap->owners);
    drcl_process_list_fini(&rmap->list);
}

void drcl_rmap_free(struct drcl_rmap *rmap)
{
    struct drcl_env *env;

    if (!rmap)
        return;
    env = rmap->env;
    drcl_rmap_reset(rmap);
    drcl_free(env, rmap->excluded);
    drcl_free(env, rmap);
}
