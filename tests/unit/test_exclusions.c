/* SPDX-License-Identifier: MIT */
/* Exclusions: what is on the list is never acted on, whatever schemes and filters say, and a list is taken whole or
 * not. */
#include <errno.h>
#include <unistd.h>

#include "engine/exclusion.h"
#include "scripted.h"

SCRIPTED_FIXTURE(s);

#define RANGE(start_, end_)                                                                                            \
    ((struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {BASE + (start_), BASE + (end_)}})
#define PID(pid_)       ((struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = (pid_)})
#define CGROUP(cgroup_) ((struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = (cgroup_)})

static struct damon_reclaim *begin(int manner)
{
    struct damon_reclaim *ctx;

    scripted_manner(&s, manner);
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms quota_ms=0 quota_sz=0");
    return ctx;
}

static void exclude(struct damon_reclaim *ctx, const struct damon_reclaim_exclusion *list, size_t n)
{
    if (damon_reclaim_set_exclusions(ctx, list, n) < 0)
        ck_abort_msg("%s", damon_reclaim_last_error(ctx));
}

/* How much of [from, until), from the base, was tried since record @first; no attempt may have reached beyond. */
static uint64_t tried_in(size_t first, uint64_t from, uint64_t until)
{
    uint64_t sum = 0;

    for (size_t i = first; i < s.nr_acts; i++) {
        const struct scripted_act *act = &s.acts[i];

        if (!act->reclaim || act->end <= BASE + from || act->start >= BASE + until)
            continue;
        expect(act->start >= BASE + from && act->request.limit_end <= BASE + until);
        sum += act->result.tried;
    }
    return sum;
}

static void expect_untouched(size_t first, uint64_t from, uint64_t until)
{
    for (size_t i = first; i < s.nr_acts; i++)
        expect(!s.acts[i].reclaim || s.acts[i].request.limit_end <= BASE + from || s.acts[i].start >= BASE + until);
}

/* --- ranges ---------------------------------------------------------------------------------------------------- */

TEST_CASES(test_ranges, 2)
{
    struct damon_reclaim_exclusion list[] = {RANGE(40 * MIB, 50 * MIB), RANGE(10 * MIB + 1, 20 * MIB - 1)};
    struct damon_reclaim *ctx = begin(_i);

    exclude(ctx, list, 2);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(tried_in(0, 0, 10 * MIB), 10 * MIB);
    ck_assert_uint_eq(tried_in(0, 20 * MIB, 40 * MIB), 20 * MIB);
    ck_assert_uint_eq(tried_in(0, 50 * MIB, 64 * MIB), 14 * MIB);
    expect_untouched(0, 10 * MIB, 20 * MIB);
    expect_untouched(0, 40 * MIB, 50 * MIB);
    ck_assert_uint_eq(reclaim_stats(ctx).bytes_reclaim_tried_regions, 44 * MIB);
    expect_partition(ctx, 0, s.ranges, 1, PAGE);
}

/* No filter and no scheme of the host program gets around it. */
TEST_CASES(test_before_filters, 2)
{
    static const enum damon_reclaim_action actions[] = {DAMON_RECLAIM_ACTION_STAT, DAMON_RECLAIM_ACTION_COLD};
    struct damon_reclaim_filter all = {
        .type = DAMON_RECLAIM_FILTER_ADDR, .matching = true, .allow = true, .end = UINT64_MAX};
    struct damon_reclaim_scheme scheme = {
        .size = sizeof(scheme), .filters = &all, .nr_filters = 1, .action = actions[_i], .min_age_us = 200000};
    struct damon_reclaim_exclusion range = RANGE(0, 60 * MIB);
    struct damon_reclaim *ctx = begin(BY_PAGE);

    ck_assert_int_eq(damon_reclaim_set_filters(ctx, 0, &all, 1), 0);
    ck_assert_int_eq(damon_reclaim_add_scheme(ctx, &scheme, NULL), 0);
    exclude(ctx, &range, 1);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    expect_untouched(0, 0, 60 * MIB);
    ck_assert_uint_gt(reclaim_scheme_stats(ctx, 1).sz_tried, 0);
    ck_assert_uint_eq(reclaim_scheme_stats(ctx, 1).sz_tried % (4 * MIB), 0);
}

