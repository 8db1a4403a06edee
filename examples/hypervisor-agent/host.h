/* SPDX-License-Identifier: MIT */
/*
 * The daemon on a hypervisor: its machines, and the contexts that watch them.
 *
 * On the idle-page bitmap each machine has a context of its own, so that min_age, shares and failures are its own. The
 * kernel's DAMON has one worker for all, so there one context has all machines as targets; the kernel watches, and the
 * library decides and reclaims page by page, which lets each machine's age and share count there too. Either way
 * everything runs on the one loop: no thread, and a timer and a few files for each machine.
 */
#ifndef HOST_H
#define HOST_H

#include <damon_reclaim/damon_reclaim.h>

#include "agent/advise.h"
#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/cost.h"
#include "discovery.h"
#include "guest_ram.h"
#include "policy.h"
#include "settings.h"

struct host;
struct host_watch;

/* Why a machine is not reclaimed, or that it is. */
enum host_state {
    HOST_FOUND, /* looked at soon */
    HOST_WATCHED,
    HOST_EXCLUDED,  /* by configuration or by the never-reclaim list */
    HOST_NO_MEMORY, /* no guest memory was found (yet) */
    HOST_HUGETLB,   /* memory that the kernel does not reclaim */
    HOST_FAILED     /* it could not be watched; tried again later */
};

struct host_vm {
    struct host *host;
    struct host_found found;
    struct host_policy policy;
    struct host_ram ram;
    enum host_state state;
    struct loop_source *process;
    struct host_watch *watch; /* while WATCHED */
    uint32_t target;          /* in it */
    bool whole;               /* which is all of the process, and not the guest's memory alone */
    uint64_t retry_ns;        /* FAILED: when */
    bool own_cgroup;          /* nobody else is in its cgroup, as far as known */

    /* Figures, read about once a second (usage.c). */
    uint64_t resident; /* bytes of guest memory that are there */
    uint64_t other;    /* resident bytes of the process that are not the guest's */
    uint64_t stall_us;
    bool stall_seen;
    struct cost cost;
    struct backoff backoff;
    struct policy_brake brake;

    /* The running window (window.c). */
    uint64_t cold;
    uint64_t share;
    uint64_t used;

    uint64_t tried, reclaimed; /* since it was found */
    uint64_t told;             /* of reclaimed, what the back-off was told */
    struct advise *advise;     /* in a dry run; NULL before the first window */
};

struct host {
    struct agent *agent;
    struct host_vm **vms; /* ascending by pid */
    size_t n;
    size_t capacity;
    struct host_found_list found;
    unsigned int nr_scans;
    char cgroup[HOST_CGROUP_SIZE]; /* the daemon's own */
    struct loop_source *scan_timer, *begin_timer, *usage_timer, *window_timer;

    const char *backend; /* of the contexts */
    bool shared;         /* one context for all machines */
    struct host_watch *all;
    int left_behind; /* what the last context could not put back, an errno */
    /* For tests and benchmarks: a backend and a system of their own. */
    const struct damon_reclaim_backend_ops *backend_ops;
    void *backend_data;

    struct policy_ledger ledger;
    struct policy_vm *divided; /* as many as vms */
    struct damon_reclaim_region *regions;
    size_t nr_regions;   /* room */
    uint64_t window;     /* number */
    uint64_t usage_ns;   /* when the figures were read */
    uint64_t tried;      /* by all machines, since the start */
    uint64_t spent_ns;   /* reclaiming them */
    uint64_t peak_used;  /* most that was tried in a window */
    uint64_t peak_quota; /* the quota of that window */
};

extern const struct agent_program host_program;

/* What agent_program's functions do, with agent->userdata a zeroed struct host. */
int host_start(struct agent *agent, struct agent_error *error);
int host_stop(struct agent *agent);
uint64_t host_now(void);

/* fleet.c: the machines come and go. A scan also begins anew with those for which the configuration or the
 * never-reclaim list has changed whether, or what of them, is to be watched. */
int host_scan(struct host *host);
/* Looks at machines that were found, for a short time. Returns whether there are more. */
bool host_begin_some(struct host *host);
void host_vm_remove(struct host_vm *vm);
struct host_vm *host_vm_find(struct host *host, pid_t pid);
/* The context of the machine has failed: it is tried again later. */
void host_vm_failed(struct host_vm *vm);
const char *host_state_name(enum host_state state);
/* Finds the guest's memory of a process. 0 or a negative errno: -ENOENT: there is none (yet). */
int host_read_ram(const char *root, const struct host_found *found, struct host_ram *ret);

/* watch.c: a context, for one machine or for all. */
int host_watch_add(struct host_vm *vm, struct agent_error *error);
void host_watch_remove(struct host_vm *vm);
/* The share of the machine has changed. */
void host_watch_share(struct host_vm *vm);
/* Takes over parameters, all or nothing; whether it is enabled; the never-reclaim list. */
int host_watch_configure(struct host_watch *watch, const struct config *config, struct agent_error *error);
int host_watch_enable(struct host_watch *watch, const struct config *config, struct agent_error *error);
int host_watch_exclude(struct host_watch *watch, struct agent_error *error);
/* The contexts, one after the other: @position begins with 0. NULL after the last. */
struct host_watch *host_watch_next(const struct host *host, size_t *position);
struct damon_reclaim *host_watch_context(const struct host_watch *watch);
/* The backend to be used, as configured or as found. */
int host_choose_backend(struct host *host, struct agent_error *error);

/* usage.c: how the machines are. */
/* How much of the guest's memory is there. What lies on hugetlb pages becomes of that kind, which the name of a memfd
 * or of a file does not tell. 0 or a negative errno. */
int host_read_smaps(const char *root, const struct host_found *found, struct host_ram *ram, uint64_t *ret_resident);
void host_usage_calibrate(struct host_vm *vm);
void host_usage_read(struct host_vm *vm, uint64_t now_ns, uint64_t elapsed_ns, const struct policy_limits *limits,
                     const struct backoff_limits *backoff);

#define HOST_USAGE_MS 1000 /* how often pressure, refaults and sizes are read */

/* window.c: a window begins; once every HOST_USAGE_MS the figures are read, and what is longer than that is divided
 * anew; a machine is left alone or goes on. */
void host_window(struct host *host);
void host_usage(struct host *host);
void host_vm_braked(struct host_vm *vm);

/* report.c: what was found, as a table or as JSON. Returns the exit code. */
int host_report(const struct config *config);
/* The daemon's metrics and its line of status. */
void host_metrics(struct agent *agent, struct metrics *metrics);
void host_status(struct agent *agent, char *buf, size_t size);

#endif
