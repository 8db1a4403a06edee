/* SPDX-License-Identifier: MIT */
/* How the host's quota is divided, when a machine is left alone, and that the sum holds. */
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "suite.h"

#define PAGE UINT64_C(4096)
#define MIB  (UINT64_C(1) << 20)
#define SEC  UINT64_C(1000000000)

static struct policy_vm vm(uint64_t resident, uint64_t cold)
{
    return (struct policy_vm){.weight = 100, .factor = 1000, .cold = cold, .resident = resident};
}

static uint64_t sum(const struct policy_vm *vms, size_t n)
{
    uint64_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += vms[i].share;
    return total;
}

/* Of 80 MiB each gets a sixteenth; the rest is divided by what is cold, times the weight: here 3 to 1. */
TEST(test_by_coldness_and_weight)
{
    struct policy_vm colder[] = {vm(1000 * MIB, 600 * MIB), vm(1000 * MIB, 200 * MIB)};
    struct policy_vm heavier[] = {vm(1000 * MIB, 400 * MIB), vm(1000 * MIB, 400 * MIB)};

    heavier[0].weight = 300;
    policy_divide(colder, 2, 80 * MIB, 0);
    policy_divide(heavier, 2, 80 * MIB, 0);
    ck_assert_uint_eq(colder[0].share, (uint64_t)(57.5 * MIB));
    ck_assert_uint_eq(colder[1].share, (uint64_t)(22.5 * MIB));
    ck_assert_uint_eq(heavier[0].share, (uint64_t)(57.5 * MIB));
    ck_assert_uint_eq(heavier[1].share, (uint64_t)(22.5 * MIB));
}

/* What one cannot use goes to the others. */
TEST(test_rest_goes_round)
{
    struct policy_vm vms[] = {vm(1000 * MIB, 500 * MIB), vm(1000 * MIB, 500 * MIB), vm(1000 * MIB, 500 * MIB)};

    vms[0].cap = 8 * MIB;
    vms[1].never_below = 980 * MIB;
    policy_divide(vms, 3, 120 * MIB, 0);
    ck_assert_uint_eq(vms[0].share, 8 * MIB);
    ck_assert_uint_eq(vms[1].share, 20 * MIB);
    ck_assert_uint_ge(vms[2].share, 92 * MIB - 2 * PAGE);
    ck_assert_uint_le(sum(vms, 3), 120 * MIB);
}

TEST(test_left_alone)
{
    struct policy_vm vms[] = {vm(1000 * MIB, 500 * MIB), vm(1000 * MIB, 500 * MIB), vm(100 * MIB, 100 * MIB)};

    vms[0].stopped = true;
    vms[2].never_below = 100 * MIB;
    policy_divide(vms, 3, 64 * MIB, 0);
    ck_assert_uint_eq(vms[0].share, 0);
    ck_assert_uint_eq(vms[2].share, 0);
    ck_assert_uint_ge(vms[1].share, 64 * MIB - PAGE);
}

TEST(test_back_off)
{
    struct policy_vm vms[] = {vm(1000 * MIB, 500 * MIB), vm(1000 * MIB, 500 * MIB)};

    vms[0].factor = 10;
    policy_divide(vms, 2, 80 * MIB, 0);
    ck_assert_uint_eq(vms[0].share, 40 * MIB / 100 / PAGE * PAGE);
    ck_assert_uint_eq(vms[1].share, 40 * MIB);
}

TEST(test_no_limit)
{
    struct policy_vm vms[] = {vm(1000 * MIB, 500 * MIB), vm(10 * MIB, 0)};

    vms[0].never_below = 400 * MIB;
    policy_divide(vms, 2, POLICY_NO_LIMIT, 0);
    ck_assert_uint_eq(vms[0].share, 600 * MIB);
    ck_assert_uint_eq(vms[1].share, 10 * MIB);
}

/* With less than a page for each, all of them get some sooner or later. */
TEST(test_no_starvation)
{
    struct policy_vm vms[100];
    uint64_t got[100] = {0};

    for (uint64_t turn = 0; turn < 100; turn++) {
        for (size_t i = 0; i < 100; i++)
            vms[i] = vm(64 * MIB, i ? 0 : 64 * MIB); /* one is colder by far */
        policy_divide(vms, 100, 16 * PAGE, turn);
        ck_assert_uint_le(sum(vms, 100), 16 * PAGE);
        for (size_t i = 0; i < 100; i++)
            got[i] += vms[i].share;
    }
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_ge(got[i], PAGE);
}

