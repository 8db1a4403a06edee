/* SPDX-License-Identifier: MIT */
/*
 * The handle: what a program asks for (parameters, targets, callbacks) and the state. What is learnt about the memory
 * is in the engine. The handle's files, from bottom to top; each uses only those above it in this list:
 *
 *     context.c     what needs the struct alone: clock, metrics, user data, last error
 *     lifecycle.c   changes of state, disabling, telling the driver about a change, the timer
 *     exclusions.c  what is never reclaimed
 *     targets.c     targets
 *     apply.c       the parameters in effect, as the engine takes them
 *     schemes.c     schemes, filters, goals
 *     results.c     regions, statistics
 *     host.c        what the engine asks the handle for
 *     handle.c      new, ref, unref
 *     settings.c    staging, checking and committing parameters
 *     enable.c      enable, disable
 *     loop.c        fd, dispatch, run, stop
 *     by_name.c     parameters by name
 *
 * probe.c and backend_table.c work without a handle.
 */
#ifndef DRCL_CONTEXT_H
#define DRCL_CONTEXT_H

#include <stdatomic.h>

#include "damon_reclaim/damon_reclaim.h"

#include "backends/backend.h"
#include "drivers/driver.h"
#include "engine/state.h"
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

/* Free memory and, with @psi, memory pressure: the backend's, or the system's if the backend has none of its own. */
int drcl_context_metrics(struct damon_reclaim *ctx, bool psi, struct damon_reclaim_metrics *ret);

#endif
