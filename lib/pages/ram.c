/* SPDX-License-Identifier: MIT */
#include "pages/ram.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/grow.h"
#include "sys/iomem.h"

#define INTERVAL_NS UINT64_C(30000000000)
#define LIST_SIZE   200 /* bytes of the text that lists ranges */

static void keep_largest(struct drcl_ram *ram)
{
    size_t best = 0;

    for (size_t i = 1; i < ram->n; i++)
        if (ram->ranges[i].end - ram->ranges[i].start > ram->ranges[best].end - ram->ranges[best].start)
            best = i;
    ram->ranges[0] = ram->ranges[best];
    ram->n = 1;
}

static int read_ranges(struct drcl_ram *ram, struct drcl_env *env)
{
    size_t n = 0;
    int r;

    while ((r = drcl_iomem_ranges(env, ram->ranges, ram->capacity, &n)) == 0 && n > ram->capacity) {
        r = drcl_grow_exactly(env, &ram->ranges, &ram->capacity, n, sizeof(*ram->ranges));
        if (r < 0)
            return drcl_error(env, r, "out of memory");
    }
    if (r < 0)
        return r;
    ram->n = n;
    if (ram->largest)
        keep_largest(ram);
    return 0;
}

int drcl_ram_refresh(struct drcl_ram *ram, struct drcl_env *env)
{
    uint64_t now = drcl_clock(env, CLOCK_MONOTONIC);
    int r;

    if (ram->n && now - ram->read_ns < INTERVAL_NS)
        return 0;
    r = read_ranges(ram, env);
    if (r == 0)
        ram->read_ns = now;
    return r;
}

void drcl_ram_free(struct drcl_ram *ram, struct drcl_env *env)
{
    drcl_free(env, ram->ranges);
    ram->ranges = NULL;
    ram->n = ram->capacity = 0;
}

int drcl_ram_ranges(struct drcl_ram *ram, struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity,
                    size_t *ret_n)
{
    int r = drcl_ram_refresh(ram, env);

    if (r < 0)
        return r;
    if (ram->n <= capacity)
        memcpy(ranges, ram->ranges, ram->n * sizeof(*ranges));
    *ret_n = ram->n;
    return 0;
}

static void list(const struct drcl_ram *ram, char text[LIST_SIZE])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ram->n && len < LIST_SIZE - 48; i++)
        len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
                                ram->ranges[i].start, ram->ranges[i].end);
}

int drcl_ram_check(struct drcl_env *env, const char *what, uint64_t start, uint64_t end)
{
    struct drcl_ram ram = {.largest = false};
    struct drcl_hush hush;
    char text[LIST_SIZE];
    int r;

    drcl_hush(env, &hush);
    r = read_ranges(&ram, env);
    drcl_unhush(env, &hush, 0); /* not to know it is no error here */
    for (size_t i = 0; r == 0 && i < ram.n; i++)
        if (start < ram.ranges[i].end && end > ram.ranges[i].start)
            r = 1;
    if (r == 0) {
        list(&ram, text);
        r = drcl_error(env, -EINVAL,
                       "%s: there is no memory in 0x%" PRIx64 "-0x%" PRIx64 "; System RAM is at %s (bytes)", what,
                       start, end, text);
    } else if (r == -ENOMEM) {
        drcl_error(env, r, "%s: out of memory", what);
    } else {
        r = 0;
    }
    drcl_ram_free(&ram, env);
    return r;
}
