/* SPDX-License-Identifier: MIT */
/*
 * What is watched: of physical memory all that there is; of a process all its mappings but the two largest gaps between
 * them, which are the space between heap and mmap area and between mmap area and stack. So it is in DAMON
 * (Documentation/mm/damon/design.rst of the kernel, "VMA-based target address range construction"); a process with
 * fewer gaps has fewer regions.
 */
#include "backends/idle_page/ranges.h"

#include <errno.h>
#include <string.h>

#include "backends/idle_page/idle_page.h"
#include "sys/maps.h"
#include "sys/process.h"

#define NR_GAPS 2

/* All mappings of a process. */
struct extent {
    uint64_t start;
    uint64_t end;                             /* 0: no mapping yet */
    struct damon_reclaim_range gaps[NR_GAPS]; /* the larger first */
};

static uint64_t length(const struct damon_reclaim_range *range)
{
    return range->end - range->start;
}

static int add_mapping(void *data, const struct drcl_mapping *mapping)
{
    struct damon_reclaim_range gap = {0, mapping->start};
    struct extent *extent = data;

    /* The page for old system calls lies in the kernel's half of the address space and is no memory of the process. */
    if (mapping->start >= UINT64_C(1) << 63)
        return 0;
    if (extent->end == 0)
        extent->start = mapping->start;
    else if (mapping->start > extent->end) {
        gap.start = extent->end;
        for (size_t i = 0; i < NR_GAPS; i++) {
            if (length(&gap) > length(&extent->gaps[i])) {
                struct damon_reclaim_range smaller = extent->gaps[i];

                extent->gaps[i] = gap;
                gap = smaller;
            }
        }
    }
    if (mapping->end > extent->end)
        extent->end = mapping->end;
    return 0;
}

/* What is left of the whole without the gaps, in order of address. */
static size_t regions(const struct extent *extent, struct damon_reclaim_range out[NR_GAPS + 1])
{
    bool swapped = extent->gaps[1].end && extent->gaps[1].start < extent->gaps[0].start;
    uint64_t start = extent->start;
    size_t n = 0;

    if (extent->end == 0)
        return 0;
    for (size_t i = 0; i < NR_GAPS; i++) {
        const struct damon_reclaim_range *gap = &extent->gaps[swapped ? NR_GAPS - 1 - i : i];

        if (!length(gap))
            continue;
        out[n++] = (struct damon_reclaim_range){start, gap->start};
        start = gap->end;
    }
    out[n++] = (struct damon_reclaim_range){start, extent->end};
    return n;
}

static int read_ranges(struct drcl_env *env, const struct drcl_pagemap *process, struct extent *extent)
{
    char text[8192];
    int fd = drcl_process_open(env, process->pid, process->pidfd, "maps"), r;

    if (fd == -ESRCH)
        return fd;
    if (fd < 0)
        return drcl_error(env, fd, "/proc/%d/maps cannot be opened: %s", (int)process->pid, strerror(-fd));
    r = drcl_maps_walk(env, fd, text, sizeof(text), add_mapping, extent);
    drcl_close(env, fd);
    return r == 0 || r == -ESRCH
               ? r
               : drcl_error(env, r, "/proc/%d/maps cannot be read: %s", (int)process->pid, strerror(-r));
}

int drcl_idle_ranges(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    struct damon_reclaim_range found[NR_GAPS + 1];
    struct extent extent = {0};
    size_t n;
    int r;

    if (!t)
        return -ESRCH;
    if (drcl_pages_is_physical(t->pages))
        return drcl_ram_ranges(&b->pages->ram, b->env, ranges, capacity, ret_n);
    r = read_ranges(b->env, &t->pages->mm.map, &extent);
    if (r < 0)
        return r;
    n = regions(&extent, found);
    if (n <= capacity)
        memcpy(ranges, found, n * sizeof(*found));
    *ret_n = n;
    return 0;
}
