/* SPDX-License-Identifier: MIT */
/* The simulated memory against one that plays every access, page by page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim/attempt.h"
#include "backends/sim/memory.h"
#include "backends/sim/report.h"
#include "sim_env.h"

#define PAGES   2600u
#define MIN_AGE UINT64_C(1000000) /* us */
#define SEC     UINT64_C(1000000000)

static struct sim_env test;
static struct drcl_memory memory;

static void open_memory(const char *text, const struct drcl_memory_config *config)
{
    struct drcl_workload *w = NULL;

    sim_env_open(&test);
    ck_assert_msg(drcl_workload_parse(&test.env, text, strlen(text), "w", &w) == 0, "%s", test.env.error);
    ck_assert_int_eq(drcl_memory_init(&test.env, &memory, w, config), 0);
    drcl_workload_free(&test.env, w);
}

static void close_memory(void)
{
    drcl_memory_fini(&memory);
    sim_env_close(&test);
}

/* Sequential in several strides, random, idle, anonymous and of a file: 2,600 pages in all. */
static const char mixed[] = "a, 4096000\nb, 2048000, file\nc, 4505600\n"
                            "\nfill a part\n500\na, 0, 4096, 2\nb, 0, 5000, 1\n"
                            "\nrandom\n3000\nb, 1, 0, 5\nc, 1, 0, 1\n"
                            "\nidle\n2500\n"
                            "\nsweep slowly\n3000\nc, 0, 1, 3\na, 0, 8192, 1\n"
                            "\nboth\n2000\na, 1, 0, 1\na, 0, 64, 1\nb, 0, 4096, 1\n";

static const struct drcl_memory_config mixed_config = {
    .rate = 1000, .seed = 3, .bytes = PAGES * DRCL_SIM_PAGE * 2, .reclaim_ns = 10000, .refault_ns = 7, .check_ns = 50};

/* What the reference knows of a page. */
struct page {
    uint64_t last; /* time of the last access played, or UINT64_MAX */
    uint64_t next; /* time of the first access not played */
    uint64_t gone; /* reclaimed at that time and not back, or UINT64_MAX */
    uint64_t mark; /* or UINT64_MAX */
};

struct reference {
    struct page pages[PAGES];
    uint64_t reclaimed, refaulted, regretted;
};

static struct reference *ref;
static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 33) % n;
}

/* Plays the accesses up to the memory's time. */
static void play(void)
{
    for (uint64_t i = 0; i < PAGES; i++) {
        struct page *page = &ref->pages[i];

        while (page->next < memory.now) {
            if (page->gone != UINT64_MAX) {
                ref->refaulted++;
                ref->regretted += page->next - page->gone < MIN_AGE * 1000;
                page->gone = UINT64_MAX;
            }
            page->last = page->next;
            page->next = drcl_model_first_access(&memory.model, i, page->next + 1, UINT64_MAX);
        }
    }
}

static void open_reference(void)
{
    ref = calloc(1, sizeof(*ref));
    ck_assert_ptr_nonnull(ref);
    ck_assert_uint_eq(memory.model.nr_pages, PAGES);
    for (uint64_t i = 0; i < PAGES; i++)
        ref->pages[i] = (struct page){.last = UINT64_MAX,
                                      .next = drcl_model_first_access(&memory.model, i, 0, UINT64_MAX),
                                      .gone = UINT64_MAX,
                                      .mark = UINT64_MAX};
}

