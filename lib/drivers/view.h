/* SPDX-License-Identifier: MIT */
/*
 * What a driver sees of the handle. The handle fills it in and keeps targets, exclusions and parameters up to date; a
 * driver reads them, sets the state by set_state(), and counts what the work costs. What the engine asks the program
 * for (callbacks, metrics, processes that have exited) is in engine->host.
 */
#ifndef DRCL_VIEW_H
#define DRCL_VIEW_H

#include "backends/backend.h"
#include "engine/state.h"
#include "base/env.h"

/* What is going on with a handle. */
enum drcl_phase {
    DRCL_PHASE_CREATING, /* the program does not have its pointer yet */
    DRCL_PHASE_RESTING,  /* neither of the following */
    DRCL_PHASE_STARTING, /* damon_reclaim_enable() starts the driver */
    DRCL_PHASE_WORKING   /* damon_reclaim_dispatch() lets the driver work */
};

struct drcl_view_target {
    uint32_t id;
    pid_t pid;
    int pidfd; /* -1 without process */
};

/* The schedule of the driver that samples on the dispatching thread (engine.c). */
struct drcl_ticks {
    bool backend_enabled;
    pid_t worker; /* the thread that dispatches */
    uint64_t next_ns;
    uint64_t next_wmark_ns;
};

struct drcl_view {
    struct drcl_env *env;
    struct drcl_engine *engine;
    const struct damon_reclaim_backend_ops *ops;
    void *backend;
    const struct drcl_backend *kind; /* of the backend; one of the program's has a kind, too */

    struct damon_reclaim_params active;
    struct damon_reclaim_filter filters[DRCL_MAX_FILTERS - 1]; /* of the reclaim scheme, without skip_anon's */
    size_t nr_filters;
    struct drcl_attrs untuned; /* as the parameters have them; tuning may have changed those of the engine */
    struct drcl_view_target *targets;
    size_t nr_targets;
    struct damon_reclaim_exclusion *exclusions; /* with copies of the paths */
    size_t nr_exclusions;

    enum damon_reclaim_state state;
    enum drcl_phase phase;
    bool stopping; /* the context will be disabled as soon as the call that is running has ended */
    void (*set_state)(void *handle, enum damon_reclaim_state state, enum damon_reclaim_reason reason,
                      uint32_t free_permille);
    void *handle;

    /* Of a member of a group, or NULL: free memory and, with @psi, memory pressure, which the group reads for all. On
     * failure *ret_text says why. */
    int (*shared_metrics)(void *shared, bool psi, struct damon_reclaim_metrics *ret, const char **ret_text);
    void *shared;

    uint64_t next_pid_ns; /* when to look for processes that have exited */
    struct drcl_ticks ticks;
    uint64_t monitor_ns;
    uint64_t monitor_cpu_ns;
};

static inline bool drcl_has_virtual_clock(const struct drcl_view *view)
{
    return view->ops->now != NULL;
}

/* Whether the only target is number 0, which stands for all memory of the backend. */
static inline bool drcl_watches_whole(const struct drcl_view *view)
{
    return view->nr_targets && view->targets[0].id == 0;
}

/* The time on the backend's clock, or on the system's if the backend has none. */
uint64_t drcl_view_now(const struct drcl_view *view);
/* Free memory and, with @psi, memory pressure: the backend's, or the system's if the backend has none of its own. */
int drcl_view_metrics(struct drcl_view *view, bool psi, struct damon_reclaim_metrics *ret);

/* Removes targets whose process has exited. Looks once a second at most. */
void drcl_remove_exited(struct drcl_view *view, uint64_t now);
/* -EINVAL if the program has given a range of physical memory that has no memory in it. */
int drcl_check_physical(struct drcl_view *view);

/* Returns @r, which an operation of the backend has returned, with this text unless the backend has set one. */
int drcl_backend_error(struct drcl_view *view, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Returns @r, which the backend has returned to the driver, and sets the text if it is an error. */
int drcl_backend_failed(struct drcl_view *view, int r);
/* The error that the backend has failed with in the engine, or 0. The engine forgets it. */
int drcl_take_failure(struct drcl_view *view);
/* Brings the engine's targets and their ranges up to date. */
int drcl_update_ranges(struct drcl_view *view);

/* What a look at the watermarks has shown. */
struct drcl_wmark_look {
    bool known;           /* free memory is known; if it is not, nothing else but next_ns is set */
    bool activated;       /* a scheme is active, and none was */
    bool schemes_changed; /* other schemes are active than before */
    bool new_state;       /* drcl_set_wmark_state() has something to set */
    enum damon_reclaim_state state;
    enum damon_reclaim_reason reason;
    uint32_t free_permille;
    uint64_t next_ns; /* when to look again: while active after @most_ns at most */
};

/* Looks at free memory, and sets which schemes are active. If free memory is not known the state stays as it is, but
 * while it is DISABLED that is an error. */
int drcl_look_at_watermarks(struct drcl_view *view, uint64_t now, uint64_t most_ns, struct drcl_wmark_look *ret);
/* Sets the state that the look has shown. Runs a callback: the driver has made itself ready for the state before. */
void drcl_set_wmark_state(struct drcl_view *view, const struct drcl_wmark_look *look);

/* What monitoring costs: begin and end enclose a piece of work; what reclaiming took in between is left out. */
struct drcl_cost {
    uint64_t ns, cpu_ns;
    uint64_t reclaim_ns, reclaim_cpu_ns;
};
void drcl_cost_begin(const struct drcl_view *view, uint64_t now, struct drcl_cost *ret);
void drcl_cost_end(struct drcl_view *view, uint64_t now, const struct drcl_cost *begin);

#endif
