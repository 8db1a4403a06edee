/* SPDX-License-Identifier: MIT */
#include "common/advise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

const uint64_t advise_ages_ns[ADVISE_AGES] = {
    SECOND,       2 * SECOND,   5 * SECOND,   10 * SECOND,   30 * SECOND,   60 * SECOND,
    120 * SECOND, 300 * SECOND, 600 * SECOND, 1800 * SECOND, 3600 * SECOND,
};

/* Memory that has been idle since the same moment. Memory that is in no span is in use, or not watched. */
struct span {
    uint64_t start, end;
    int64_t since; /* ns; negative if the memory was idle before the context's clock started */
    uint32_t target;
};

struct spans {
    struct span *items;
    size_t n, capacity;
};

struct advise {
    struct spans now, next; /* next: here an update builds the new state */
    uint64_t first_ns, last_ns;
    uint64_t monitored;
    uint64_t digest; /* of the last snapshot */
    bool seen;
    uint64_t reclaimed[ADVISE_AGES], reused[ADVISE_AGES];
    struct damon_reclaim_region *regions; /* of advise_watch() */
    size_t capacity;
};

/* What an update has counted so far. It is applied when the update has succeeded. */
struct counts {
    uint64_t reclaimed[ADVISE_AGES], reused[ADVISE_AGES];
};

int advise_new(struct advise **ret)
{
    struct advise *a = calloc(1, sizeof(*a));

    if (!a)
        return -ENOMEM;
    *ret = a;
    return 0;
}

void advise_free(struct advise *a)
{
    if (!a)
        return;
    free(a->now.items);
    free(a->next.items);
    free(a->regions);
    free(a);
}

/* How many of the ages memory has reached at @ns, if it is idle since @since. */
static unsigned int reached(int64_t since, uint64_t ns)
{
    unsigned int n = 0;

    while (n < ADVISE_AGES && (int64_t)ns - since >= (int64_t)advise_ages_ns[n])
        n++;
    return n;
}

/*
 * Whether two neighbours may be merged, which keeps the number of spans small. They must have reached the same ages, so
 * that nothing is counted twice, and their idle times may differ by at most an eighth.
 */
static bool alike(const struct span *a, const struct span *b, uint64_t ns)
{
    int64_t idle_a = (int64_t)ns - a->since, idle_b = (int64_t)ns - b->since;
    int64_t difference = idle_a > idle_b ? idle_a - idle_b : idle_b - idle_a;
    unsigned int n = reached(a->since, ns);

    return a->target == b->target && a->end == b->start && n == reached(b->since, ns) &&
           (n == ADVISE_AGES || difference <= idle_a / 8);
}