/* The attempt as the header describes it, a page at a time. */
static void reference_reclaim(const struct damon_reclaim_request *request, struct damon_reclaim_result *result,
                              uint64_t *ret_cost)
{
    uint64_t page = (request->start - DRCL_SIM_BASE) / DRCL_SIM_PAGE, cost = 0;
    uint64_t end = (request->end - DRCL_SIM_BASE) / DRCL_SIM_PAGE;
    bool skip_anon = request->nr_filters > 0, skipping = false;
    uint64_t skipped = 0;

    for (; page < end; page++) {
        struct page *p = &ref->pages[page];
        bool anon = page < 1000 || page >= 1500;
        bool absent = p->last == UINT64_MAX || p->gone != UINT64_MAX;
        bool young = request->marked && p->mark != UINT64_MAX && p->last != UINT64_MAX && p->last >= p->mark;

        if (request->deadline_ns && memory.now + cost >= request->deadline_ns && !(absent && skipping && skipped % 512))
            break;
        skipping = absent;
        if (absent) {
            skipped++;
            result->absent += DRCL_SIM_PAGE;
            continue;
        }
        skipped = 0;
        if ((skip_anon && anon) || young) {
            result->filter_passed += skip_anon && anon ? 0 : DRCL_SIM_PAGE;
            result->accessed += young ? DRCL_SIM_PAGE : 0;
            cost += mixed_config.check_ns;
            continue;
        }
        if (result->tried + DRCL_SIM_PAGE > request->max_bytes)
            break;
        cost += mixed_config.check_ns + mixed_config.reclaim_ns;
        p->gone = memory.now;
        ref->reclaimed++;
        result->tried += DRCL_SIM_PAGE;
        result->reclaimed += DRCL_SIM_PAGE;
        result->filter_passed += DRCL_SIM_PAGE;
    }
    result->end = DRCL_SIM_BASE + page * DRCL_SIM_PAGE;
    *ret_cost = cost;
}

static void attempt(void)
{
    static const struct damon_reclaim_filter skip_anon = {.type = DAMON_RECLAIM_FILTER_ANON, .matching = true};
    uint64_t start = draw(PAGES), end = start + 1 + draw(PAGES - start), before = memory.now, cost;
    struct damon_reclaim_result result = {.size = sizeof(result)}, wanted = result;
    struct damon_reclaim_request request = {
        .size = sizeof(request),
        .marked = draw(4) > 0,
        .start = DRCL_SIM_BASE + start * DRCL_SIM_PAGE,
        .end = DRCL_SIM_BASE + end * DRCL_SIM_PAGE,
        .limit_end = DRCL_SIM_BASE + end * DRCL_SIM_PAGE,
        .max_bytes = draw(2) ? UINT64_MAX : draw(500) * DRCL_SIM_PAGE,
        .filters = &skip_anon,
        .nr_filters = draw(3) == 0,
    };

    result.end = request.end;
    reference_reclaim(&request, &wanted, &cost);
    expect(drcl_memory_reclaim(&memory, &request, &result) == 0);
    expect(result.end == wanted.end);
    expect(result.tried == wanted.tried && result.reclaimed == wanted.reclaimed);
    expect(result.filter_passed == wanted.filter_passed);
    expect(result.accessed == wanted.accessed && result.absent == wanted.absent);
    expect(result.not_reclaimable == 0);
    expect(memory.now - before >= cost && memory.now - before <= cost + PAGES * mixed_config.check_ns);
}

static void mark(void)
{
    uint64_t start = draw(PAGES), end = start + 1 + draw(PAGES - start);

    expect(drcl_spans_set(&memory.marked, start, end, memory.now) == 0);
    for (uint64_t page = start; page < end; page++)
        ref->pages[page].mark = memory.now;
}

static void compare_report(void)
{
    struct damon_reclaim_sim_report report, wanted = {.size = sizeof(wanted)};

    for (uint64_t i = 0; i < PAGES; i++) {
        const struct page *p = &ref->pages[i];
        bool file = i >= 1000 && i < 1500, there = p->last != UINT64_MAX && p->gone == UINT64_MAX;

        wanted.touched += p->last != UINT64_MAX;
        wanted.resident += there;
        wanted.anon += there && !file;
        wanted.file += there && file;
        if (p->last != UINT64_MAX && p->last + MIN_AGE * 1000 < memory.now) {
            wanted.cold++;
            wanted.cold_reclaimed += !there;
        }
    }
    expect(drcl_memory_report(&memory, MIN_AGE, &report) == 0);
    ck_assert_uint_eq(report.now_ns, memory.now);
    ck_assert_uint_eq(report.workload_end_ns, UINT64_C(11000000000));
    ck_assert_uint_eq(report.total, PAGES * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.touched, wanted.touched * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.resident, wanted.resident * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.anon, wanted.anon * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.file, wanted.file * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.cold, wanted.cold * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.cold_reclaimed, wanted.cold_reclaimed * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.cold_missed, (wanted.cold - wanted.cold_reclaimed) * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.reclaimed, ref->reclaimed * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.refaulted, ref->refaulted * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.regretted, ref->regretted * DRCL_SIM_PAGE);
    ck_assert_uint_eq(report.refault_ns, ref->refaulted * mixed_config.refault_ns);
    ck_assert_uint_eq(report.reclaim_ns, memory.reclaim_ns);
}