/* Live: from the next attempt on, and again when the list is taken back. */
TEST_CASES(test_live, 2)
{
    struct damon_reclaim_exclusion range = RANGE(0, 32 * MIB);
    struct damon_reclaim *ctx = begin(_i);
    size_t first;

    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_gt(tried_in(0, 0, 64 * MIB), 0);
    exclude(ctx, &range, 1);
    first = s.nr_acts;
    reclaim_aggregate(ctx, 9);
    expect_untouched(first, 0, 32 * MIB);
    ck_assert_uint_gt(tried_in(first, 32 * MIB, 64 * MIB), 0);
    exclude(ctx, NULL, 0);
    first = s.nr_acts;
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_gt(tried_bytes(&s, first, s.nr_acts), 32 * MIB);
}

/* From inside of the callback that is asked about the very region. */
static bool exclude_it(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                       void *userdata)
{
    struct damon_reclaim_exclusion all = RANGE(0, 64 * MIB);

    (void)scheme, (void)region, (void)userdata;
    exclude(ctx, &all, 1);
    return true;
}

TEST(test_from_callback)
{
    struct damon_reclaim *ctx;

    s.callbacks.before_reclaim = exclude_it;
    ctx = scripted_new(&s, 0);
    reclaim_set(ctx, "min_age=500ms");
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    ck_assert_uint_eq(tried_bytes(&s, 0, s.nr_acts), 0);
}

/* What is excluded grows older than all the rest, and must not keep the quota from it. */
TEST(test_priority)
{
    struct damon_reclaim_exclusion range = RANGE(0, 32 * MIB);
    struct damon_reclaim *ctx = begin(BY_PAGE);

    exclude(ctx, &range, 1);
    reclaim_set(ctx, "min_age=200ms quota_sz=1MiB");
    s.accessed = accessed_hot;
    s.hot_start = BASE + 32 * MIB;
    s.hot_end = BASE + 64 * MIB;
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 100);
    s.accessed = NULL; /* idle for far less long than what is excluded */
    reclaim_aggregate(ctx, 12);
    ck_assert_uint_gt(tried_in(0, 32 * MIB, 64 * MIB), 0);
    expect_untouched(0, 0, 32 * MIB);
}

/* The set of ranges itself, against the truth page by page. */
TEST_CASES(test_set, 20)
{
    struct damon_reclaim_range ranges[33];
    struct drcl_exclusion excluded = {.ranges = ranges};
    bool truth[64] = {false};
    uint64_t x = (uint64_t)_i + 1;

    for (size_t n = 0; n < 32; n++) {
        uint64_t start, bytes;

        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        start = (x >> 33) % (60 * PAGE);
        bytes = 1 + (x >> 20) % (n % 2 ? 4 * PAGE : 8);
        drcl_exclusion_add(&excluded, (struct damon_reclaim_range){start, start + bytes}, PAGE);
        for (uint64_t p = start / PAGE; p <= (start + bytes - 1) / PAGE; p++)
            truth[p] = true;
        for (uint64_t p = 0; p < 64; p++) {
            uint64_t until = 64 * PAGE, last = p;

            while (last < 64 && truth[last] == truth[p])
                last++;
            expect(drcl_exclusion_front(&excluded, p * PAGE, &until) == truth[p]);
            expect_eq(until, last * PAGE);
            expect_eq(drcl_exclusion_bytes(&excluded, p * PAGE, (p + 1) * PAGE), truth[p] ? PAGE : 0);
        }
    }
    drcl_exclusion_add(&excluded, (struct damon_reclaim_range){UINT64_MAX - 5, UINT64_MAX}, PAGE);
    expect(drcl_exclusion_bytes(&excluded, UINT64_MAX - PAGE + 1, UINT64_MAX) == PAGE - 1);
}

