/* SPDX-License-Identifier: MIT */
/*
 * The handle. What a program asks for is kept here (parameters, targets, callbacks, the state); what is learnt of the
 * memory is the engine's. The files of the handle, one for each part of the public header:
 *
 *     context.c  new, ref, unref, errors      settings.c  parameters, commit, enable, disable
 *     targets.c  targets                      schemes.c   schemes, filters, goals
 *     loop.c     fd, dispatch, run, stop      results.c   regions, statistics
 *     probe.c    versions, features, probing  exclusions.c what is never reclaimed
 *     driver.h   who does the work
 */
#ifndef DRCL_CONTEXT_H
#define DRCL_CONTEXT_H

#include <stdatomic.h>

#include "damon_reclaim/damon_reclaim.h"

#include "backends/backend.h"
#include "drivers/driver.h"
#include "engine/engine.h"
#include "base/env.h"

struct drcl_context_target {
    uint32_t id;
    pid_t pid;
    int pidfd; /* -1 without process */
};

struct damon_reclaim {
    unsigned int refs;
    unsigned int held; /* of these, held by calls that are running */
    bool ready;        /* the program has the pointer */
    bool in_dispatch;
    bool starting;            /* damon_reclaim_enable() is running */
    unsigned int in_callback; /* of a change of state, which may come outside of a dispatch */
    atomic_bool stop;         /* damon_reclaim_run() is to return */
    struct drcl_env env;
    struct damon_reclaim_callbacks callbacks;
    void *userdata;
    uint32_t flags;

    const struct drcl_driver *driver; /* who does the work */
    struct damon_reclaim_backend_ops ops;
    void *backend;
    bool built_in; /* the backend is one of ours */
    bool physical; /* targets without a process are physical memory */
    bool backend_enabled;
    bool virtual_clock;
    struct drcl_engine engine;

    struct damon_reclaim_params staged;
    struct damon_reclaim_params active;
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS - 1]; /* of the reclaim scheme, without skip_anon's */
    size_t nr_filters;
    struct damon_reclaim_exclusion *exclusions; /* with copies of the paths */
    size_t nr_exclusions;

    struct drcl_context_target *targets;
    size_t nr_targets;
    size_t targets_cap;
    uint32_t next_target;
    struct drcl_attrs untuned; /* as the parameters have them; tuning may have changed those of the engine */
    bool whole;                /* target 0 stands for all memory of the backend */

    enum damon_reclaim_state state;
    enum damon_reclaim_reason reason;
    bool disable_soon; /* once the step that is running has ended */
    enum damon_reclaim_reason disable_reason;
    pid_t worker; /* thread that dispatches */

    int timer_fd;
    uint64_t armed_ns; /* what the timer is set to */
    uint64_t next_ns;  /* when there is work */
    uint64_t next_wmark_ns;
    uint64_t next_pid_ns;
    uint64_t monitor_ns;
    uint64_t monitor_cpu_ns;
};

/* context.c: a call that may run callbacks holds a reference, so that the context outlives it. */
void drcl_hold(struct damon_reclaim *ctx);
void drcl_release(struct damon_reclaim *ctx);

/* settings.c: the monitoring attributes of a parameter set. */
struct drcl_attrs drcl_attrs_of(const struct damon_reclaim_params *params);
/* Lays the parameters that are in effect into the engine. */
void drcl_apply_params(struct damon_reclaim *ctx);
/* Tells the driver of a context that is enabled what is another now. */
int drcl_changed(struct damon_reclaim *ctx, enum drcl_change what);
/* Disables now, or when the running step has ended. */
int drcl_disable(struct damon_reclaim *ctx, enum damon_reclaim_reason reason);
int drcl_finish_disable(struct damon_reclaim *ctx);
void drcl_set_state(struct damon_reclaim *ctx, enum damon_reclaim_state state, enum damon_reclaim_reason reason,
                    uint32_t free_permille);

/* loop.c */
extern const struct drcl_host drcl_context_host;
/* Sets the timer for what is due next. */
int drcl_arm(struct damon_reclaim *ctx);
void drcl_disarm(struct damon_reclaim *ctx);
/* Time between two looks at the watermarks: the shortest wmarks_interval of all schemes; while active no more than
 * @most_ns. */
uint64_t drcl_watermark_period(const struct damon_reclaim *ctx, bool active, uint64_t most_ns);
int drcl_context_metrics(struct damon_reclaim *ctx, bool psi, struct damon_reclaim_metrics *ret);

/* targets.c */
void drcl_forget_targets(struct damon_reclaim *ctx);
void drcl_target_vanished(struct damon_reclaim *ctx, uint32_t id);
/* Once a second: removes targets whose process has exited. */
void drcl_check_pids(struct damon_reclaim *ctx, uint64_t now);
/* With a backend that works without targets and none added: makes target 0 of all its memory. */
int drcl_add_whole(struct damon_reclaim *ctx);
/* -EINVAL if the caller has given a range of physical memory in which there is none. */
int drcl_check_physical(struct damon_reclaim *ctx);

/* schemes.c: scheme number @id; NULL with the text of the error. */
struct drcl_scheme *drcl_find_scheme(struct damon_reclaim *ctx, uint32_t id);

/* exclusions.c */
bool drcl_is_excluded_process(const struct damon_reclaim *ctx, pid_t pid);
void drcl_forget_exclusions(struct damon_reclaim *ctx);
/* The cgroup at @path; an error names member @member of entry @index of the caller's @list. */
int drcl_find_cgroup(struct damon_reclaim *ctx, const char *list, size_t index, const char *member, const char *path,
                     uint64_t *ret_inode);

#endif
