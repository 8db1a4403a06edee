/* SPDX-License-Identifier: MIT */
/*
 * The handle: what a program asks for (parameters, targets, callbacks) and the state. What is learnt about the memory
 * is in the engine. The handle's files, from bottom to top; each uses only those above it in this list:
 *
 *     context.c     what needs the struct alone: clock, user data, last error
 *     members.c     the members of a group, and their timer
 *     lifecycle.c   changes of state, disabling, telling the driver about a change, the timer
 *     exclusions.c  what is never reclaimed
 *     targets.c     targets
 *     schemes.c     schemes, filters, goals
 *     results.c     regions, statistics
 *     read_back.c   targets, schemes and exclusions, as they were set
 *     host.c        what the engine asks the handle for
 *     handle.c      new, ref, unref
 *     settings.c    staging, checking and committing parameters
 *     enable.c      enable, disable
 *     loop.c        fd, dispatch, run, stop
 *     by_name.c     parameters by name
 *     group.c       groups of contexts
 *
 * probe.c and backend_table.c work without a handle.
 */
#ifndef DRCL_CONTEXT_H
#define DRCL_CONTEXT_H

#include <stdatomic.h>

#include "damon_reclaim/damon_reclaim.h"

#include "backends/backend.h"
#include "drivers/driver.h"
#include "drivers/view.h"
#include "engine/state.h"
#include "base/env.h"

struct damon_reclaim {
    pid_t pid; /* of the process that made it; a forked child only frees its memory */
    unsigned int refs;
    unsigned int held;        /* of these, held by calls that are running */
    unsigned int in_callback; /* calls of state_changed() that run; they may come in any phase */
    atomic_bool stop;         /* damon_reclaim_run() is to return */
    atomic_bool wake;         /* the callback woken() is to be called */
    struct drcl_env env;
    struct damon_reclaim_callbacks callbacks;
    void *userdata;
    uint32_t flags;

    const struct drcl_driver *driver; /* who does the work */
    struct drcl_view view;            /* what the driver sees of all this */
    struct damon_reclaim_backend_ops ops;
    char *backend_name; /* the copy that ops.name points to, of a backend of the program */
    struct drcl_engine engine;

    struct damon_reclaim_params staged;
    size_t targets_cap;
    uint32_t next_target;
    enum damon_reclaim_reason reason; /* of the state */
    enum damon_reclaim_reason disable_reason;

    struct damon_reclaim_group *group; /* or NULL: the context has a timer of its own */
    size_t place;                      /* in the group */
    int timer_fd;                      /* the group's in a group */
    uint64_t armed_ns;                 /* what the timer is set to */
};

#endif