static int add_span(struct spans *spans, struct span span, uint64_t ns)
{
    struct span *last = spans->n ? &spans->items[spans->n - 1] : NULL;

    if (last && alike(last, &span, ns)) {
        if (span.end - span.start > last->end - last->start)
            last->since = span.since;
        last->end = span.end;
        return 0;
    }
    if (spans->n == spans->capacity) {
        size_t capacity = spans->capacity ? 2 * spans->capacity : 256;
        struct span *grown = realloc(spans->items, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        spans->items = grown;
        spans->capacity = capacity;
    }
    spans->items[spans->n++] = span;
    return 0;
}

static void count(uint64_t *counts, unsigned int from, unsigned int to, uint64_t bytes)
{
    for (unsigned int i = from; i < to; i++)
        counts[i] += bytes;
}

/* A snapshot that is being added. */
struct pass {
    struct advise *advise;
    uint64_t ns, aggr_ns;
    struct counts counts;
};

static int64_t idle_since(const struct pass *p, const struct damon_reclaim_region *region)
{
    return (int64_t)p->ns - (int64_t)region->age * (int64_t)p->aggr_ns;
}

/* Memory that was in no span before. If it is idle now, it starts a span. */
static int take_new(struct pass *p, const struct damon_reclaim_region *region, uint64_t start, uint64_t end)
{
    struct span span = {start, end, idle_since(p, region), region->target};

    if (start >= end || region->nr_accesses)
        return 0;
    count(p->counts.reclaimed, 0, reached(span.since, p->ns), end - start);
    return add_span(&p->advise->next, span, p->ns);
}

/* Memory that was idle before. It is still idle, or was used in the meantime. */
static int take_old(struct pass *p, const struct damon_reclaim_region *region, const struct span *old, uint64_t start,
                    uint64_t end)
{
    unsigned int before = reached(old->since, p->advise->last_ns);
    struct span span = {start, end, old->since, region->target};
    /* The tolerance is one aggregation, because a merged region has the mean of the ages. */
    bool used = region->nr_accesses || idle_since(p, region) > (int64_t)(p->advise->last_ns + p->aggr_ns);

    if (used) {
        count(p->counts.reused, 0, before, end - start);
        return take_new(p, region, start, end);
    }
    count(p->counts.reclaimed, before, reached(span.since, p->ns), end - start);
    return add_span(&p->advise->next, span, p->ns);
}

static bool before_region(const struct span *span, const struct damon_reclaim_region *region)
{
    return span->target < region->target || (span->target == region->target && span->end <= region->start);
}

/* Splits a region at the old spans that it overlaps. @from is the first span that may overlap it. Returns the first
 * span for the next region. */
static int take_region(struct pass *p, const struct damon_reclaim_region *region, size_t *from)
{
    const struct spans *old = &p->advise->now;
    uint64_t at = region->start;
    int r = 0;

    while (*from < old->n && before_region(&old->items[*from], region))
        ++*from;
    for (size_t i = *from; r == 0 && i < old->n && at < region->end; i++) {
        const struct span *span = &old->items[i];
        uint64_t start = span->start > at ? span->start : at;
        uint64_t end = span->end < region->end ? span->end : region->end;

        if (span->target != region->target || span->start >= region->end)
            break;
        r = take_new(p, region, at, start);
        if (r == 0)
            r = take_old(p, region, span, start, end);
        at = end;
    }
    return r == 0 ? take_new(p, region, at, region->end) : r;
}

/* FNV-1a, in words. A region has no padding. */
static uint64_t digest_of(const struct damon_reclaim_region *regions, size_t n)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325) ^ n;

    for (size_t i = 0; i < n; i++) {
        uint64_t words[sizeof(*regions) / sizeof(uint64_t)];

        memcpy(words, &regions[i], sizeof(words));
        for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
            digest = (digest ^ words[j]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

int advise_update(struct advise *a, uint64_t now_ns, uint64_t aggr_ns, const struct damon_reclaim_region *regions,
                  size_t n)
{
    struct pass pass = {a, now_ns, aggr_ns, {{0}, {0}}};
    uint64_t monitored = 0, digest = digest_of(regions, n);
    struct spans old;
    size_t from = 0;
    int r = 0;

    if (a->seen && digest == a->digest)
        return 0;
    a->next.n = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        monitored += regions[i].end - regions[i].start;
        r = take_region(&pass, &regions[i], &from);
    }
    if (r < 0)
        return r;
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        a->reclaimed[i] += pass.counts.reclaimed[i];
        a->reused[i] += pass.counts.reused[i];
    }
    old = a->now;
    a->now = a->next;
    a->next = old;
    a->first_ns = a->seen ? a->first_ns : now_ns;
    a->last_ns = now_ns;
    a->monitored = monitored;
    a->digest = digest;
    a->seen = true;
    return 0;
}

int advise_watch(struct advise *a, struct damon_reclaim *ctx)
{
    struct damon_reclaim_params params = {.size = sizeof(params)};
    size_t n = 0;
    int r = damon_reclaim_get_active_params(ctx, &params);

    if (r == 0)
        r = damon_reclaim_get_regions(ctx, a->regions, a->capacity, &n);
    if (r == 0 && n > a->capacity) {
        struct damon_reclaim_region *grown = realloc(a->regions, 2 * n * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        a->regions = grown;
        a->capacity = 2 * n;
        r = damon_reclaim_get_regions(ctx, a->regions, a->capacity, &n);
    }
    return r == 0 ? advise_update(a, damon_reclaim_now(ctx), params.aggr_interval * 1000, a->regions, n) : r;
}

static void add_idle(const struct advise *a, struct advise_report *ret)
{
    for (size_t i = 0; i < a->now.n; i++) {
        const struct span *span = &a->now.items[i];
        uint64_t bytes = span->end - span->start;
        unsigned int n = reached(span->since, a->last_ns);

        for (unsigned int age = 0; age < n; age++) {
            struct advise_age *of = &ret->ages[age];

            of->cold += bytes;
            if ((int64_t)a->last_ns - span->since < (int64_t)(2 * of->age_ns))
                of->pending += bytes;
        }
    }
}

void advise_get(const struct advise *a, uint32_t tolerance_permille, struct advise_report *ret)
{
    *ret = (struct advise_report){.observed_ns = a->last_ns - a->first_ns, .monitored = a->monitored};
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        ret->ages[i].age_ns = advise_ages_ns[i];
        ret->ages[i].reclaimed = a->reclaimed[i];
        ret->ages[i].reused = a->reused[i];
    }
    add_idle(a, ret);
    for (size_t i = 0; i < ADVISE_AGES; i++) {
        struct advise_age *age = &ret->ages[i];
        uint64_t known = age->reclaimed > age->pending ? age->reclaimed - age->pending : 0;

        if (!known)
            continue;
        age->reused_permille = (uint32_t)((double)age->reused * 1000 / (double)known + 0.5);
        if (!ret->min_age_ns && age->reused_permille <= tolerance_permille)
            ret->min_age_ns = age->age_ns;
    }
}
