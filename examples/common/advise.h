/* SPDX-License-Identifier: MIT */
/*
 * Finds out what reclaiming would do, without reclaiming. From snapshots of the regions it follows how long each byte
 * has been idle. For each possible min_age it counts the bytes that reached that age, which would have been reclaimed,
 * and the part of them that was accessed afterwards, which would have refaulted. Makes no system call.
 */
#ifndef COMMON_ADVISE_H
#define COMMON_ADVISE_H

#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* The ages: 1 s 2 s 5 s 10 s 30 s 1 min 2 min 5 min 10 min 30 min 1 h */
#define ADVISE_AGES 11
extern const uint64_t advise_ages_ns[ADVISE_AGES];

struct advise_age {
    uint64_t age_ns;
    uint64_t cold;      /* idle for at least this long now, bytes */
    uint64_t reclaimed; /* have reached this age so far; counted each time */
    uint64_t pending;   /* the part that reached it less than one such age ago and is idle since: not judged yet */
    uint64_t reused;    /* the part that was accessed afterwards */
    uint32_t reused_permille; /* share of `reclaimed` without `pending`; 0 if there is none */
};

struct advise_report {
    uint64_t observed_ns; /* from the first snapshot to the last */
    uint64_t monitored;   /* in the last snapshot, bytes */
    struct advise_age ages[ADVISE_AGES];
    uint64_t min_age_ns; /* the least age of which at most the tolerance was reused; 0: no such age is known */
};

struct advise;

int advise_new(struct advise **ret);
void advise_free(struct advise *advise);

/*
 * Adds a snapshot of the time @now_ns, as damon_reclaim_get_regions() returns it, made with aggregations of @aggr_ns.
 * The ages of the regions show what happened between two snapshots. Returns 0, or -ENOMEM; the snapshot is then
 * skipped. A snapshot that equals the last one is also skipped, because the regions of the kernel's DAMON are read less
 * often than this is called.
 */
int advise_update(struct advise *advise, uint64_t now_ns, uint64_t aggr_ns, const struct damon_reclaim_region *regions,
                  size_t n);

/* Adds a snapshot of a context, for example in its callback after_aggregation. */
int advise_watch(struct advise *advise, struct damon_reclaim *ctx);

void advise_get(const struct advise *advise, uint32_t tolerance_permille, struct advise_report *ret);

#endif
