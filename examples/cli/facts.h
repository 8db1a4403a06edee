/* SPDX-License-Identifier: MIT */
/* What is known of a run at one moment, for whoever prints it. */
#ifndef FACTS_H
#define FACTS_H

#include <damon_reclaim/damon_reclaim.h>

struct facts {
    uint64_t time_ns;    /* since the run began, on the context's clock */
    uint64_t real_ns;    /* the same on the real clock */
    uint64_t cpu_ns;     /* CPU time of the whole program in it */
    uint64_t cold_bytes; /* in regions that are cold by the parameters in effect */
    const char *backend;
    const char *workload; /* NULL: none, or the built-in one */
    const char *end;      /* why it ended, for the summary */
    struct damon_reclaim_stats stats;
    struct damon_reclaim_params params; /* in effect */
    bool dry_run;
    bool simulated;
    struct damon_reclaim_sim_report truth; /* if simulated, for the summary */
};

/* What it takes to know them. */
struct watcher {
    struct damon_reclaim *ctx;
    uint64_t start_ns, real_start_ns, cpu_start_ns;
    struct damon_reclaim_region *regions;
    size_t capacity;
    struct facts facts; /* those read last */
};

void watcher_start(struct watcher *watcher, struct damon_reclaim *ctx, const char *workload);
void watcher_read(struct watcher *watcher);       /* all but the truth */
void watcher_read_truth(struct watcher *watcher); /* if there is one */
void watcher_free(struct watcher *watcher);

/* The counters of a struct by their names, for those that print all of them. */
struct field {
    const char *name;
    size_t offset; /* of an uint64_t */
};

extern const struct field facts_stats[]; /* of struct damon_reclaim_stats; ends with NULL */
extern const struct field facts_truth[]; /* of struct damon_reclaim_sim_report; ends with NULL */

uint64_t facts_field(const void *object, const struct field *field);

#endif
