/* SPDX-License-Identifier: MIT */
/* The backend "sim": simulated memory with a virtual clock, behind the operations table. */
#include "backends/sim/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/sim/attempt.h"
#include "backends/sim/report.h"
#include "base/filters.h"
#include "base/grow.h"
#include "base/structs.h"

#define MAX_COST_NS UINT64_C(10000000)    /* a page: sums over all pages stay in 64 bits */
#define MAX_LOOKS   (2 * DRCL_SIM_SAMPLE) /* of attempts in a dispatch */

/* Defaults: a busy machine that reclaims to fast storage. */
#define DEFAULT_RATE       1000000 /* accesses a second */
#define DEFAULT_RECLAIM_NS 10000
#define DEFAULT_REFAULT_NS 50000
#define DEFAULT_CHECK_NS   50

/* 256 MiB, of which an eighth is in use: the rest is cold after it was filled. */
static const char builtin_workload[] = "hot, 33554432\n"
                                       "cold, 201326592\n"
                                       "cold file, 33554432, data\n"
                                       "\n"
                                       "fill everything\n"
                                       "1000\n"
                                       "hot, 0, 4096, 1\n"
                                       "cold, 0, 4096, 6\n"
                                       "cold file, 0, 4096, 1\n"
                                       "\n"
                                       "use the hot part\n"
                                       "600000\n"
                                       "hot, 1, 4096, 1\n";

struct sim_target {
    uint32_t id;
    uint64_t prepared; /* time of the last prepare() */
};

struct sim {
    struct drcl_env *env;
    struct drcl_memory memory;
    struct sim_target *targets;
    size_t nr_targets;
    size_t targets_cap;
    struct drcl_query query; /* the question of the last check() */
};

static int sim_config(struct drcl_env *env, const struct damon_reclaim_config *config,
                      struct damon_reclaim_sim_config *ret)
{
    int r;

    *ret = (struct damon_reclaim_sim_config){.size = sizeof(*ret)};
    if (config->sim) {
        r = drcl_struct_take(env, "config.sim", ret, sizeof(*ret), config->sim);
        if (r < 0)
            return r;
    }
    if (!ret->accesses_per_second)
        ret->accesses_per_second = DEFAULT_RATE;
    if (!ret->reclaim_ns)
        ret->reclaim_ns = DEFAULT_RECLAIM_NS;
    if (!ret->refault_ns)
        ret->refault_ns = DEFAULT_REFAULT_NS;
    if (!ret->check_ns)
        ret->check_ns = DEFAULT_CHECK_NS;
    if (ret->accesses_per_second > DRCL_SIM_MAX_RATE)
        return drcl_refuse(env, -EINVAL, "config.sim: accesses_per_second is %" PRIu64 "; at most %" PRIu64,
                           ret->accesses_per_second, DRCL_SIM_MAX_RATE);
    if (ret->reclaim_ns > MAX_COST_NS || ret->refault_ns > MAX_COST_NS || ret->check_ns > MAX_COST_NS)
        return drcl_refuse(env, -EINVAL, "config.sim: reclaim_ns, refault_ns and check_ns are at most %" PRIu64,
                           MAX_COST_NS);
    if (ret->memory_bytes && ret->memory_bytes < DRCL_SIM_PAGE)
        return drcl_refuse(env, -EINVAL, "config.sim: memory_bytes is %" PRIu64 "; at least a page of %" PRIu64,
                           ret->memory_bytes, DRCL_SIM_PAGE);
    return 0;
}

static int sim_parse(struct drcl_env *env, const struct damon_reclaim_sim_config *config, struct drcl_workload **ret)
{
    const char *name = config->workload_name ? config->workload_name : "workload";
    size_t len;

    if (!config->workload)
        return drcl_workload_parse(env, builtin_workload, sizeof(builtin_workload) - 1, "built-in workload", ret);
    len = config->workload_len ? config->workload_len : strlen(config->workload);
    return drcl_workload_parse(env, config->workload, len, name, ret);
}

