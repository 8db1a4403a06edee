/* SPDX-License-Identifier: MIT */
/*
 * The daemon of a whole machine, in a virtual one or not: one context for all of its memory.
 *
 * Parameters are staged on a context of their own that is never enabled, the desk. What is in effect is a copy of them
 * with a quota that the back-off may have made smaller, so that neither a value that somebody is about to change nor
 * the smaller quota shows in the other.
 */
#ifndef GUEST_H
#define GUEST_H

#include <damon_reclaim/damon_reclaim.h>

#include "agent/advise.h"
#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/cost.h"

struct compaction;
struct paramfs;
struct report;

struct guest {
    struct agent *agent;
    struct damon_reclaim *ctx;             /* watches and reclaims */
    struct damon_reclaim *desk;            /* holds the parameters that are staged */
    struct damon_reclaim_params committed; /* in effect, with the quota as people want it */
    struct loop_source *source, *tick, *stats, *retry, *advice;

    struct backoff backoff;
    struct cost cost;
    uint64_t told; /* of the bytes reclaimed, what the back-off was told */
    bool cost_failed;

    struct advise *advise; /* of a dry run, else NULL */
    struct compaction *compaction;
    struct report *report;   /* NULL: nobody is told */
    struct paramfs *paramfs; /* NULL: no directory is mounted */
};

extern const struct agent_program guest_program;
extern const struct config_option guest_options[];
extern const struct config_default guest_defaults[];

uint64_t guest_now(void);
struct damon_reclaim_stats guest_stats(const struct guest *guest);
/* Free memory of the machine; false if it is not known, as that of a simulated one. */
bool guest_free_permille(const struct guest *guest, uint32_t *ret);

/* inputs.c: the parameters, as the module's files have them. */
int guest_desk_new(struct guest *guest, struct agent_error *error);
/* The text of a parameter or counter. Returns its length, or -ENOENT. */
int guest_input_get(struct guest *guest, const char *name, char *buf, size_t size);
/* Stages a value, or does what `enabled` and `commit_inputs` ask for. Logs what is wrong. */
int guest_input_set(struct guest *guest, const char *name, const char *value);
/* Takes over all parameters of a configuration, or none. */
int guest_inputs_configure(struct guest *guest, const struct config *config, struct agent_error *error);
/* Puts into effect again what is, because the back-off wants another quota. */
void guest_inputs_scale(struct guest *guest);

/* upkeep.c: what is done each second. */
void guest_upkeep(struct guest *guest);
void guest_warn_without_swap(const struct guest *guest);

/* figures.c: the metrics and the line of status. */
void guest_metrics(struct agent *agent, struct metrics *metrics);
void guest_status(struct agent *agent, char *buf, size_t size);
void guest_log_advice(const struct guest *guest);

#endif
