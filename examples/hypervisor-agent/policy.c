/* SPDX-License-Identifier: MIT */
#include "policy.h"

#define PAGE        UINT64_C(4096)
#define FIRST_DEAL  8  /* one part in so many of the quota is divided equally */
#define MAX_ROUNDS  64 /* rounds of distributing what others cannot use; each round satisfies at least one machine */
#define NS_PER_MS   UINT64_C(1000000)
#define FIRST_SPEED UINT64_C(4194304) /* bytes per ms until something is measured: the 1024 pages of DAMON's quotas */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The greatest share that the machine can have. */
static uint64_t limit_of(const struct policy_vm *vm)
{
    uint64_t limit = vm->resident > vm->never_below ? vm->resident - vm->never_below : 0;

    if (vm->stopped)
        return 0;
    return vm->cap ? least(limit, vm->cap) : limit;
}

/* How much the machine can use beyond its share: the rest of its cold bytes. */
static uint64_t wants(const struct policy_vm *vm)
{
    uint64_t most = least(limit_of(vm), vm->cold);

    return most > vm->share ? most - vm->share : 0;
}

static long double pull(const struct policy_vm *vm)
{
    return (long double)vm->weight * (long double)vm->cold;
}

/* Divides @rest by weight x cold bytes. Returns what nobody could use in this round. */
static uint64_t deal(struct policy_vm *vms, size_t n, uint64_t rest)
{
    long double sum = 0;
    uint64_t given = 0;

    for (size_t i = 0; i < n; i++)
        if (wants(&vms[i]))
            sum += pull(&vms[i]);
    if (sum <= 0)
        return rest;
    for (size_t i = 0; i < n; i++) {
        uint64_t part, want = wants(&vms[i]);

        if (!want)
            continue;
        part = least(want, (uint64_t)((long double)rest * pull(&vms[i]) / sum));
        part = least(part, rest - given);
        vms[i].share += part;
        given += part;
    }
    return rest - given;
}

/* Gives every machine the same. If that is less than a page, some machines get a page, and others get one in the next
 * window. Returns what is left. */
static uint64_t first_deal(struct policy_vm *vms, size_t n, uint64_t quota, size_t active, uint64_t turn)
{
    uint64_t pot = quota / FIRST_DEAL, each = pot / active, given = 0;

    if (pot < PAGE)
        pot = least(quota, PAGE);
    if (each < PAGE)
        each = PAGE;
    for (size_t i = 0; i < n && pot - given >= each; i++) {
        struct policy_vm *vm = &vms[(i + turn) % n];

        vm->share = least(limit_of(vm), each);
        given += vm->share;
    }
    return quota - given;
}

/* What the back-off takes from a share is not given to others: reclaiming elsewhere instead would not help a host that
 * thrashes. */
static void settle(struct policy_vm *vm)
{
    uint64_t share = vm->share;

    if (vm->factor < 1000)
        share = share / 1000 * vm->factor + share % 1000 * vm->factor / 1000;
    if (share < PAGE && vm->share >= PAGE)
        share = PAGE;
    vm->share = share & ~(PAGE - 1);
}

void policy_divide(struct policy_vm *vms, size_t n, uint64_t quota, uint64_t turn)
{
    uint64_t rest, left;
    size_t active = 0;

    for (size_t i = 0; i < n; i++) {
        vms[i].share = quota == POLICY_NO_LIMIT ? limit_of(&vms[i]) : 0;
        active += limit_of(&vms[i]) > 0;
    }
    if (active && quota != POLICY_NO_LIMIT) {
        rest = first_deal(vms, n, quota, active, turn);
        for (int round = 0; round < MAX_ROUNDS && rest >= PAGE; round++, rest = left) {
            left = deal(vms, n, rest);
            if (left == rest)
                break;
        }
    }
    for (size_t i = 0; i < n; i++)
        settle(&vms[i]);
}

uint64_t policy_cold(const struct damon_reclaim_region *regions, size_t n, uint64_t aggr_ns, uint64_t idle_ns,
                     uint64_t resident)
{
    uint64_t cold = 0, accessed = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t size = regions[i].end - regions[i].start;

        if (regions[i].nr_accesses)
            accessed += size;
        else if (aggr_ns && regions[i].age >= idle_ns / aggr_ns)
            cold += size;
    }
    return least(cold, resident > accessed ? resident - accessed : 0);
}

uint64_t policy_quota(uint64_t quota_sz, uint64_t quota_ms, uint64_t tried, uint64_t spent_ns)
{
    uint64_t quota = quota_sz ? quota_sz : POLICY_NO_LIMIT;
    long double by_time;

    if (!quota_ms)
        return quota;
    by_time = tried && spent_ns ? (long double)tried * (long double)(quota_ms * NS_PER_MS) / (long double)spent_ns
                                : (long double)(quota_ms * FIRST_SPEED);
    if (by_time < (long double)quota)
        quota = by_time > (long double)PAGE ? (uint64_t)by_time : PAGE;
    return quota;
}

static enum policy_reason cause(const struct policy_limits *limits, uint64_t elapsed_ns, uint64_t stall_ns,
                                uint64_t refaulted, uint64_t memory)
{
    if (!elapsed_ns)
        return POLICY_RUNS;
    if (limits->stall_permille && (long double)stall_ns * 1000 > (long double)elapsed_ns * limits->stall_permille)
        return POLICY_PRESSURE;
    if (limits->refault_permille && memory &&
        (long double)refaulted * 1000 * 1e9L > (long double)memory * limits->refault_permille * elapsed_ns)
        return POLICY_REFAULTS;
    return POLICY_RUNS;
}

bool policy_brake_update(struct policy_brake *brake, const struct policy_limits *limits, uint64_t now_ns,
                         uint64_t elapsed_ns, uint64_t stall_ns, uint64_t refaulted, uint64_t memory)
{
    enum policy_reason reason = cause(limits, elapsed_ns, stall_ns, refaulted, memory);

    if (reason != POLICY_RUNS) {
        brake->nr_stops += brake->reason == POLICY_RUNS;
        brake->reason = reason;
        brake->until_ns = now_ns + limits->hold_ns;
    } else if (now_ns >= brake->until_ns) {
        brake->reason = POLICY_RUNS;
    }
    return brake->reason != POLICY_RUNS;
}

const char *policy_reason_name(enum policy_reason reason)
{
    static const char *const names[] = {"runs", "pressure", "refaults"};

    return names[reason];
}

void policy_ledger_begin(struct policy_ledger *ledger, uint64_t quota, uint64_t quota_ms)
{
    *ledger = (struct policy_ledger){.quota = quota, .budget_ns = quota_ms * NS_PER_MS};
}

bool policy_ledger_allows(const struct policy_ledger *ledger, uint64_t share, uint64_t used, uint64_t most)
{
    if (ledger->budget_ns && ledger->spent_ns >= ledger->budget_ns)
        return false;
    return most && used <= share && most <= share - used && ledger->used <= ledger->quota &&
           most <= ledger->quota - ledger->used;
}

void policy_ledger_charge(struct policy_ledger *ledger, uint64_t tried, uint64_t spent_ns)
{
    ledger->used += tried;
    ledger->spent_ns += spent_ns;
}
