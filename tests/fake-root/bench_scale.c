/* SPDX-License-Identifier: MIT */
/*
 * What grows with the memory: a process of 1 GiB to as much as the fake kernel has frames for, watched as a process and
 * as physical memory. 64 MiB of it are in use. Half a minute nothing is old enough; then all that is cold goes, without
 * a time limit. CPU time is that of the library and of the fake kernel, on this machine.
 *
 *     bench-scale | grep '^[|]'        a table in Markdown
 */
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "fake.h"
#include "pages/owners/owners.h"
#include "pages/owners/rmap.h"

#define BASE      UINT64_C(0x7f0000000000)
#define GIB       (1024 * MIB)
#define HOT       (64 * MIB)
#define TICK_NS   UINT64_C(10000000)
#define SECOND    100 /* ticks */
#define WATCHED_S 30
#define MOST_S    600         /* until all that is cold is gone */
#define LARGEST   4096        /* GiB; computed */
#define MAX_TABLE (256 * MIB) /* of the owners of frames, as lib/pages/physical.c bounds it */

static const struct load {
    uint64_t gib;
    enum fake_kind kind;
    bool physical;
} loads[] = {
    {1, FAKE_HUGE, false},   {4, FAKE_HUGE, false}, {16, FAKE_HUGE, false}, {1, FAKE_HUGE, true},
    {4, FAKE_HUGE, true},    {16, FAKE_HUGE, true}, {1, FAKE_SMALL, false}, {4, FAKE_SMALL, false},
    {16, FAKE_SMALL, false}, {1, FAKE_SMALL, true}, {4, FAKE_SMALL, true},  {16, FAKE_SMALL, true},
};

struct figures {
    double watching;      /* ms of CPU time in a second */
    double calls;         /* in a second of watching */
    double reclaiming;    /* ms of CPU time for a GiB */
    double context;       /* KiB, without the table of owners */
    double table, filled; /* of the owners: KiB, and ms of CPU time */
};

static struct figures *measured; /* of each load, shared by the processes of the tests */

