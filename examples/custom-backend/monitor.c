/* SPDX-License-Identifier: MIT */
/* The backend: it answers the questions of the library from the page table of the guest. */
#include "monitor.h"

#include <errno.h>
#include <time.h>

#include "guest_ram.h"

/*! [monitor] */
/* The addresses are the guest's physical addresses. The library does not interpret them; it only divides them into
 * regions. */
static int ranges(void *backend, uint32_t target, struct damon_reclaim_range *list, size_t capacity, size_t *ret_n)
{
    const struct guest_ram *ram = backend;

    (void)target;
    if (capacity)
        list[0] = (struct damon_reclaim_range){.start = 0, .end = (uint64_t)ram->pages * GUEST_PAGE};
    *ret_n = 1;
    return 0;
}

static int prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n)
{
    struct guest_ram *ram = backend;

    (void)target;
    for (size_t i = 0; i < n; i++)
        ram->table[addrs[i] / GUEST_PAGE] &= (uint8_t)~GUEST_ACCESSED;
    return 0;
}

static int check(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    const struct guest_ram *ram = backend;

    (void)target;
    for (size_t i = 0; i < n; i++)
        accessed[i] = (ram->table[addrs[i] / GUEST_PAGE] & GUEST_ACCESSED) != 0;
    return 0;
}
/*! [monitor] */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/*! [reclaim] */
/* The region may soon be reclaimed. From now on every page of it is watched, and not only the sampled one. */
static int mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    struct guest_ram *ram = backend;

    (void)target;
    for (uint64_t page = start / GUEST_PAGE; page < end / GUEST_PAGE; page++)
        ram->table[page] &= (uint8_t)~GUEST_ACCESSED_SINCE_MARK;
    return 0;
}

static int reclaim(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result)
{
    struct guest_ram *ram = backend;
    uint64_t at = request->start;
    int r = 0;

    if (request->action != DAMON_RECLAIM_ACTION_PAGEOUT)
        return -EOPNOTSUPP;
    for (; r == 0 && at < request->end; at += GUEST_PAGE) {
        uint8_t entry = ram->table[at / GUEST_PAGE];

        if (!(entry & GUEST_PRESENT)) {
            ret_result->absent += GUEST_PAGE;
        } else if (request->marked && entry & GUEST_ACCESSED_SINCE_MARK) {
            ret_result->accessed += GUEST_PAGE;
        } else {
            if (ret_result->tried + GUEST_PAGE > request->max_bytes ||
                (request->deadline_ns && now_ns() >= request->deadline_ns))
                break; /* the engine continues here in the next window of the quota */
            ret_result->tried += GUEST_PAGE;
            r = guest_ram_swap_out(ram, at / GUEST_PAGE);
            ret_result->reclaimed += r == 0 ? GUEST_PAGE : 0;
        }
    }
    ret_result->filter_passed = ret_result->tried;
    ret_result->end = at;
    return r;
}

const struct damon_reclaim_backend_ops guest_ram_monitor = {
    .size = sizeof(guest_ram_monitor),
    .name = "guest-ram",
    .features = DAMON_RECLAIM_BACKEND_WHOLE | DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_ACCESSES_STAY,
    .ranges = ranges,
    .prepare = prepare,
    .check = check,
    .mark = mark,
    .reclaim = reclaim,
};
/*! [reclaim] */
