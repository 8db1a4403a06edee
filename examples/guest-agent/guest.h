/* SPDX-License-Identifier: MIT */
/*
 * The daemon of a whole machine, virtual or not: one context for all of its memory.
 *
 * The daemon stages parameters in a set of its own. The context gets a copy of them, with a quota that the back-off may
 * have made smaller. So nobody who reads a parameter sees the smaller quota, and the back-off commits no value that
 * somebody is about to change.
 */
#ifndef GUEST_H
#define GUEST_H

#include <damon_reclaim/damon_reclaim.h>

#include "common/advise.h"
#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/cost.h"

struct compaction;
struct paramfs;
struct report;

struct guest {
    struct agent *agent;
    struct damon_reclaim *ctx;             /* watches and reclaims */
    struct damon_reclaim_params staged;    /* the staged parameters */
    struct damon_reclaim_params committed; /* the parameters in effect, with the configured quota */
    struct loop_source *source, *tick, *stats, *retry, *advice;

    struct backoff backoff;
    struct cost cost;
    uint64_t told; /* reclaimed bytes that were passed to the back-off */
    bool cost_failed;

    struct advise *advise; /* in a dry run, else NULL */
    struct compaction *compaction;
    struct report *report;   /* NULL: there are no reports */
    struct paramfs *paramfs; /* NULL: no directory is mounted */
};

extern const struct agent_program guest_program;
extern const struct config_option guest_options[];
extern const struct config_default guest_defaults[];

static inline struct damon_reclaim_stats guest_stats(const struct guest *guest)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    damon_reclaim_get_stats(guest->ctx, &stats);
    return stats;
}

/* upkeep.c: the work of every second. */
void guest_upkeep(struct guest *guest);
/* Logs what becomes of reclaimed memory on this machine. */
void guest_log_giving(const struct guest *guest);
/* Reads the free memory of the machine. Returns false if it is unknown, as for simulated memory. */
bool guest_free_permille(const struct guest *guest, uint32_t *ret);

/* inputs.c: the parameters, as in the files of the kernel's module. */
/* Prints a parameter or counter. Returns the length of the text, or -ENOENT. */
int guest_input_get(struct guest *guest, const char *name, char *buf, size_t size);
/* Stages a value, or executes `enabled` or `commit_inputs`. Logs errors. */
int guest_input_set(struct guest *guest, const char *name, const char *value);
/* Applies all parameters of a configuration, or none. */
int guest_inputs_configure(struct guest *guest, const struct config *config, struct error_text *error);
/* Applies the parameters in effect again, because the back-off has changed the quota. */
void guest_inputs_scale(struct guest *guest);

/* figures.c: the metrics and the status line. */
void guest_metrics(struct agent *agent, struct metrics *metrics);
void guest_status(struct agent *agent, char *buf, size_t size);
void guest_log_advice(const struct guest *guest);

#endif