/* Whatever the machines are like: never more than the quota, nor than each may lose. */
TEST(test_never_more)
{
    struct policy_vm vms[32];

    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)rand() % 32;
        uint64_t quota = ((uint64_t)rand() << (rand() % 12)) + PAGE;

        for (size_t i = 0; i < n; i++) {
            vms[i] = (struct policy_vm){
                .stopped = rand() % 8 == 0,
                .weight = 1 + (uint32_t)rand() % 10000,
                .factor = (uint32_t)rand() % 1001,
                .resident = (uint64_t)rand() << (rand() % 12),
                .never_below = rand() % 2 ? (uint64_t)rand() << (rand() % 8) : 0,
                .cap = rand() % 4 ? 0 : (uint64_t)rand(),
            };
            vms[i].cold = vms[i].resident / (1 + (uint64_t)rand() % 5);
        }
        policy_divide(vms, n, quota, (uint64_t)round);
        if (sum(vms, n) > quota)
            ck_abort_msg("round %d: %llu of %llu", round, (unsigned long long)sum(vms, n), (unsigned long long)quota);
        for (size_t i = 0; i < n; i++) {
            uint64_t spare = vms[i].resident > vms[i].never_below ? vms[i].resident - vms[i].never_below : 0;

            if (vms[i].share > spare || (vms[i].cap && vms[i].share > vms[i].cap) || (vms[i].stopped && vms[i].share) ||
                vms[i].share % PAGE)
                ck_abort_msg("round %d, machine %zu", round, i);
        }
    }
}

TEST(test_cold)
{
    const struct damon_reclaim_region regions[] = {
        {.start = 0, .end = 10 * MIB, .nr_accesses = 3, .age = 500},
        {.start = 10 * MIB, .end = 40 * MIB, .nr_accesses = 0, .age = 20},
        {.start = 40 * MIB, .end = 100 * MIB, .nr_accesses = 0, .age = 19},
    };

    ck_assert_uint_eq(policy_cold(regions, 3, SEC / 10, 2 * SEC, 100 * MIB), 30 * MIB);
    /* Most of it is gone already: what was accessed is there, so 15 MiB at most are cold. */
    ck_assert_uint_eq(policy_cold(regions, 3, SEC / 10, 2 * SEC, 25 * MIB), 15 * MIB);
    ck_assert_uint_eq(policy_cold(regions, 3, SEC / 10, 2 * SEC, 5 * MIB), 0);
    ck_assert_uint_eq(policy_cold(NULL, 0, SEC / 10, 2 * SEC, 5 * MIB), 0);
}

TEST(test_quota)
{
    ck_assert_uint_eq(policy_quota(0, 0, 0, 0), POLICY_NO_LIMIT);
    ck_assert_uint_eq(policy_quota(MIB, 0, 0, 0), MIB);
    ck_assert_uint_eq(policy_quota(0, 10, 0, 0), 40 * MIB);
    ck_assert_uint_eq(policy_quota(128 * MIB, 10, 100 * MIB, SEC), MIB);
    ck_assert_uint_eq(policy_quota(MIB / 2, 10, 100 * MIB, SEC), MIB / 2);
    ck_assert_uint_eq(policy_quota(0, 10, 1, SEC), PAGE);
}

static const struct policy_limits limits = {.stall_permille = 100, .refault_permille = 10, .hold_ns = 10 * SEC};

TEST(test_brake)
{
    struct policy_brake brake = {0};

    ck_assert_int_eq(policy_brake_update(&brake, &limits, 1 * SEC, SEC, SEC / 10, MIB, 100 * MIB), false);
    ck_assert_int_eq(policy_brake_update(&brake, &limits, 2 * SEC, SEC, 0, 2 * MIB, 100 * MIB), true);
    ck_assert_int_eq(brake.reason, POLICY_REFAULTS);
    ck_assert_int_eq(policy_brake_update(&brake, &limits, 5 * SEC, SEC, SEC / 2, 0, 100 * MIB), true);
    ck_assert_int_eq(brake.reason, POLICY_PRESSURE);
    ck_assert_int_eq(policy_brake_update(&brake, &limits, 14 * SEC, SEC, 0, 0, 100 * MIB), true);
    ck_assert_int_eq(policy_brake_update(&brake, &limits, 15 * SEC, SEC, 0, 0, 100 * MIB), false);
    ck_assert_uint_eq(brake.nr_stops, 1);
    ck_assert_int_eq(policy_brake_update(&brake, &(struct policy_limits){0}, 16 * SEC, SEC, SEC, 100 * MIB, 100 * MIB),
                     false);
}

TEST(test_ledger)
{
    struct policy_ledger ledger;

    policy_ledger_begin(&ledger, 10 * MIB, 5);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 6 * MIB), true);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 6 * MIB + PAGE), false);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 6 * MIB, PAGE), false);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 7 * MIB, PAGE), false); /* the share has become smaller */
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 0), false);
    policy_ledger_charge(&ledger, 6 * MIB, 1000000);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 5 * MIB), false);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 4 * MIB), true);
    policy_ledger_charge(&ledger, MIB, 4000000);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, PAGE), false);
    policy_ledger_begin(&ledger, POLICY_NO_LIMIT, 0);
    policy_ledger_charge(&ledger, MIB, SEC);
    ck_assert_int_eq(policy_ledger_allows(&ledger, 6 * MIB, 0, 6 * MIB), true);
}
