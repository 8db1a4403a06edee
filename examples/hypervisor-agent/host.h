/* SPDX-License-Identifier: MIT */
/*
 * The daemon on a hypervisor: its machines, and the contexts that watch them.
 *
 * With the backend idle-page each machine has its own context, and so its own min_age, share and failures. The kernel's
 * DAMON has one thread for all targets. With it, one context has all machines as targets: the kernel monitors, and the
 * library decides and reclaims page by page, so that each machine can still have its own min_age and share. Either way
 * everything runs on one event loop, without threads, with a timer and a few files for each machine.
 */
#ifndef HOST_H
#define HOST_H

#include <damon_reclaim/damon_reclaim.h>

#include "common/advise.h"
#include "agent/agent.h"
#include "agent/backoff.h"
#include "agent/cost.h"
#include "discovery.h"
#include "guest_ram.h"
#include "policy.h"
#include "settings.h"
#include "swap.h"
#include "usage.h"

struct host;
struct host_watch;

/* Whether a machine is watched, and if not, why. */
enum host_state {
    HOST_FOUND, /* found, but not looked at yet */
    HOST_WATCHED,
    HOST_EXCLUDED,  /* by configuration or by the never-reclaim list */
    HOST_NO_MEMORY, /* no guest memory was found, or not yet */
    HOST_HUGETLB,   /* memory that the kernel does not reclaim */
    HOST_UNCERTAIN, /* it is not certain which memory is the guest's */
    HOST_PINNED,    /* memory that a device has pinned, or that is encrypted or locked */
    HOST_FAILED     /* it could not be watched; retried later */
};

/* Whose counters tell what comes back to a machine. */
enum host_counters { HOST_COUNTERS_UNKNOWN, HOST_COUNTERS_CGROUP, HOST_COUNTERS_PROCESS, HOST_COUNTERS_NONE };

struct host_vm {
    struct host *host;
    struct host_found found;
    struct host_policy policy;
    struct host_ram seen; /* as it was found */
    struct host_ram ram;  /* the part of it that can be reclaimed */
    uint64_t configured;  /* the size from the configuration with which it was found; 0: none */
    enum host_state state;
    struct loop_source *process;
    struct host_watch *watch; /* while WATCHED */
    uint32_t target;          /* in it */
    bool whole;               /* the memory is that of the whole process, not only the guest's */
    bool due;                 /* to be looked at again */
    uint64_t retry_ns;        /* while FAILED: when to retry */
    bool own_cgroup;          /* as far as known, nobody else is in its cgroup */

    /* Measurements, about once a second (usage.c). */
    uint64_t resident;      /* resident bytes of guest memory, estimated: what the process has without @other */
    uint64_t cold_permille; /* of its cold memory: its part where other processes have it mapped, too */
    enum host_counters counters;

    /* The last exact measurement, which takes long. */
    uint64_t measured_ns;
    uint64_t measured; /* resident bytes of guest memory */
    uint64_t deducted; /* `taken` at that time */
    uint64_t other;    /* resident bytes of the process that do not belong to the guest */
    uint64_t stall_us;
    bool stall_seen;
    struct cost cost;
    struct backoff backoff;
    struct policy_brake brake;

    /* The current window (window.c). */
    uint64_t cold;
    uint64_t share;
    uint64_t used;

    uint64_t tried, reclaimed; /* since it was found */
    uint64_t taken;            /* in the same time: reclaimed or, for now, in the swap cache */
    uint64_t told;             /* taken bytes that were passed to the back-off */
    struct advise *advise;     /* in a dry run; NULL before the first window */
};

struct host {
    struct agent *agent;
    struct host_vm **vms; /* ascending by pid */
    size_t n;
    size_t capacity;
    struct host_found_list found;
    struct host_search *search; /* at work, or NULL */
    unsigned int nr_scans;
    enum host_swap swap;           /* as it was seen last */
    char cgroup[HOST_CGROUP_SIZE]; /* the daemon's own */
    struct loop_source *scan_timer, *search_timer, *begin_timer, *usage_timer, *window_timer;

    const char *backend;                   /* of the contexts */
    bool shared;                           /* one context for all machines */
    void (*vm_failed)(struct host_vm *vm); /* the context of the machine has failed; set by the first scan */
    struct host_watch *all;
    int left_behind; /* errno if the last context could not undo its changes */
    /* For tests and benchmarks: their own backend and system calls. */
    const struct damon_reclaim_backend_ops *backend_ops;
    void *backend_data;