/* --- processes and cgroups ------------------------------------------------------------------------------------- */

static struct damon_reclaim *begin_excluding(void)
{
    scripted_can_exclude(&s);
    s.processes[0] = (struct scripted_process){.pid = 100};
    s.processes[1] = (struct scripted_process){.pid = 101};
    s.cgroups[0] = (struct scripted_cgroup){"/system.slice/a.service", 77};
    return scripted_new(&s, 0);
}

TEST(test_pid)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 100};
    struct damon_reclaim_exclusion pid = PID(100);
    struct damon_reclaim *ctx = begin_excluding();
    uint32_t id;

    exclude(ctx, &pid, 1);
    ck_assert_uint_eq(s.nr_excluded, 1);
    ck_assert_int_eq(s.excluded[0].pid, 100);
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EPERM, "pid 100");
    target.pid = 101;
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, &id), 0);
    pid.pid = 101;
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, &pid, 1), -EBUSY, "exclusions[0].pid: 101");
    ck_assert_int_eq(s.excluded[0].pid, 100);
    s.processes[1].exited = true; /* whoever gets that pid next is not the target */
    exclude(ctx, &pid, 1);
    target.pid = 100;
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
}

/* A process that runs an excluded command cannot become a target. */
TEST(test_command)
{
    char name[] = "st*";
    struct damon_reclaim_exclusion command = {.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = name};
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 100};
    struct damon_reclaim *ctx = begin_excluding();

    s.processes[0].comm = "strange";
    s.processes[1].comm = "other";
    exclude(ctx, &command, 1);
    memset(name, 'x', sizeof(name) - 1);
    ck_assert_str_eq(s.excluded[0].command, "st*");
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EPERM, "pid 100");
    s.processes[0].comm = NULL; /* its name cannot be read */
    expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EACCES, "/proc/100/comm");
    target.pid = 101;
    ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
}

TEST(test_cgroup)
{
    char path[] = "/system.slice/a.service";
    struct damon_reclaim_exclusion list[] = {CGROUP(path), RANGE(0, MIB)};
    struct damon_reclaim *ctx = begin_excluding();

    exclude(ctx, list, 2);
    ck_assert_uint_eq(s.nr_excluded, 2); /* the whole list */
    ck_assert_ptr_ne(s.excluded[0].cgroup, path);
    memset(path, 'x', sizeof(path) - 1);
    ck_assert_str_eq(s.excluded[0].cgroup, "/system.slice/a.service");
    list[0].cgroup = "/system.slice/../a";
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 1), -EINVAL, "exclusions[0].cgroup");
    ck_assert_uint_eq(s.nr_excluded, 2);
    list[0].cgroup = "/system.slice/later"; /* protected as soon as it exists */
    exclude(ctx, list, 1);
    ck_assert_str_eq(s.excluded[0].cgroup, "/system.slice/later");
}

enum { WATCHES_MEMORY, WATCHES_PROCESSES, NR_WATCHES };

/* A backend that does not know whose memory it is. Processes are kept out where only processes are watched. */
TEST_CASES(test_cannot, NR_WATCHES)
{
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = 100};
    struct damon_reclaim_exclusion pid = PID(100), cgroup = CGROUP("/");
    struct damon_reclaim *ctx;

    s.processes[0] = (struct scripted_process){.pid = 100};
    if (_i == WATCHES_PROCESSES)
        s.ops.features = DAMON_RECLAIM_BACKEND_NEEDS_PID;
    ctx = scripted_new(&s, 0);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, &cgroup, 1), -EOPNOTSUPP, "exclusions[0].cgroup");
    if (_i == WATCHES_PROCESSES) {
        exclude(ctx, &pid, 1);
        expect_error(ctx, damon_reclaim_add_target(ctx, &target, NULL), -EPERM, "pid 100");
    } else {
        expect_error(ctx, damon_reclaim_set_exclusions(ctx, &pid, 1), -EOPNOTSUPP, "exclusions[0].pid");
        ck_assert_int_eq(damon_reclaim_add_target(ctx, &target, NULL), 0);
    }
}

