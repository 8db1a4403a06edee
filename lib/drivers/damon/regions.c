/* SPDX-License-Identifier: MIT */
/*
 * Regions, back from the kernel: those that the monitoring scheme has seen. Each is a directory of small files, so that
 * a thousand of them take milliseconds; they are read a few at a time, and as seldom as keeps what it costs below a
 * thousandth of a CPU.
 */

#include "drivers/damon/regions.h"

#include <errno.h>
#include <string.h>

#include "drivers/damon/sysfs.h"
#include "base/grow.h"
#include "engine/pass.h"

#define REGIONS_A_STEP 16
#define STEP_NS        UINT64_C(5000000)
#define LEAST_PAUSE_NS UINT64_C(5000000000)
#define COST_FRACTION  1000
#define REGION         DRCL_DAMON_SCHEME "/tried_regions/%zu/"

static bool read_region(struct drcl_env *env, size_t slot, size_t i, struct drcl_region *ret)
{
    uint64_t nr_accesses, age;

    if (drcl_damon_read_u64(env, &ret->start, REGION "start", slot, i) < 0 ||
        drcl_damon_read_u64(env, &ret->end, REGION "end", slot, i) < 0 ||
        drcl_damon_read_u64(env, &nr_accesses, REGION "nr_accesses", slot, i) < 0 ||
        drcl_damon_read_u64(env, &age, REGION "age", slot, i) < 0 || ret->start >= ret->end)
        return false;
    ret->nr_accesses = ret->last_nr_accesses = nr_accesses > UINT32_MAX ? UINT32_MAX : (uint32_t)nr_accesses;
    ret->age = age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
    ret->marked = 0;
    return true;
}

/* Counts the region that was read behind the others. The scheme that monitors is told of a region before another one
 * may cut it at its quota, and then of the rest: the one before ends there. */
static void take_region(struct drcl_damon *d)
{
    size_t i = d->nr_regions++;

    if (i && !d->monitor_only && d->regions[i - 1].end == d->regions[i].end &&
        d->regions[i - 1].start < d->regions[i].start)
        d->regions[i - 1].end = d->regions[i].start;
}

/* Whether the region, which follows one that ended at @last, is one of the target. The kernel lists target by target
 * and does not say which: addresses that begin again belong to the next process. */
static bool belongs(const struct drcl_damon *d, const struct drcl_target *target, const struct drcl_region *region,
                    uint64_t last)
{
    if (d->operations != DRCL_DAMON_PADDR && region->start < last)
        return false;
    if (d->operations == DRCL_DAMON_VADDR)
        return true;
    for (size_t i = 0; i < target->nr_ranges; i++)
        if (region->start < target->ranges[i].end && region->end > target->ranges[i].start)
            return true;
    return false;
}

/* What the pass needs: the regions that were read, and the number of the first that no target has taken. */
struct reading {
    const struct drcl_damon *d;
    size_t at;
};

/* Gives a target the next regions that were read, as many as belong to it. */
static void lay_target_out(struct drcl_engine *engine, const struct drcl_target *target, struct drcl_regions *out,
                           void *data)
{
    struct reading *reading = data;
    const struct drcl_damon *d = reading->d;
    uint64_t last = 0;

    (void)engine;
    for (; reading->at < d->nr_regions && belongs(d, target, &d->regions[reading->at], last); reading->at++) {
        last = d->regions[reading->at].end;
        drcl_regions_append(out, d->regions[reading->at]);
    }
}

static void lay_out(struct drcl_view *view, struct drcl_damon *d)
{
    struct reading reading = {.d = d};

    if (drcl_engine_reserve_regions(view->engine, d->nr_regions) < 0)
        return; /* the next time */
    drcl_pass(view->engine, lay_target_out, &reading);
    drcl_engine_count_total(view->engine);
}

void drcl_damon_begin_regions(struct drcl_view *view, struct drcl_damon *d, int result)
{
    d->own_cpu_ns = 0;
    d->next_regions_ns = drcl_view_now(view) + (result < 0 ? LEAST_PAUSE_NS : STEP_NS);
    d->reading = result == 0;
    d->slot = d->at = d->nr_missing = d->nr_regions = 0;
}

/* All regions of a scheme were read: with monitor_only there is one for each target. Whether there is another. Its
 * regions are counted from 0, or by 6.12 from where the scheme before it stopped: 0 tells, which both have if it is the
 * first that shows any. */
static bool next_slot(struct drcl_damon *d)
{
    if (!d->monitor_only || ++d->slot >= d->nr_written)
        return false;
    d->written[d->slot].first = d->nr_regions;
    d->nr_missing = 0;
    d->at = drcl_damon_exists(d->env, REGION "start", d->slot, (size_t)0) ? 0 : d->nr_regions;
    return true;
}

/* Reads the next region, or passes over a number that is none of its scheme's: 6.12 numbers what it shows through all
 * schemes, and each of the others may have tried a region as well. Whether there may be more. */
static bool next_region(struct drcl_damon *d)
{
    if (drcl_grow(d->env, &d->regions, &d->regions_cap, d->nr_regions + 1, sizeof(*d->regions)) < 0)
        return false;
    if (read_region(d->env, d->slot, d->at++, &d->regions[d->nr_regions])) {
        take_region(d);
        d->nr_missing = 0;
        return true;
    }
    return ++d->nr_missing < d->nr_slots;
}

uint64_t drcl_damon_affordable_pause(const struct drcl_damon *d)
{
    return d->own_cpu_ns * COST_FRACTION;
}

int drcl_damon_go_on_regions(struct drcl_view *view, struct drcl_damon *d)
{
    uint64_t cpu = drcl_clock(d->env, CLOCK_THREAD_CPUTIME_ID), now = drcl_view_now(view), pause;

    for (size_t i = 0; i < REGIONS_A_STEP; i++) {
        if (next_region(d) || next_slot(d))
            continue;
        d->reading = false;
        break;
    }
    if (!d->reading && d->nr_regions && !d->monitor_only)
        lay_out(view, d);
    d->own_cpu_ns += drcl_clock(d->env, CLOCK_THREAD_CPUTIME_ID) - cpu;
    pause = drcl_damon_affordable_pause(d);
    pause = pause > LEAST_PAUSE_NS ? pause : LEAST_PAUSE_NS;
    d->next_regions_ns = now + (d->reading ? STEP_NS : pause);
    return !d->reading && d->nr_regions;
}
