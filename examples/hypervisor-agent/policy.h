/* SPDX-License-Identifier: MIT */
/*
 * How the quota of a host is divided among its virtual machines, and when a machine is left alone. Makes no system
 * call.
 *
 * In each window every machine gets a share of the host's quota. First, an eighth of the quota is divided equally, so
 * that no machine waits forever because others look colder. The rest is divided by weight x cold bytes. No share
 * exceeds what the machine may lose (resident bytes above its never_below), its own cap, or what its back-off leaves.
 * Beyond the first part, no share exceeds the cold bytes of the machine. The other machines get what one cannot use.
 * The shares never add up to more than the quota.
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
    uint32_t factor;      /* permille of its share that the back-off leaves */
    uint64_t cold;        /* resident bytes that are cold */
    uint64_t resident;    /* resident bytes of guest memory */
    uint64_t never_below; /* resident bytes that it keeps in any case */
    uint64_t cap;         /* bytes per window; 0: no limit */
    uint64_t share;       /* the result: bytes that may be tried in this window, whole pages */
};

/* Divides @quota bytes (POLICY_NO_LIMIT: each machine gets what it may lose). @turn is the number of the window. If
 * there is less than a page for each machine, it decides which machines get a page. */
void policy_divide(struct policy_vm *vms, size_t n, uint64_t quota, uint64_t turn);

/*
 * The resident bytes that are cold. Reclaimed memory is idle as well, so the result is limited to memory that is
 * resident and was not found accessed. @idle_ns: how long a region must have been idle.
 */
uint64_t policy_cold(const struct damon_reclaim_region *regions, size_t n, uint64_t aggr_ns, uint64_t idle_ns,
                     uint64_t resident);

/* The bytes that the host may try in a window: the smaller of the two limits (0: no limit). The time limit is converted
 * to bytes by the throughput measured so far. */
uint64_t policy_quota(uint64_t quota_sz, uint64_t quota_ms, uint64_t tried, uint64_t spent_ns);

/* The signs that a machine needs its memory. A limit of 0 switches a sign off. */
struct policy_limits {
    uint32_t stall_permille;   /* of the time: some of its tasks waited for memory */
    uint32_t refault_permille; /* of its memory: refaulted in a second */
    uint64_t hold_ns;          /* how long it must be calm before it gets a share again */
};

enum policy_reason { POLICY_RUNS, POLICY_PRESSURE, POLICY_REFAULTS };

/* All members are 0 at the start. */
struct policy_brake {
    enum policy_reason reason; /* why it is left alone; POLICY_RUNS if it is not */
    uint64_t until_ns;
    uint64_t nr_stops;
};

/* Updates the state from the last @elapsed_ns: the tasks of the machine were stalled for @stall_ns, and @refaulted of
 * its
 * @memory bytes refaulted. Returns whether the machine is left alone. A new sign prolongs that. */
bool policy_brake_update(struct policy_brake *brake, const struct policy_limits *limits, uint64_t now_ns,
                         uint64_t elapsed_ns, uint64_t stall_ns, uint64_t refaulted, uint64_t memory);
const char *policy_reason_name(enum policy_reason reason);

/*
 * Counts what was tried in this window of the host, so that shares and the quota hold whenever the windows of the
 * contexts begin. An attempt is allowed only if all that it could try fits.
 */
struct policy_ledger {
    uint64_t quota; /* of the host */
    uint64_t used;
    uint64_t budget_ns; /* time that may be spent in this window; 0: no limit */
    uint64_t spent_ns;
};

void policy_ledger_begin(struct policy_ledger *ledger, uint64_t quota, uint64_t quota_ms);
/* @share and @used belong to the machine, in this window. @most: bytes that the attempt may try. */
bool policy_ledger_allows(const struct policy_ledger *ledger, uint64_t share, uint64_t used, uint64_t most);
void policy_ledger_charge(struct policy_ledger *ledger, uint64_t tried, uint64_t spent_ns);

#endif