static void sim_destroy(void *backend)
{
    struct sim *sim = backend;
    struct drcl_env *env = sim->env;

    drcl_memory_fini(&sim->memory);
    drcl_free(env, sim->targets);
    drcl_free(env, sim);
}

static int sim_create(struct drcl_env *env, const struct damon_reclaim_config *config, void **ret_backend)
{
    struct damon_reclaim_sim_config sim_conf;
    struct drcl_memory_config memory_conf;
    struct drcl_workload *workload;
    struct sim *sim;
    int r;

    r = sim_config(env, config, &sim_conf);
    if (r < 0)
        return r;
    r = sim_parse(env, &sim_conf, &workload);
    if (r < 0)
        return r;
    memory_conf = (struct drcl_memory_config){
        .rate = sim_conf.accesses_per_second,
        .seed = config->seed,
        .bytes = sim_conf.memory_bytes,
        .reclaim_ns = sim_conf.reclaim_ns,
        .refault_ns = sim_conf.refault_ns,
        .check_ns = sim_conf.check_ns,
    };
    sim = drcl_zalloc(env, sizeof(*sim));
    r = sim ? drcl_memory_init(env, &sim->memory, workload, &memory_conf) : drcl_error(env, -ENOMEM, "out of memory");
    drcl_workload_free(env, workload);
    if (r < 0) {
        drcl_free(env, sim);
        return r;
    }
    sim->env = env;
    *ret_backend = sim;
    return 0;
}

static int sim_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size)
{
    (void)config;
    (void)env;
    if (size)
        snprintf(text, size, "simulated memory, on any machine; it reclaims nothing real");
    return 0;
}

static void sim_disable(void *backend)
{
    struct sim *sim = backend;

    /* Whole blocks are cleared, which allocates nothing and cannot fail. */
    drcl_spans_clear(&sim->memory.marked, 0, sim->memory.model.nr_pages);
}

/* Finds the target, or makes it: target_add() is not called for the one of the whole memory. NULL without memory for
 * it. */
static struct sim_target *find_or_make_target(struct sim *sim, uint32_t id)
{
    for (size_t i = 0; i < sim->nr_targets; i++)
        if (sim->targets[i].id == id)
            return &sim->targets[i];
    if (drcl_grow(sim->env, &sim->targets, &sim->targets_cap, sim->nr_targets + 1, sizeof(*sim->targets)) < 0) {
        drcl_error(sim->env, -ENOMEM, "out of memory for a target");
        return NULL;
    }
    sim->targets[sim->nr_targets] = (struct sim_target){.id = id, .prepared = sim->memory.now};
    return &sim->targets[sim->nr_targets++];
}

static int sim_target_add(void *backend, uint32_t target, pid_t pid, int pidfd)
{
    struct sim *sim = backend;

    (void)pidfd;
    if (pid)
        return drcl_error(sim->env, -EOPNOTSUPP,
                          "pid %d: simulated memory has no processes; leave the pid out, or use another backend",
                          (int)pid);
    return find_or_make_target(sim, target) ? 0 : -ENOMEM;
}

static void sim_target_remove(void *backend, uint32_t target)
{
    struct sim *sim = backend;

    for (size_t i = 0; i < sim->nr_targets; i++)
        if (sim->targets[i].id == target)
            sim->targets[i--] = sim->targets[--sim->nr_targets];
}

static int sim_ranges(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity,
                      size_t *ret_n)
{
    const struct sim *sim = backend;

    (void)target;
    if (capacity) {
        ranges[0].start = DRCL_SIM_BASE;
        ranges[0].end = DRCL_SIM_BASE + sim->memory.model.nr_pages * DRCL_SIM_PAGE;
    }
    *ret_n = 1;
    return 0;
}

static int sim_prepare(void *backend, uint32_t target, const uint64_t *addrs, size_t n)
{
    struct sim *sim = backend;
    struct sim_target *t = find_or_make_target(sim, target);

    (void)addrs;
    (void)n;
    if (!t)
        return -ENOMEM;
    t->prepared = sim->memory.now;
    return 0;
}

