/* SPDX-License-Identifier: MIT */
/* What the reverse map is made of, against simple models: sets of frames, and the table of their owners. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pages/owners/frame_set.h"
#include "pages/owners/owners.h"
#include "fake.h"

#define FRAMES 400

static uint64_t state;

static uint64_t below(uint64_t n)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (state >> 33) % n;
}

static void check_set(const struct drcl_frame_set *set, const bool *model)
{
    size_t members = 0;

    for (size_t i = 0; i < set->n; i++) {
        if (set->at[i].start >= set->at[i].end || (i > 0 && set->at[i - 1].end >= set->at[i].start))
            ck_abort_msg("range %zu is empty or touches the one before", i);
        for (uint64_t k = set->at[i].start; k < set->at[i].end; k++, members++)
            if (!model[k])
                ck_abort_msg("%llu is in the set", (unsigned long long)k);
    }
    for (size_t i = 0; i < FRAMES; i++)
        members -= model[i];
    ck_assert_uint_eq(members, 0);
}

static void check_has(const struct drcl_frame_set *set, const bool *model, uint64_t start, uint64_t end)
{
    struct drcl_frame_range gap;
    uint64_t at = start, gaps = 0, absent = 0;

    for (uint64_t i = start; i < end; i++)
        absent += !model[i];
    while (drcl_frame_set_gap(set, &at, end, &gap)) {
        for (uint64_t i = gap.start; i < gap.end; i++, gaps++)
            if (model[i] || i < start || i >= end)
                ck_abort_msg("%llu is no gap", (unsigned long long)i);
    }
    ck_assert_uint_eq(gaps, absent);
    ck_assert_int_eq(drcl_frame_set_has(set, start, end), absent == 0);
}

TEST_CASES(test_frame_set, 20)
{
    struct fake *f = fake_open();
    struct drcl_frame_set set = {0};
    bool model[FRAMES] = {false};

    state = (uint64_t)_i;
    for (int i = 0; i < 300; i++) {
        uint64_t start = below(FRAMES), end = start + 1 + below(FRAMES - start < 9 ? FRAMES - start : 9);

        ck_assert_int_eq(drcl_frame_set_reserve(&set, &f->env, set.n + 1), 0);
        drcl_frame_set_add(&set, start, end);
        memset(model + start, true, (size_t)(end - start));
        check_set(&set, model);
        start = below(FRAMES);
        check_has(&set, model, start, start + 1 + below(FRAMES - start));
        if (set.n > 25) {
            size_t least = FRAMES, widened = 0, n = set.n;

            for (size_t k = 1; k < set.n; k++)
                least = set.at[k].start - set.at[k - 1].end < least ? set.at[k].start - set.at[k - 1].end : least;
            drcl_frame_set_widen(&set);
            ck_assert_uint_eq(set.n, n - 1);
            for (size_t k = 0; k < set.n; k++)
                for (uint64_t at = set.at[k].start; at < set.at[k].end; at++) {
                    widened += !model[at];
                    model[at] = true;
                }
            ck_assert_uint_eq(widened, least);
        }
    }
    f->memory.fail_at = f->memory.nr_calls + 1;
    ck_assert_int_eq(drcl_frame_set_reserve(&set, &f->env, 100000), -ENOMEM);
    check_set(&set, model);
    drcl_frame_set_fini(&set, &f->env);
    fake_close(f);
}

struct model {
    pid_t pid;
    uint64_t addr;
};

static void check_owners(const struct drcl_owners *owners, const struct model *model, uint64_t base)
{
    for (size_t i = 0; i < 4 * DRCL_OWNERS_BLOCK; i++) {
        struct drcl_run run;
        bool found = drcl_owners_find(owners, base + i, &run);

        if (found != (model[i].pid != 0))
            ck_abort_msg("frame %zu is %sfound", i, found ? "" : "not ");
        if (!found)
            continue;
        if (run.pfn != base + i || run.pid != model[i].pid || run.addr != model[i].addr || run.pages < 1 ||
            run.pages > DRCL_OWNERS_BLOCK)
            ck_abort_msg("frame %zu: wrong answer", i);
    }
}

/* Runs of any length, over block borders and over each other: the last one counts. */
TEST_CASES(test_owners, 10)
{
    static struct model model[4 * DRCL_OWNERS_BLOCK];
    const uint64_t base = _i ? UINT64_C(1) << 40 : 0;
    struct fake *f = fake_open();
    struct drcl_owners owners;
    const pid_t gone = 3;
    size_t n;

    state = (uint64_t)_i;
    memset(model, 0, sizeof(model));
    drcl_owners_init(&owners, &f->env, 1 << 20);
    check_owners(&owners, model, base);
    for (int i = 0; i < 200; i++) {
        struct drcl_run run = {.pfn = below(4 * DRCL_OWNERS_BLOCK), .addr = below(1 << 30) * PAGE};

        run.pid = (pid_t)(1 + below(2));
        run.pages = 1 + below(4 * DRCL_OWNERS_BLOCK - run.pfn);
        run.pages = below(2) && run.pages > 3 ? 3 : run.pages;
        for (uint64_t k = 0; k < run.pages; k++)
            model[run.pfn + k] = (struct model){run.pid, run.addr + k * PAGE};
        run.pfn += base;
        ck_assert_int_eq(drcl_owners_add(&owners, run), 0);
        if (i % 20 == 0)
            check_owners(&owners, model, base);
    }
    check_owners(&owners, model, base);
    n = owners.n;
    for (uint64_t i = 0; i < 100; i++) /* over all the others, and taken out again */
        ck_assert_int_eq(drcl_owners_add(&owners, (struct drcl_run){base + i * 9, i * PAGE, 5, gone}), 0);
    drcl_owners_forget(&owners, &gone, 1);
    ck_assert_uint_eq(owners.n, n);
    check_owners(&owners, model, base);
    drcl_owners_truncate(&owners, 0);
    memset(model, 0, sizeof(model));
    check_owners(&owners, model, base);
    drcl_owners_fini(&owners);
    ck_assert_uint_eq(drcl_owners_bytes(&owners), 0);
    fake_close(f);
}

TEST(test_owners_bound)
{
    const struct drcl_run run = {.pfn = 5, .addr = PAGE, .pages = 1, .pid = 1};
    struct fake *f = fake_open();
    struct drcl_owners owners;
    size_t n = 0;

    drcl_owners_init(&owners, &f->env, 1000);
    ck_assert_int_eq(drcl_owners_add(&owners, run), -ENOSPC);
    drcl_owners_fini(&owners);
    drcl_owners_init(&owners, &f->env, 10000);
    for (size_t i = 1; i <= 4; i++) {
        f->memory.fail_at = f->memory.nr_calls + i;
        if (drcl_owners_add(&owners, run) < 0)
            ck_assert_uint_le(i, 2);
        else
            n++;
    }
    f->memory.fail_at = 0;
    while (drcl_owners_add(&owners, run) == 0)
        n++;
    ck_assert_int_eq(drcl_owners_add(&owners, run), -ENOSPC);
    ck_assert_uint_eq(owners.n, n);
    ck_assert_uint_eq(n, 256);
    ck_assert_uint_le(drcl_owners_bytes(&owners), 10000);
    drcl_owners_fini(&owners);
    fake_close(f);
}