    struct policy_ledger ledger;
    struct policy_vm *divided; /* as many as vms */
    struct damon_reclaim_region *regions;
    size_t nr_regions;   /* room */
    uint64_t window;     /* number */
    uint64_t usage_ns;   /* when the measurements were taken */
    int64_t measure_ns;  /* CPU time that exact measurements may take now; negative after a long one */
    uint64_t tried;      /* by all machines, since the start */
    uint64_t spent_ns;   /* time spent on reclaiming */
    uint64_t peak_used;  /* the most that was tried in a window */
    uint64_t peak_quota; /* the quota of that window */
};

extern const struct agent_program host_program;

/* The functions of agent_program. agent->userdata is a struct host whose members are 0 at the start. */
/* The users that run machines are trusted not to keep the daemon waiting. */
int host_trust_users(const struct config *config, struct error_text *error);
int host_start(struct agent *agent, struct error_text *error);
int host_stop(struct agent *agent);

#define HOST_SLICE_NS UINT64_C(20000000) /* of looking at machines in one go: sampling must go on */

/* scan.c: searches for machines for a short time. Returns 1 if there is more to do, 0 when the machines are up to date,
 * or a negative errno. If the configuration or the never-reclaim list has changed what is to be watched of a machine,
 * that is done, too. */
int host_scan_some(struct host *host);
/* Forgets a search that has begun. The configuration may then go. */
void host_scan_cancel(struct host *host);

/* fleet.c: the machines. */
int host_vm_add(struct host *host, const struct host_found *found);
/* @why: for the log, "has exited". */
void host_vm_remove(struct host_vm *vm, const char *why);
void host_vm_follow(struct host_vm *vm, uint64_t now);
void host_vm_failed(struct host_vm *vm);
int host_use_own_cgroups(struct host *host);
/* Looks at machines that were found or are due, but only for a short time. Returns whether there are more. */
bool host_begin_some(struct host *host);
const char *host_state_name(enum host_state state);

/* look.c: finds the guest's memory in a process. @configured: its size from the configuration, or 0. Returns 0 or a
 * negative errno; -ENOENT if there is none, or not yet. */
int host_read_ram(const char *root, const struct host_found *found, uint64_t configured, struct host_ram *ret);

/* watch.c: a context, for one machine or for all. */
int host_watch_add(struct host_vm *vm, struct error_text *error);
void host_watch_remove(struct host_vm *vm);
/* Applies a changed share of the machine. */
void host_watch_share(struct host_vm *vm);
/* Apply parameters (all or none), whether the context is enabled, and the never-reclaim list. */
int host_watch_configure(struct host_watch *watch, const struct config *config, struct error_text *error);
int host_watch_enable(struct host_watch *watch, const struct config *config, struct error_text *error);
int host_watch_exclude(struct host_watch *watch, struct error_text *error);
/* Iterates over the contexts. @position is 0 at the start. Returns NULL after the last one. */
struct host_watch *host_watch_next(const struct host *host, size_t *position);
struct damon_reclaim *host_watch_context(const struct host_watch *watch);
/* Chooses the backend: the configured one, or one that works. */
int host_choose_backend(struct host *host, struct error_text *error);

/* usage.c: measurements of the machines. */
/* Measures the resident memory of the guest, in @ret with smaps.resident. Takes ranges on hugetlb pages out of @ram,
 * which the name of a memfd or of a file does not show; if all of them are, it sets the kind. Returns 0 or a negative
 * errno. */
int host_read_smaps(const char *root, const struct host_found *found, struct host_ram *ram, struct host_smaps *ret);
void host_usage_measure(struct host_vm *vm);
/* Resident bytes of guest memory that are there even if the rest of the process has grown since the last measurement.
 */
uint64_t host_usage_sure(const struct host_vm *vm);
/* Measures those again that need it, as far as a share of the CPU allows. */
void host_usage_measure_some(struct host *host, uint64_t elapsed_ns);
/* Returns whether the machine is to be left alone from now on, or gets a share again. */
bool host_usage_read(struct host_vm *vm, uint64_t now_ns, uint64_t elapsed_ns, const struct policy_limits *limits,
                     const struct backoff_limits *backoff);

#define HOST_USAGE_MS 1000 /* how often pressure, refaults and sizes are read */

/* window.c: starts a window. Every HOST_USAGE_MS it takes the measurements, divides the quota of a longer window again,
 * and leaves machines alone or gives them shares again. */
void host_window(struct host *host);
void host_usage(struct host *host);

/* report.c: prints what was found as a table or as JSON. Returns the exit code. */
int host_report(const struct config *config);
/* The daemon's metrics and its status line. */
void host_metrics(struct agent *agent, struct metrics *metrics);
void host_status(struct agent *agent, char *buf, size_t size);

#endif
