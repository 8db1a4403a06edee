/* SPDX-License-Identifier: MIT */
/* Physical memory: what is excluded, pages of files that nobody maps, and samples. */
#include <errno.h>
#include <unistd.h>

#include "pages_life.h"

/* --- exclusions -----------------------------------------------------------------------------------------------------
 */

static const struct damon_reclaim_exclusion exclude_p = {.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = 4242};
static const struct damon_reclaim_exclusion exclude_a = {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a"};
static const struct damon_reclaim_exclusion exclude_page = {.type = DAMON_RECLAIM_EXCLUDE_RANGE, .range = {0, PAGE}};

static void exclude(const struct damon_reclaim_exclusion *exclusion)
{
    ck_assert_int_eq(ops->exclude(backend, exclusion, exclusion != NULL), 0);
}

TEST_OF(PHYSICAL_MEMORY, test_caller)
{
    struct fake_process *self = fake_process(f, getpid());

    fake_map(f, self, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(self, BASE, 64), 64);
}

TEST_OF(PHYSICAL_MEMORY, test_excluded_process)
{
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    exclude(&exclude_p);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
    exclude(NULL);
    f->now_ns += 61 * SEC; /* the table of owners is made anew */
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
}

/* All processes of a command: one that starts after the owners were found out, and one that becomes one of them. */
TEST_CASES_OF(PHYSICAL_MEMORY, test_excluded_command, 3)
{
    static const struct damon_reclaim_exclusion command[] = {
        {.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = "postgres"},
        {.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = "a-very-long-name"},
        {.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = "my*"}};
    static const char *const names[] = {"postgres", "a-very-long-nam", "mysqld"};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    ck_assert_int_eq(ops->exclude(backend, command, 3), 0);
    mark();
    p->comm = names[_i];
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
    ck_assert_uint_ge(result.not_reclaimable, 64 * PAGE);
    p->comm = "post";
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
}

/* Whether a process runs an excluded command cannot be found out: nothing of it is reclaimed. */
TEST_OF(PHYSICAL_MEMORY, test_command_unknown)
{
    static const struct damon_reclaim_exclusion command = {.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = "x"};

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    exclude(&command);
    mark();
    f->missing = "/comm";
    f->missing_error = -EMFILE;
    ck_assert_int_eq(try_reclaim(), -EMFILE);
    says(f->env.error, "/proc/4242/comm");
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

/* No number of processes is too large. */
TEST_OF(PHYSICAL_MEMORY, test_many_processes)
{
    static struct damon_reclaim_exclusion many[10000];

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    for (size_t i = 0; i < NUMBER_OF(many); i++)
        many[i] = (struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_PID, .pid = (pid_t)(20000 - i)};
    many[777].pid = p->pid;
    ck_assert_int_eq(ops->exclude(backend, many, NUMBER_OF(many)), 0);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

/* A cgroup with those below it, also one that is made later. */
TEST_OF(PHYSICAL_MEMORY, test_excluded_cgroup)
{
    struct fake_process *r = fake_process(f, 4444);

    fake_cgroup(f, "/a", 17);
    fake_cgroup(f, "/a/b", 18);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_map(f, r, BASE, 64, FAKE_SMALL);
    fake_charge(f, p, BASE, 32, 17);
    fake_charge(f, p, BASE + 32 * PAGE, 32, 18);
    fake_charge(f, q, BASE, 64, 19);
    exclude(&exclude_a);
    fake_cgroup(f, "/a/c", 19);
    f->now_ns += 2 * SEC;
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64) + fake_resident(q, BASE, 64), 128);
    f->missing = "/sys/fs/cgroup/a";
    f->now_ns += 2 * SEC;
    mark_and_reclaim();
    ck_assert_str_eq(f->env.error, "");
}

/* Pages of a cgroup are protected from the first one on: one that is made below an excluded one, one that is made after
 * it was excluded, and one that was removed and is made again. */
TEST_CASES_OF(PHYSICAL_MEMORY, test_cgroup_of_today, 3)
{
    static const struct damon_reclaim_exclusion both[] = {
        {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a"},
        {.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/sys/fs/cgroup/late"}};

    fake_cgroup(f, "/a", 17);
    fake_cgroup(f, "/other", 40);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_charge(f, q, BASE, 64, 40);
    ck_assert_int_eq(ops->exclude(backend, both, 2), 0);
    mark();
    if (_i == 0)
        fake_cgroup(f, "/a/new", 18);
    else if (_i == 1)
        fake_cgroup(f, "/late", 18);
    else
        fake_cgroup_remove(f, "/a");
    if (_i == 2)
        fake_cgroup(f, "/a", 18);
    fake_charge(f, p, BASE, 64, 18);
    reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

/* Whether a cgroup is excluded that was not there before cannot be found out: nothing is reclaimed. */
TEST_OF(PHYSICAL_MEMORY, test_cgroup_unknown)
{
    fake_cgroup(f, "/a", 17);
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    exclude(&exclude_a);
    mark();
    fake_cgroup(f, "/a/new", 18);
    fake_charge(f, p, BASE, 64, 18);
    f->missing = "/sys/fs/cgroup/a";
    f->missing_error = -EMFILE;
    ck_assert_int_eq(try_reclaim(), -EMFILE);
    says(f->env.error, "/sys/fs/cgroup/a");
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

/* Pages of a cgroup without the memory controller are charged to the one above it, and protected there. */
TEST_OF(PHYSICAL_MEMORY, test_cgroup_without_controller)
{
    fake_cgroup(f, "/a", 17);
    fake_cgroup(f, "/a/b", 18)->no_memory = true;
    fake_cgroup(f, "/a/b/c", 19)->no_memory = true;
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, q, BASE, 64, FAKE_SMALL);
    fake_charge(f, p, BASE, 64, 17);
    ck_assert_int_eq(
        ops->exclude(backend,
                     &(struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_CGROUP, .cgroup = "/a/b/c"}, 1),
        0);
    mark_and_reclaim();
    EXPECT(reclaimed, 64);
    ck_assert_uint_eq(fake_resident(p, BASE, 64), 64);
}

TEST_OF(PHYSICAL_MEMORY, test_cgroup_without_kpagecgroup)
{
    fake_cgroup(f, "/a", 17);
    f->missing = "/proc/kpagecgroup";
    ck_assert_int_eq(ops->exclude(backend, &exclude_a, 1), -ENOENT);
    says(f->env.error, "CONFIG_MEMCG");
}

/* --- files that nobody maps -------------------------------------------------------------------------------------- */

TEST_OF(PHYSICAL_MEMORY, test_unmapped)
{
    size_t first = fake_cache(f, 100, 17), other = fake_cache(f, 10, 99);

    fake_cgroup(f, "/a", 17);
    f->frames[first + 2].flags |= DRCL_KPF_DIRTY;
    f->frames[first + 3].flags |= DRCL_KPF_SWAPBACKED; /* of tmpfs */
    mark();
    f->frames[first + 1].accessed = true;
    reclaim();
    EXPECT(tried, 97);
    EXPECT(reclaimed, 97);
    EXPECT(accessed, 1);
    ck_assert_uint_eq(fake_cached(f, first, 100), 3);
    ck_assert_uint_eq(fake_cached(f, other, 10), 10); /* there is no cgroup with this number */
    ck_assert_uint_eq(f->nr_reclaim, 1);
}

/* The library does not ask a cgroup for its file pages where it could not tell the kernel which are to stay. */
enum {
    KERNEL_REFUSES,
    CALLER_IN_IT,
    EXCLUDED_IN_IT,
    COMMAND_IN_IT,
    EXCLUDED_RANGE,
    FILTER_BY_PAGE,
    CGROUP_BELOW,
    NO_KPAGECGROUP,
    OTHER_ACTION,
    NR_OBSTACLES
};

TEST_CASES_OF(PHYSICAL_MEMORY, test_unmapped_stays, NR_OBSTACLES)
{
    struct damon_reclaim_filter active = {.type = DAMON_RECLAIM_FILTER_ACTIVE, .matching = true};
    struct fake_cgroup *a = fake_cgroup(f, "/a", 17);
    size_t first = fake_cache(f, 100, 17);

    switch (_i) {
    case KERNEL_REFUSES:
        a->reclaim_error = -EINVAL;
        break;
    case CALLER_IN_IT:
        f->own_cgroup = "/a";
        break;
    case EXCLUDED_IN_IT:
        p->cgroup = "/a";
        exclude(&exclude_p);
        break;
    case COMMAND_IN_IT:
        p->cgroup = "/a";
        exclude(&(const struct damon_reclaim_exclusion){.type = DAMON_RECLAIM_EXCLUDE_COMMAND, .command = "f?ke"});
        break;
    case EXCLUDED_RANGE:
        exclude(&exclude_page);
        break;
    case FILTER_BY_PAGE:
        request.filters = &active;
        request.nr_filters = 1;
        break;
    case CGROUP_BELOW:
        fake_cgroup(f, "/a/b", 18);
        break;
    case NO_KPAGECGROUP:
        f->missing = "/proc/kpagecgroup";
        break;
    default:
        request.action = DAMON_RECLAIM_ACTION_COLD;
        break;
    }
    mark_and_reclaim();
    EXPECT(tried, 0);
    ck_assert_uint_ge(result.not_reclaimable, 100 * PAGE);
    ck_assert_uint_eq(fake_cached(f, first, 100), 100);
}

/* A process is excluded when its cgroup was asked before. */
TEST_OF(PHYSICAL_MEMORY, test_excluded_later)
{
    size_t first;

    fake_cgroup(f, "/a", 17);
    p->cgroup = "/a";
    fake_cache(f, 100, 17);
    mark_and_reclaim();
    EXPECT(reclaimed, 100);
    exclude(&exclude_p);
    first = fake_cache(f, 50, 17);
    mark_and_reclaim();
    ck_assert_uint_eq(fake_cached(f, first, 50), 50);
    /* Or it moves into a cgroup that is known. */
    p->cgroup = NULL;
    f->now_ns += 20 * SEC;
    mark_and_reclaim();
    ck_assert_uint_eq(fake_cached(f, first, 50), 0);
    p->cgroup = "/a";
    first = fake_cache(f, 50, 17);
    mark_and_reclaim();
    ck_assert_uint_eq(fake_cached(f, first, 50), 50);
}

/* The kernel reclaimed less than it was asked for: the cgroup is not asked again at once. */
TEST_OF(PHYSICAL_MEMORY, test_unmapped_less)
{
    struct fake_cgroup *a = fake_cgroup(f, "/a", 17);
    size_t first = fake_cache(f, 100, 17);

    a->reclaim_error = -EAGAIN;
    mark_and_reclaim();
    EXPECT(tried, 100);
    EXPECT(reclaimed, 0);
    mark_and_reclaim();
    EXPECT(tried, 0);
    a->reclaim_error = 0;
    f->now_ns += 11 * SEC;
    mark_and_reclaim();
    EXPECT(reclaimed, 100);
    ck_assert_uint_eq(fake_cached(f, first, 100), 0);
}

/* --- sampling ---------------------------------------------------------------------------------------------------- */

TEST_CASES_OF(PHYSICAL_MEMORY, test_samples, 2)
{
    static const uint64_t intervals_ns[] = {0, 300000000};
    uint64_t addrs[8];

    fake_map(f, p, BASE, 64, FAKE_SMALL);
    fake_map(f, p, BASE + 512 * PAGE, 1024, FAKE_HUGE);
    fake_map(f, p, BASE + 2048 * PAGE, 64, FAKE_MEDIUM);
    fake_map(f, p, BASE + 4096 * PAGE, 512, FAKE_HUGETLB);
    addrs[0] = fake_physical(p, BASE);
    addrs[1] = fake_physical(p, BASE + 3 * PAGE);
    addrs[2] = fake_physical(p, BASE + 700 * PAGE);
    addrs[3] = fake_physical(p, BASE + 1100 * PAGE);
    addrs[4] = fake_physical(p, BASE + (2048 + 5) * PAGE);
    addrs[5] = fake_physical(p, BASE + (2048 + 37) * PAGE);
    addrs[6] = fake_physical(p, BASE + 4200 * PAGE);
    addrs[7] = END - 5 * PAGE; /* free */
    for (int tick = 0; tick < 40; tick++) {
        prepare(addrs, 8);
        fake_touch(f, p, BASE + 3 * PAGE);
        fake_touch(f, p, BASE + 1500 * PAGE); /* another page of the same huge one */
        fake_touch(f, p, BASE + (2048 + 33) * PAGE);
        fake_touch(f, p, BASE + 4100 * PAGE);
        f->now_ns += intervals_ns[_i];
        expect_accessed(addrs, 8, "01010100");
    }
}

/* Samples of memory that is nobody's cost next to nothing, once that is known. */
TEST_OF(PHYSICAL_MEMORY, test_samples_of_nothing)
{
    uint64_t addrs[16];

    for (int i = 0; i < 16; i++)
        addrs[i] = END - (16 - (uint64_t)i) * 64 * PAGE;
    for (int tick = 0; tick < 50; tick++) {
        if (tick == 10)
            f->nr_calls = 0;
        prepare(addrs, 16);
        expect_accessed(addrs, 16, "0000000000000000");
    }
    ck_assert_uint_le(f->nr_calls, 4);
}

/* A request for blocks that are nobody's reads four frames of each, and all of them twice in 128 s. When much of a
 * block has come into use, that is seen at once. */
TEST_CASES_OF(PHYSICAL_MEMORY, test_attempts_on_nothing, 2)
{
    static const enum fake_kind kinds[] = {FAKE_SMALL, FAKE_HUGE};
    size_t reads, most = 0, whole = 0;

    request.start = END / 2;
    for (int second = 0; second < 128; second++, f->now_ns += SEC) {
        reads = f->nr_kpageflags;
        reclaim();
        EXPECT(not_reclaimable, (END - request.start) / PAGE);
        reads = f->nr_kpageflags - reads;
        most = reads > most ? reads : most;
        whole += reads == END / 2 / HUGE_PAGE; /* one call takes all of a block */
    }
    ck_assert_uint_eq(most, END / 2 / HUGE_PAGE * 4);
    ck_assert_uint_eq(whole, 2);
    f->next_frame = FAKE_FRAMES / 2 + 1024;
    fake_map(f, p, BASE, 512, kinds[_i]);
    mark_and_reclaim();
    ck_assert_uint_eq(fake_resident(p, BASE, 512), 0);
}

/* A sample does not make the library forget that a block is nobody's; but when the sampled page has come into use, the
 * block is looked at. */
TEST_OF(PHYSICAL_MEMORY, test_attempts_among_samples)
{
    uint64_t addr = END - HUGE_PAGE + 100 * PAGE;

    request.start = END - HUGE_PAGE;
    for (int second = 0; second < 30; second++, f->now_ns += SEC) {
        size_t reads;

        prepare(&addr, 1);
        expect_accessed(&addr, 1, "0");
        reads = f->nr_kpageflags;
        reclaim();
        if (second > 0)
            ck_assert_uint_ne(f->nr_kpageflags - reads, 1); /* one call takes all of the block */
    }
    f->next_frame = FAKE_FRAMES - 400; /* in the last block */
    fake_map(f, p, BASE, 1, FAKE_SMALL);
    addr = fake_physical(p, BASE);
    prepare(&addr, 1);
    mark_and_reclaim();
    ck_assert_uint_eq(fake_resident(p, BASE, 1), 0);
}

/* Samples see that a free block has come into use within 8 seconds. */
TEST_OF(PHYSICAL_MEMORY, test_samples_of_new_pages)
{
    uint64_t addr = 1000 * PAGE;
    uint8_t accessed = 0;
    int ticks;

    for (ticks = 0; ticks < 4000; ticks++) {
        f->now_ns += 5000000;
        prepare(&addr, 1);
        expect_accessed(&addr, 1, "0");
    }
    f->next_frame = 960;
    fake_map(f, p, BASE, 64, FAKE_SMALL);
    for (ticks = 0; ticks < 4000 && !accessed; ticks++) {
        f->now_ns += 5000000;
        prepare(&addr, 1);
        for (uint64_t i = 0; i < 64; i++)
            fake_touch(f, p, BASE + i * PAGE);
        ck_assert_int_eq(ops->check(backend, 1, &addr, 1, &accessed), 0);
    }
    ck_assert_int_le(ticks, 1601); /* of 5 ms */
}
