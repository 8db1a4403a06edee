/* SPDX-License-Identifier: MIT */
/*
 * What is watched: of physical memory all that there is; of a process all its mappings but the two largest gaps between
 * them, which are the space between heap and mmap area and between mmap area and stack. So it is in DAMON
 * (Documentation/mm/damon/design.rst of the kernel, "VMA-based target address range construction"); a process with
 * fewer gaps has fewer regions.
 */
#include "backends/idle_page/idle_page.h"

#include <errno.h>
#include <string.h>

#include "sys/maps.h"
#include "sys/process.h"

#define NR_GAPS 2

struct layout {
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
    struct layout *layout = data;

    /* The page for old system calls lies in the kernel's half of the address space and is no memory of the process. */
    if (mapping->start >= UINT64_C(1) << 63)
        return 0;
    if (layout->end == 0)
        layout->start = mapping->start;
    else if (mapping->start > layout->end) {
        gap.start = layout->end;
        for (size_t i = 0; i < NR_GAPS; i++) {
            if (length(&gap) > length(&layout->gaps[i])) {
                struct damon_reclaim_range smaller = layout->gaps[i];

                layout->gaps[i] = gap;
                gap = smaller;
            }
        }
    }
    if (mapping->end > layout->end)
        layout->end = mapping->end;
    return 0;
}

/* Cuts the gaps out of the whole, in order of address. */
static size_t regions(const struct layout *layout, struct damon_reclaim_range out[NR_GAPS + 1])
{
    bool swapped = layout->gaps[1].end && layout->gaps[1].start < layout->gaps[0].start;
    uint64_t start = layout->start;
    size_t n = 0;

    if (layout->end == 0)
        return 0;
    for (size_t i = 0; i < NR_GAPS; i++) {
        const struct damon_reclaim_range *gap = &layout->gaps[swapped ? NR_GAPS - 1 - i : i];

        if (!length(gap))
            continue;
        out[n++] = (struct damon_reclaim_range){start, gap->start};
        start = gap->end;
    }
    out[n++] = (struct damon_reclaim_range){start, layout->end};
    return n;
}

int drcl_idle_ranges(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    struct drcl_idle_page *b = backend;
    struct drcl_idle_target *t = drcl_idle_target_find(b, target);
    struct damon_reclaim_range found[NR_GAPS + 1];
    struct layout layout = {0};
    size_t n;
    int fd, r;

    if (!t)
        return -ESRCH;
    if (drcl_idle_is_physical(t))
        return drcl_ram_ranges(&b->ram, b->env, ranges, capacity, ret_n);
    fd = drcl_process_open(b->env, t->mm.map.pid, t->mm.map.pidfd, "maps");
    if (fd == -ESRCH)
        return fd;
    if (fd < 0)
        return drcl_error(b->env, fd, "/proc/%d/maps cannot be opened: %s", (int)t->mm.map.pid, strerror(-fd));
    r = drcl_maps_walk(b->env, fd, b->text, sizeof(b->text), add_mapping, &layout);
    drcl_close(b->env, fd);
    if (r == -ESRCH)
        return r;
    if (r < 0)
        return drcl_error(b->env, r, "/proc/%d/maps cannot be read: %s", (int)t->mm.map.pid, strerror(-r));
    n = regions(&layout, found);
    if (n <= capacity)
        memcpy(ranges, found, n * sizeof(*found));
    *ret_n = n;
    return 0;
}