TEST_CASES(test_against_reference, 10)
{
    random_state = (uint64_t)_i;
    open_memory(mixed, &mixed_config);
    open_reference();
    while (memory.now < UINT64_C(13000000000)) {
        uint64_t what = draw(10);

        play();
        if (what < 5)
            memory.now += draw(100000000);
        else if (what < 7)
            mark();
        else if (what < 9)
            attempt();
        else
            compare_report();
    }
    play();
    compare_report();
    ck_assert_uint_gt(ref->refaulted, ref->regretted);
    ck_assert_uint_gt(ref->regretted, 100);
    free(ref);
    close_memory();
}

static struct damon_reclaim_result reclaim(uint64_t start, uint64_t end, uint64_t max_bytes, uint64_t deadline,
                                           enum damon_reclaim_action action)
{
    struct damon_reclaim_result result = {.size = sizeof(result), .end = end};
    struct damon_reclaim_request request = {.marked = true,
                                            .size = sizeof(request),
                                            .action = action,
                                            .start = start,
                                            .end = end,
                                            .limit_end = end,
                                            .max_bytes = max_bytes,
                                            .deadline_ns = deadline};

    ck_assert_int_eq(drcl_memory_reclaim(&memory, &request, &result), 0);
    return result;
}

#define BASE DRCL_SIM_BASE
#define PAGE DRCL_SIM_PAGE

static const struct drcl_memory_config plain = {.rate = 1000000, .reclaim_ns = 10000, .refault_ns = 1, .check_ns = 50};

TEST(test_deadline)
{
    struct damon_reclaim_result result;

    open_memory("a, 40960000\n\np\n1000\na, 0, 4096, 1\n", &plain);
    memory.now = UINT64_C(2000000000);
    result = reclaim(BASE, BASE + 10000 * PAGE, UINT64_MAX, memory.now + 1000000, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.tried, 100 * PAGE); /* the hundredth begins before the deadline */
    ck_assert_uint_eq(result.end, BASE + 100 * PAGE);
    ck_assert_uint_eq(memory.now, UINT64_C(2001005000));
    result = reclaim(BASE, BASE + 10000 * PAGE, UINT64_MAX, memory.now, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.end, BASE);
    ck_assert_uint_eq(result.absent, 0);
    close_memory();
}

