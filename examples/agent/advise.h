/* SPDX-License-Identifier: MIT */
/*
 * What reclaiming would do, without doing it. From snapshots of the regions it follows for how long each byte has been
 * idle, and for each candidate of min_age it counts the bytes that reached that age (they would have been reclaimed)
 * and those of them that were accessed afterwards (they would have been refaulted). Makes no system call.
 */
#ifndef AGENT_ADVISE_H
#define AGENT_ADVISE_H

#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

/* The ages: 1 s 2 s 5 s 10 s 30 s 1 min 2 min 5 min 10 min 30 min 1 h */
#define ADVISE_AGES 11
extern const uint64_t advise_ages_ns[ADVISE_AGES];

struct advise_age {
    uint64_t age_ns;
    uint64_t cold;            /* idle for at least this long now, bytes */
    uint64_t reclaimed;       /* have reached this age so far, each time counted */
    uint64_t pending;         /* of these, reached it less than one such age ago and idle since: it is not known yet */
    uint64_t reused;          /* of these, accessed afterwards */
    uint32_t reused_permille; /* of reclaimed without pending; 0 without any */
};

struct advise_report {
    uint64_t observed_ns; /* from the first snapshot to the last */
    uint64_t monitored;   /* in the last one, bytes */
    struct advise_age ages[ADVISE_AGES];
    uint64_t min_age_ns; /* the least age of which at most the tolerance was reused; 0: none is known to be good */
};

struct advise;

int advise_new(struct advise **ret);
void advise_free(struct advise *advise);

/*
 * Adds a snapshot, as damon_reclaim_get_regions() gives it, at the time @now_ns, that was made with aggregations of
 * @aggr_ns. Of what lies between two snapshots, the age of the regions tells. -ENOMEM: the snapshot is left out. One
 * that is the same as the last is left out as well: the kernel's DAMON is read less often than it is asked for.
 */
int advise_update(struct advise *advise, uint64_t now_ns, uint64_t aggr_ns, const struct damon_reclaim_region *regions,
                  size_t n);

/* The same from a context, in its callback after_aggregation for instance. */
int advise_watch(struct advise *advise, struct damon_reclaim *ctx);

void advise_get(const struct advise *advise, uint32_t tolerance_permille, struct advise_report *ret);

#endif
