/* SPDX-License-Identifier: MIT */
#include "pages/owners/owners.h"

#include <errno.h>
#include <string.h>

#include "sys/frames.h"

#define NONE     UINT32_MAX
#define MIN_BITS 6
#define MAX_BITS 31 /* so that the number of a run fits into its link */

/* Bytes of a table of 1 << bits runs, with as many buckets. */
static uint64_t bytes_of(unsigned int bits)
{
    return (UINT64_C(1) << bits) * (sizeof(struct drcl_owner) + sizeof(uint32_t));
}

void drcl_owners_init(struct drcl_owners *owners, struct drcl_env *env, size_t max_bytes)
{
    *owners = (struct drcl_owners){.env = env, .max_bytes = max_bytes};
}

void drcl_owners_fini(struct drcl_owners *owners)
{
    drcl_free(owners->env, owners->runs);
    drcl_free(owners->env, owners->buckets);
    drcl_owners_init(owners, owners->env, owners->max_bytes);
}

static size_t pages_of(const struct drcl_owner *run)
{
    return (run->where & (DRCL_PAGE_SIZE - 1)) + 1;
}

/* The bucket of the block that a frame is in. */
static uint32_t *bucket_of(const struct drcl_owners *owners, uint64_t pfn)
{
    uint64_t hash = pfn / DRCL_OWNERS_BLOCK * UINT64_C(0x9e3779b97f4a7c15);

    return &owners->buckets[hash >> (64 - owners->bits)];
}

/* Chains all runs anew, the later ones in front. */
static void chain(struct drcl_owners *owners)
{
    memset(owners->buckets, 0xff, ((size_t)1 << owners->bits) * sizeof(*owners->buckets));
    for (size_t i = 0; i < owners->n; i++) {
        uint32_t *bucket = bucket_of(owners, owners->runs[i].pfn);

        owners->runs[i].next = *bucket;
        *bucket = (uint32_t)i;
    }
}

/* Doubles the table. */
static int grow(struct drcl_owners *owners)
{
    unsigned int bits = owners->capacity ? owners->bits + 1 : MIN_BITS;
    struct drcl_owner *runs;
    uint32_t *buckets;

    if (bits > MAX_BITS || bytes_of(bits) > owners->max_bytes)
        return -ENOSPC;
    buckets = drcl_alloc(owners->env, ((size_t)1 << bits) * sizeof(*buckets));
    if (!buckets)
        return -ENOMEM;
    runs = drcl_realloc_array(owners->env, owners->runs, (size_t)1 << bits, sizeof(*runs));
    if (!runs) {
        drcl_free(owners->env, buckets);
        return -ENOMEM;
    }
    drcl_free(owners->env, owners->buckets);
    owners->runs = runs;
    owners->buckets = buckets;
    owners->bits = bits;
    owners->capacity = (size_t)1 << bits;
    chain(owners);
    return 0;
}

int drcl_owners_add(struct drcl_owners *owners, struct drcl_run run)
{
    while (run.pages > 0) {
        uint64_t n = DRCL_OWNERS_BLOCK - run.pfn % DRCL_OWNERS_BLOCK;
        uint32_t *bucket;
        int r = owners->n == owners->capacity ? grow(owners) : 0;

        if (r < 0)
            return r;
        n = n < run.pages ? n : run.pages;
        bucket = bucket_of(owners, run.pfn);
        owners->runs[owners->n] =
            (struct drcl_owner){.pfn = run.pfn, .where = run.addr | (n - 1), .pid = run.pid, .next = *bucket};
        *bucket = (uint32_t)owners->n++;
        run.pfn += n;
        run.addr += n * DRCL_PAGE_SIZE;
        run.pages -= n;
    }
    return 0;
}

bool drcl_owners_find(const struct drcl_owners *owners, uint64_t pfn, struct drcl_run *ret)
{
    if (owners->n == 0)
        return false;
    for (uint32_t i = *bucket_of(owners, pfn); i != NONE; i = owners->runs[i].next) {
        const struct drcl_owner *run = &owners->runs[i];
        uint64_t skip = pfn - run->pfn;

        if (pfn < run->pfn || skip >= pages_of(run))
            continue;
        *ret = (struct drcl_run){.pfn = pfn,
                                 .addr = (run->where & ~(DRCL_PAGE_SIZE - 1)) + skip * DRCL_PAGE_SIZE,
                                 .pages = pages_of(run) - skip,
                                 .pid = run->pid};
        return true;
    }
    return false;
}

void drcl_owners_forget(struct drcl_owners *owners, const pid_t *pids, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < owners->n; i++)
        if (!drcl_pid_is_among(owners->runs[i].pid, pids, n))
            owners->runs[kept++] = owners->runs[i];
    drcl_owners_truncate(owners, kept);
}

void drcl_owners_truncate(struct drcl_owners *owners, size_t n)
{
    if (n >= owners->n)
        return;
    owners->n = n;
    chain(owners);
}

size_t drcl_owners_bytes(const struct drcl_owners *owners)
{
    return owners->capacity ? (size_t)bytes_of(owners->bits) : 0;
}