/* --- bad lists ------------------------------------------------------------------------------------------------- */

TEST(test_bad)
{
    struct damon_reclaim_exclusion list[2];
    struct damon_reclaim *ctx = begin_excluding();

    list[0] = RANGE(0, MIB);
    exclude(ctx, list, 1);
    list[1] = RANGE(MIB, MIB);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].range");
    list[1] = PID(0);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].pid");
    list[1] = PID(-5);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].pid");
    list[1] = CGROUP(NULL);
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].cgroup");
    list[1].type = (uint32_t)4;
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].type");
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, NULL, 2), -EINVAL, "exclusions");
    ck_assert_int_eq(damon_reclaim_set_exclusions(NULL, NULL, 0), -EINVAL);
    list[1] = (struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_COMMAND};
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].command");
    list[1].command = "";
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EINVAL, "exclusions[1].command");
    ck_assert_uint_eq(s.nr_excluded, 1); /* the first list still */
    ck_assert_uint_eq(s.excluded[0].range.end, BASE + MIB);
}

/* No number of exclusions is too large. */
TEST(test_many)
{
    static struct damon_reclaim_exclusion list[5000];
    struct damon_reclaim *ctx = begin_excluding();

    for (size_t i = 0; i < 5000; i++)
        list[i] = i % 2 ? PID((pid_t)(1000 + i)) : RANGE(2 * i * PAGE, (2 * i + 1) * PAGE);
    exclude(ctx, list, 5000);
    ck_assert_uint_eq(s.nr_excluded, 5000);
    list[0] = PID(100);
    exclude(ctx, list, 1);
    ck_assert_uint_eq(s.nr_excluded, 1);
}

/* A backend that refuses, and memory that is short: the list before it stays in effect. */
TEST(test_all_or_nothing)
{
    struct damon_reclaim_exclusion old = RANGE(0, 32 * MIB);
    struct damon_reclaim_exclusion list[] = {CGROUP("/system.slice/a.service"), RANGE(32 * MIB, 64 * MIB)};
    struct damon_reclaim *ctx = begin_excluding();

    reclaim_set(ctx, "min_age=500ms");
    exclude(ctx, &old, 1);
    s.fail[OP_EXCLUDE] = -EOPNOTSUPP;
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -EOPNOTSUPP, "scripted");
    s.memory.fail_at = s.memory.nr_calls + 1;
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, list, 2), -ENOMEM, "exclusions");
    s.memory.fail_at = 0;
    ck_assert_uint_eq(s.nr_excluded, 1);
    reclaim_enable(ctx);
    reclaim_aggregate(ctx, 9);
    expect_untouched(0, 0, 32 * MIB);
    ck_assert_uint_gt(tried_in(0, 32 * MIB, 64 * MIB), 0);
}

/* While enabled the timer is set anew; where that fails, the backend gets the old list back. */
TEST(test_taken_back)
{
    struct damon_reclaim_exclusion old = RANGE(0, MIB), new = RANGE(MIB, 2 * MIB);
    struct damon_reclaim *ctx;

    scripted_can_exclude(&s);
    s.ops.now = NULL; /* with a virtual clock the timer stays as it is */
    s.ops.advance = NULL;
    ctx = scripted_new(&s, 0);
    exclude(ctx, &old, 1);
    reclaim_enable(ctx);
    s.system_fail_at = s.nr_system_calls + 1;
    s.system_error = -EIO;
    expect_error(ctx, damon_reclaim_set_exclusions(ctx, &new, 1), -EIO, "timer");
    ck_assert_uint_eq(s.nr_excluded, 1);
    ck_assert_uint_eq(s.excluded[0].range.start, BASE);
}
