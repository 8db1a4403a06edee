/* SPDX-License-Identifier: MIT */
#include "engine_fixture.h"

#include "base/env.h"
#include "engine/attrs.h"
#include "engine/pass.h"
#include "engine/target.h"

struct scripted s;
struct drcl_engine engine;
static struct drcl_env env;

static uint64_t no_time(void *data)
{
    (void)data;
    return 0;
}

void attributes(uint64_t sample_us, uint64_t aggr_us, uint32_t min_nr, uint32_t max_nr)
{
    struct drcl_attrs attrs = {
        .sample_us = sample_us, .aggr_us = aggr_us, .min_nr_regions = min_nr, .max_nr_regions = max_nr};

    expect(drcl_engine_reserve(&engine, &attrs) == 0);
    drcl_engine_set_attrs(&engine, &attrs);
}

static void ignore(void *data, uint32_t scheme, const struct damon_reclaim_region *region,
                   const struct damon_reclaim_result *result)
{
    (void)data, (void)scheme, (void)region, (void)result;
}

void open_engine(void)
{
    struct damon_reclaim_config config;
    struct drcl_host host = {.now = no_time, .cpu_now = no_time, .after = ignore};

    scripted_init(&s);
    config = scripted_config(&s);
    expect(drcl_env_init(&env, &config) == 0);
    expect(drcl_engine_init(&engine, &env, &s.ops, &s, &host, 1, false) == 0);
    expect(drcl_engine_add_target(&engine, 1, s.ranges, 1) == 0);
    attributes(5000, 100000, 3, 10000);
}

void close_engine(void)
{
    drcl_engine_fini(&engine);
    drcl_env_fini(&env);
    scripted_fini(&s);
}

uint64_t end_of_regions(void)
{
    return engine.regions.n ? engine.regions.end[engine.regions.n - 1] : BASE;
}

void put(uint64_t gap, uint64_t pages, uint32_t nr_accesses, uint32_t last_nr_accesses, uint32_t age)
{
    uint64_t start = end_of_regions() + gap * PAGE;

    expect(drcl_engine_reserve_regions(&engine, engine.regions.n + 1) == 0);
    drcl_regions_put(&engine.regions, engine.regions.n++,
                     (struct drcl_region){.start = start,
                                          .end = start + pages * PAGE,
                                          .nr_accesses = nr_accesses,
                                          .last_nr_accesses = last_nr_accesses,
                                          .age = age});
    engine.targets[0].n = engine.regions.n;
    engine.total += pages * PAGE;
}

void clear(void)
{
    engine.regions.n = engine.targets[0].n = 0;
    engine.total = 0;
}

uint64_t pages_of(size_t i)
{
    expect(i < engine.regions.n);
    return (engine.regions.end[i] - engine.regions.start[i]) / PAGE;
}

void expect_region(size_t i, uint64_t pages, uint32_t nr_accesses, uint32_t age)
{
    expect_eq(pages_of(i), pages);
    expect_eq(engine.regions.nr_accesses[i], nr_accesses);
    expect_eq(engine.regions.age[i], age);
}