__attribute__((constructor)) static void share(void)
{
    measured =
        mmap(NULL, NUMBER_OF(loads) * sizeof(*measured), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void check(const struct damon_reclaim *ctx, int r)
{
    ck_assert_msg(r >= 0, "%s", damon_reclaim_last_error(ctx));
}

/* Returns the CPU time of the dispatches, ms. */
static double run(struct fake *f, struct fake_process *p, struct damon_reclaim *ctx, unsigned int ticks)
{
    double sum = 0;

    for (unsigned int i = 0; i < ticks; i++) {
        double begin;

        for (uint64_t addr = BASE; addr < BASE + HOT; addr += PAGE)
            fake_touch(f, p, addr);
        f->now_ns += TICK_NS;
        begin = cpu_ms();
        check(ctx, damon_reclaim_dispatch(ctx));
        sum += cpu_ms() - begin;
    }
    return sum;
}

static struct damon_reclaim *start(struct fake *f, const struct load *load)
{
    static const char *const settings[][2] = {{"min_age", "1h"},       {"quota_ms", "0"},     {"quota_sz", "0"},
                                              {"wmarks_high", "1000"}, {"wmarks_mid", "990"}, {"wmarks_low", "0"}};
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = load->physical ? 0 : 42};
    struct damon_reclaim_config config = fake_config(f);
    struct damon_reclaim *ctx = NULL;

    config.backend = "idle-page";
    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    for (size_t i = 0; i < NUMBER_OF(settings); i++)
        check(ctx, damon_reclaim_set(ctx, settings[i][0], settings[i][1]));
    check(ctx, damon_reclaim_add_target(ctx, &target, NULL));
    check(ctx, damon_reclaim_enable(ctx));
    return ctx;
}

static void measure_context(struct fake *f, struct fake_process *p, const struct load *load, struct figures *ret)
{
    struct damon_reclaim *ctx = start(f, load);
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    uint64_t cold = load->gib * GIB - HOT, before = f->nr_calls;
    double spent = 0;
    unsigned int s = 0;

    ret->watching = run(f, p, ctx, WATCHED_S * SECOND) / WATCHED_S;
    ret->calls = (double)(f->nr_calls - before) / WATCHED_S;
    ret->context = (double)f->memory.live / 1024;
    check(ctx, damon_reclaim_set(ctx, "min_age", "5s"));
    check(ctx, damon_reclaim_set(ctx, "commit_inputs", "Y"));
    for (; s < MOST_S && stats.bytes_reclaimed_regions < cold / 100 * 95; s += 5) {
        spent += run(f, p, ctx, 5 * SECOND);
        check(ctx, damon_reclaim_get_stats(ctx, &stats));
    }
    ret->reclaiming = (spent - s * ret->watching) / ((double)stats.bytes_reclaimed_regions / (double)GIB);
    ck_assert_uint_ge(stats.bytes_reclaimed_regions, cold / 2);
    damon_reclaim_unref(ctx);
}

/* Who maps which frame: the look through all page maps. */
static void measure_owners(struct fake *f, struct figures *ret)
{
    struct drcl_rmap *rmap;
    double begin;

    ck_assert_int_eq(drcl_rmap_new(&f->env, MAX_TABLE, &rmap), 0);
    drcl_rmap_want(rmap, 0, FAKE_FRAMES);
    begin = cpu_ms();
    ck_assert_int_eq(drcl_rmap_step(rmap, 0), 1);
    ret->filled = cpu_ms() - begin;
    ret->table = (double)drcl_rmap_bytes(rmap) / 1024;
    drcl_rmap_free(rmap);
}

TEST(the_head)
{
    printf(
        "| watched | pages | memory, GiB | watching, CPU ms a second | calls a second | reclaiming, CPU ms for a GiB | "
        "memory of the context, KiB | table of owners, KiB | filling it, CPU ms |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    fflush(stdout);
}

static void print(const struct load *load, uint64_t gib, const struct figures *figures, const char *how)
{
    printf("| %s | %s | %llu%s | %.2f | %.0f | %.0f | %.0f |", load->physical ? "physical memory" : "a process",
           load->kind == FAKE_HUGE ? "huge" : "small, none beside its neighbour", (unsigned long long)gib, how,
           figures->watching, figures->calls, figures->reclaiming, figures->context);
    if (load->physical)
        printf(" %.0f | %.0f |\n", figures->table, figures->filled);
    else
        printf(" - | - |\n");
    fflush(stdout);
}

TEST_CASES(measures, NUMBER_OF(loads))
{
    const struct load *load = &loads[_i];
    struct fake *f = fake_open();
    struct fake_process *p = fake_process(f, 42);
    char iomem[64];

    fake_map(f, p, BASE, load->gib * GIB / PAGE, load->kind);
    snprintf(iomem, sizeof(iomem), "00000000-%08llx : System RAM\n",
             (unsigned long long)(load->gib * GIB + HUGE_PAGE - 1));
    f->iomem = iomem;
    f->swap_total = f->swap_free = load->gib * GIB;
    if (load->physical)
        measure_owners(f, &measured[_i]);
    measure_context(f, p, load, &measured[_i]);
    print(load, load->gib, &measured[_i], "");
    fake_close(f);
}

/* From the largest that was measured: what is in proportion to the memory grows as the memory does, up to its bound. */
TEST(the_rest_is_computed)
{
    for (size_t i = 0; i < NUMBER_OF(loads); i++) {
        struct figures figures = measured[i];
        double times = (double)LARGEST / (double)loads[i].gib;

        if (i + 1 < NUMBER_OF(loads) && loads[i + 1].gib > loads[i].gib)
            continue;
        figures.table = figures.table * times < MAX_TABLE / 1024.0 ? figures.table * times : MAX_TABLE / 1024.0;
        figures.filled *= times;
        print(&loads[i], LARGEST, &figures, ", computed");
    }
}
