/* SPDX-License-Identifier: MIT */
/*
 * How a host's quota is divided among its virtual machines, and when one is left alone. Pure: makes no system call.
 *
 * For each window every machine gets a share of the host's bytes. First an equal eighth of the quota is dealt out, so
 * that none waits for ever because others look colder; the rest goes by weight x cold bytes. No share is larger than
 * what the machine may lose (resident bytes above its never-below), its own cap, or what its back-off leaves, and
 * beyond the first deal not larger than its cold bytes either; what one cannot use goes to the others. The shares never
 * add up to more than the quota.
 */
#ifndef HOST_POLICY_H
#define HOST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <damon_reclaim/damon_reclaim.h>

#define POLICY_NO_LIMIT UINT64_MAX

struct policy_vm {
    bool stopped;         /* excluded, or left alone for now */
    uint32_t weight;      /* 1 or more */
    uint32_t factor;      /* permille that the back-off leaves of its share */
    uint64_t cold;        /* bytes that are there and cold */
    uint64_t resident;    /* bytes of guest memory that are there */
    uint64_t never_below; /* resident bytes that it keeps in any case */
    uint64_t cap;         /* bytes a window, 0: none */
    uint64_t share;       /* the result: bytes that it may be tried in this window, whole pages */
};

/* Divides @quota bytes (POLICY_NO_LIMIT: each gets what it may lose). @turn: number of the window; where there is not a
 * page for each, the turns decide who gets one. */
void policy_divide(struct policy_vm *vms, size_t n, uint64_t quota, uint64_t turn);

/*
 * Cold bytes that are there. Reclaimed memory is idle as well, so that what the regions say is bounded by what is
 * resident and was not found accessed. @idle_ns: how long a region must have been idle.
 */
uint64_t policy_cold(const struct damon_reclaim_region *regions, size_t n, uint64_t aggr_ns, uint64_t idle_ns,
                     uint64_t resident);

/* The host's bytes for a window: of the two limits (0: none) the smaller, the time by the throughput measured so far.
 */
uint64_t policy_quota(uint64_t quota_sz, uint64_t quota_ms, uint64_t tried, uint64_t spent_ns);

/* What a machine shows when it needs its memory. Zero in a limit: not looked at. */
struct policy_limits {
    uint32_t stall_permille;   /* of the time in which some of its tasks waited for memory */
    uint32_t refault_permille; /* of its memory refaulted a second */
    uint64_t hold_ns;          /* how long it must be calm again before it goes on */
};

enum policy_reason { POLICY_RUNS, POLICY_PRESSURE, POLICY_REFAULTS };

/* Zero it to begin. */
struct policy_brake {
    enum policy_reason reason; /* why it is left alone now; POLICY_RUNS: it is not */
    uint64_t until_ns;
    uint64_t nr_stops;
};

/* Takes what happened in the last @elapsed_ns: stalled @stall_ns, @refaulted bytes, of a machine with @memory bytes.
 * Returns whether it is left alone. A new cause while it is lengthens the time. */
bool policy_brake_update(struct policy_brake *brake, const struct policy_limits *limits, uint64_t now_ns,
                         uint64_t elapsed_ns, uint64_t stall_ns, uint64_t refaulted, uint64_t memory);
const char *policy_reason_name(enum policy_reason reason);

/*
 * What has been tried in this window of the host, so that shares and the quota hold whenever the windows of the single
 * contexts begin. An attempt is allowed only if all that it could try fits.
 */
struct policy_ledger {
    uint64_t quota; /* of the host */
    uint64_t used;
    uint64_t budget_ns; /* time that may be spent in this window; 0: no limit */
    uint64_t spent_ns;
};

void policy_ledger_begin(struct policy_ledger *ledger, uint64_t quota, uint64_t quota_ms);
/* @share, @used: of the machine in this window. @most: bytes that the attempt may try. */
bool policy_ledger_allows(const struct policy_ledger *ledger, uint64_t share, uint64_t used, uint64_t most);
void policy_ledger_charge(struct policy_ledger *ledger, uint64_t tried, uint64_t spent_ns);

#endif