/* Whether the page is accessed in [since, now). Addresses ascend, so that the region is mostly the same as before. */
static bool accessed_since(struct sim *sim, uint64_t page, uint64_t since)
{
    const struct drcl_model *model = &sim->memory.model;
    const struct drcl_model_region *region = sim->query.region;
    uint64_t run;

    if (!region || page - region->first_page >= region->nr_pages)
        region = &model->regions[drcl_model_region(model, page)];
    drcl_query_set(&sim->query, model, (uint32_t)(region - model->regions), since, sim->memory.now);
    return drcl_query_touched(&sim->query, page, &run);
}

static int sim_check(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    struct sim *sim = backend;
    const struct sim_target *t = find_or_make_target(sim, target);

    if (!t)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint64_t page = (addrs[i] - DRCL_SIM_BASE) / DRCL_SIM_PAGE; /* huge for an address below the base */

        accessed[i] = page < sim->memory.model.nr_pages && accessed_since(sim, page, t->prepared);
    }
    return 0;
}

static int sim_mark(void *backend, uint32_t target, uint64_t start, uint64_t end)
{
    struct sim *sim = backend;
    uint64_t last = DRCL_SIM_BASE + sim->memory.model.nr_pages * DRCL_SIM_PAGE;

    (void)target;
    start = start > DRCL_SIM_BASE ? start : DRCL_SIM_BASE;
    end = end < last ? end : last;
    if (start >= end)
        return 0;
    return drcl_spans_set(&sim->memory.marked, (start - DRCL_SIM_BASE) / DRCL_SIM_PAGE,
                          (end - DRCL_SIM_BASE - 1) / DRCL_SIM_PAGE + 1, sim->memory.now);
}

static int sim_reclaim(void *backend, const struct damon_reclaim_request *request,
                       struct damon_reclaim_result *ret_result)
{
    struct sim *sim = backend;

    return drcl_memory_reclaim(&sim->memory, request, ret_result);
}

static int sim_metrics(void *backend, struct damon_reclaim_metrics *ret_metrics)
{
    struct sim *sim = backend;

    ret_metrics->psi_valid = false;
    return drcl_memory_free_permille(&sim->memory, &ret_metrics->free_permille);
}

static uint64_t sim_now(void *backend)
{
    const struct sim *sim = backend;

    return sim->memory.now;
}

static int sim_advance(void *backend, uint64_t until_ns)
{
    struct sim *sim = backend;

    if (until_ns > sim->memory.now)
        sim->memory.now = until_ns;
    sim->memory.looks = MAX_LOOKS;
    return 0;
}

static int sim_report(void *backend, uint64_t min_age_us, struct damon_reclaim_sim_report *ret)
{
    struct sim *sim = backend;

    return drcl_memory_report(&sim->memory, min_age_us, ret);
}

static const struct damon_reclaim_backend_ops sim_ops = {
    .size = sizeof(sim_ops),
    .name = "sim",
    .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_WHOLE | DAMON_RECLAIM_BACKEND_ACCESSES_STAY,
    .filters = DRCL_FILTERS_OF(DRCL_BY_SIM),
    .min_region_size = DRCL_SIM_PAGE,
    .destroy = sim_destroy,
    .disable = sim_disable,
    .target_add = sim_target_add,
    .target_remove = sim_target_remove,
    .ranges = sim_ranges,
    .prepare = sim_prepare,
    .check = sim_check,
    .mark = sim_mark,
    .reclaim = sim_reclaim,
    .metrics = sim_metrics,
    .now = sim_now,
    .advance = sim_advance,
};

const struct drcl_backend drcl_backend_sim = {
    .name = "sim",
    .feature = "backend:sim",
    .ops = &sim_ops,
    .sets_errors = true,
    .create = sim_create,
    .report = sim_report,
    .probe = sim_probe,
};