TEST(test_odd_addresses)
{
    struct damon_reclaim_result result;

    open_memory("a, 40960000\n\np\n1000\na, 0, 4096, 1\n", &plain);
    memory.now = UINT64_C(2000000000);
    result = reclaim(0, BASE, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.tried, 0);
    ck_assert_uint_eq(result.end, BASE);
    result = reclaim(BASE + 10000 * PAGE, UINT64_MAX, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.tried, 0);
    ck_assert_uint_eq(result.end, UINT64_MAX);
    result = reclaim(BASE + 1, BASE + 3 * PAGE - 1, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.tried, PAGE); /* page 1: page 0 begins before, page 2 reaches out */
    result = reclaim(BASE, BASE + 3 * PAGE, 2 * PAGE - 1, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_uint_eq(result.tried, PAGE);
    ck_assert_uint_eq(result.absent, PAGE);
    ck_assert_uint_eq(result.end, BASE + 2 * PAGE);
    close_memory();
}

TEST(test_cold_leaves_pages)
{
    struct damon_reclaim_result result;
    struct damon_reclaim_sim_report report;

    open_memory("a, 40960000\n\np\n1000\na, 0, 4096, 1\n", &plain);
    memory.now = UINT64_C(2000000000);
    result = reclaim(BASE, BASE + 100 * PAGE, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_COLD);
    ck_assert_uint_eq(result.reclaimed, 100 * PAGE);
    ck_assert_uint_eq(memory.now, UINT64_C(2000005000));
    ck_assert_int_eq(drcl_memory_report(&memory, 0, &report), 0);
    ck_assert_uint_eq(report.reclaimed, 0);
    ck_assert_uint_eq(report.resident, 40960000);
    close_memory();
}

/* A filter for young pages takes the place of leaving them alone. */
TEST(test_young_filter)
{
    struct damon_reclaim_filter filter = {.type = DAMON_RECLAIM_FILTER_YOUNG, .matching = true, .allow = true};
    struct damon_reclaim_result result = {.size = sizeof(result)};
    struct damon_reclaim_request request = {.marked = true,
                                            .size = sizeof(request),
                                            .start = BASE,
                                            .end = BASE + 20 * PAGE,
                                            .limit_end = BASE + 20 * PAGE,
                                            .max_bytes = UINT64_MAX,
                                            .filters = &filter,
                                            .nr_filters = 1};

    open_memory("a, 40960\nb, 40960\n\np\n1000\na, 0, 4096, 1\nb, 0, 4096, 1\n\nq\n1000\na, 0, 4096, 1\n", &plain);
    memory.now = UINT64_C(1500000000);
    ck_assert_int_eq(drcl_spans_set(&memory.marked, 0, 20, memory.now), 0);
    memory.now = UINT64_C(1600000000);
    ck_assert_int_eq(drcl_memory_reclaim(&memory, &request, &result), 0);
    ck_assert_uint_eq(result.reclaimed, 10 * PAGE); /* only the young ones, as the filter wants it */
    ck_assert_uint_eq(result.accessed, 0);
    close_memory();
}

TEST(test_free_permille)
{
    struct drcl_memory_config config = plain;
    uint32_t permille;

    config.bytes = 100000 * PAGE;
    open_memory("a, 40960000\nb, 40960000\n\np\n1000\na, 0, 4096, 1\n\nidle\n2000\n\nq\n1000\nb, 1, 0, 1\n", &config);
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_eq(permille, 1000);
    memory.now = UINT64_C(2000000000);
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_eq(permille, 900);
    reclaim(BASE, BASE + 5000 * PAGE, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_eq(permille, 950); /* at once, without counting */
    memory.now = UINT64_C(60000000000);
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_eq(permille, 850);
    close_memory();
}

/* 4 TiB, all of it touched and reclaimed in pieces, with islands that come back: what it takes of real memory. */
TEST(test_terabytes_in_megabytes)
{
    const uint64_t bytes = UINT64_C(4) << 40, piece = UINT64_C(1) << 30;
    struct damon_reclaim_sim_report report;
    uint32_t permille;

    open_memory("cold, 2199023255552\nhot, 1073741824\nmore, 2197949513728, file\n"
                "\nfill, a page in 2 MiB\n4500\ncold, 0, 2097152, 1\nhot, 1, 0, 1\nmore, 0, 2097152, 1\n"
                "\nfill all\n1200000\ncold, 0, 4096, 1\nmore, 0, 4096, 1\nhot, 0, 4096, 1\n"
                "\nuse\n3600000\nhot, 1, 0, 1\n",
                &(struct drcl_memory_config){.rate = 3000000, .reclaim_ns = 1, .refault_ns = 1, .check_ns = 1});
    ck_assert_uint_eq(memory.model.nr_pages * PAGE, bytes);
    memory.now = UINT64_C(1210000000000);
    for (uint64_t offset = 0; offset < bytes; offset += piece) {
        ck_assert_int_eq(drcl_spans_set(&memory.marked, offset / PAGE, (offset + piece) / PAGE, memory.now), 0);
        memory.now += 1000000;
        reclaim(BASE + offset, BASE + offset + piece, UINT64_MAX, 0, DAMON_RECLAIM_ACTION_PAGEOUT);
    }
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_ge(permille, 998);
    ck_assert_int_eq(drcl_memory_report(&memory, 1, &report), 0);
    ck_assert_uint_gt(report.reclaimed, bytes / 1000 * 999);
    ck_assert_uint_gt(report.refaulted, 1000 * PAGE);
    ck_assert_msg(test.memory.peak < (size_t)64 << 20, "%zu bytes", test.memory.peak);
    close_memory();
}

/* 16 TiB that are accessed at random: no call looks at more of them than its share, and a sample stands for the rest.
 */
TEST(test_random_terabytes)
{
    static const char text[] = "a, 17592186044416\n\nrandom\n100000\na, 1, 4096, 1\n";
    const struct drcl_memory_config config = {
        .rate = 1000000000, .seed = 9, .reclaim_ns = 10, .refault_ns = 10, .check_ns = 1};
    const uint64_t pages = UINT64_C(1) << 32, touched = UINT64_C(2158000000); /* pages * (1 - exp(-3e9 / pages)) */
    struct damon_reclaim_request request = {.start = DRCL_SIM_BASE,
                                            .end = DRCL_SIM_BASE + pages * DRCL_SIM_PAGE,
                                            .limit_end = DRCL_SIM_BASE + pages * DRCL_SIM_PAGE,
                                            .max_bytes = UINT64_MAX};
    struct damon_reclaim_result result = {.end = request.end};
    struct damon_reclaim_sim_report report;
    uint32_t permille;

    open_memory(text, &config);
    memory.now = 3 * SEC;
    ck_assert_int_eq(drcl_memory_free_permille(&memory, &permille), 0);
    ck_assert_uint_ge(memory.touched[0], touched / 100 * 99);
    ck_assert_uint_le(memory.touched[0], touched / 100 * 101);
    ck_assert_uint_ge(permille, 592); /* of 5/4 of the workload */
    ck_assert_uint_le(permille, 604);
    ck_assert_uint_le(memory.next_count - memory.now, SEC + UINT64_C(500000) * 4000);
    memory.looks = 1000;
    ck_assert_int_eq(drcl_memory_reclaim(&memory, &request, &result), 0);
    ck_assert_uint_eq(result.end, DRCL_SIM_BASE + 1000 * DRCL_SIM_PAGE);
    ck_assert_uint_gt(result.reclaimed, 400 * DRCL_SIM_PAGE);
    result = (struct damon_reclaim_result){.end = request.end};
    ck_assert_int_eq(drcl_memory_reclaim(&memory, &request, &result), 0); /* nothing is left of the share */
    ck_assert_uint_eq(result.end, request.start);
    ck_assert_uint_eq(result.tried, 0);
    ck_assert_int_eq(drcl_memory_report(&memory, 1000000, &report), 0);
    ck_assert_uint_ge(report.touched / DRCL_SIM_PAGE, touched / 100 * 99);
    ck_assert_uint_le(report.touched / DRCL_SIM_PAGE, touched / 100 * 101);
    ck_assert_uint_le(report.resident, report.touched);
    ck_assert_uint_le(report.cold, report.touched);
    close_memory();
}

/* Refaults that a count leaves for later are all taken in the end, each once. */
TEST(test_settled_in_steps)
{
    uint64_t answers = 0, before;

    open_memory("a, 41943040\n\nrandom\n100000\na, 1, 4096, 1\n", &mixed_config);
    memory.now = SEC;
    ck_assert_int_eq(drcl_spans_set(&memory.gone, 0, 10240, memory.now), 0);
    memory.now += 50 * SEC;
    do {
        before = memory.delays.total;
        ck_assert_int_eq(drcl_memory_settle(&memory, 500, &answers), 0);
        ck_assert_uint_le(memory.delays.total - before, 500);
        ck_assert_uint_eq(memory.gone.nr_set + memory.delays.total, 10240);
    } while (answers < 40000);
    ck_assert_uint_ge(memory.delays.total, 10000); /* all but 10240 * exp(-50000 / 10240) */
    close_memory();
}

/* Without memory for it the count says so, and loses no page. */
TEST(test_settled_without_memory)
{
    uint64_t answers = 0;
    bool failed = true;
    size_t n;

    for (n = 1; failed; n++) {
        int r;

        open_memory("a, 41943040\n\nrandom\n100000\na, 1, 4096, 1\n", &mixed_config);
        memory.now = SEC;
        ck_assert_int_eq(drcl_spans_set(&memory.gone, 0, 10240, memory.now), 0);
        memory.now += 5 * SEC;
        test.memory.nr_calls = 0;
        test.memory.fail_at = n;
        r = drcl_memory_settle(&memory, 40000, &answers);
        failed = test.memory.nr_calls >= n;
        ck_assert_int_eq(r, failed ? -ENOMEM : 0);
        ck_assert_uint_eq(memory.gone.nr_set + memory.delays.total, 10240);
        close_memory();
    }
    ck_assert_uint_gt(n, 2);
}
