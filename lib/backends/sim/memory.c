/* SPDX-License-Identifier: MIT */
#include "backends/sim/memory.h"

#include <errno.h>

/* Virtual time from one count of the present pages to the next, and in addition for each answer of the model that the
 * count needed: so counting takes a bounded part of a run. */
#define COUNT_INTERVAL_NS UINT64_C(1000000000)
#define COUNT_STEP_NS     UINT64_C(4000)

int drcl_memory_init(struct drcl_env *env, struct drcl_memory *m, const struct drcl_workload *workload,
                     const struct drcl_memory_config *config)
{
    int r;

    *m = (struct drcl_memory){.env = env, .config = *config};
    r = drcl_model_init(env, &m->model, workload, config->rate, config->seed);
    if (r == 0)
        r = drcl_spans_init(env, &m->gone, m->model.nr_pages);
    if (r == 0)
        r = drcl_spans_init(env, &m->marked, m->model.nr_pages);
    if (r == 0) {
        m->touched = drcl_zalloc(env, m->model.nr_regions * sizeof(*m->touched));
        if (!m->touched)
            r = drcl_error(env, -ENOMEM, "out of memory for the state of the simulated memory");
    }
    if (r < 0) {
        drcl_memory_fini(m);
        return r;
    }
    /* A fifth is free when the whole workload is there: then, and only then, the default watermarks call for work. */
    if (!m->config.bytes)
        m->config.bytes = m->model.nr_pages * DRCL_SIM_PAGE / 4 * 5;
    return 0;
}

void drcl_memory_fini(struct drcl_memory *m)
{
    drcl_model_fini(m->env, &m->model);
    drcl_spans_fini(&m->gone);
    drcl_spans_fini(&m->marked);
    drcl_free(m->env, m->touched);
    m->touched = NULL;
}

int drcl_memory_refault(struct drcl_memory *m, uint64_t start, uint64_t end, uint64_t since)
{
    int r = drcl_spans_clear(&m->gone, start, end);

    if (r < 0)
        return r;
    for (uint64_t page = start; page < end; page++)
        drcl_delays_add(&m->delays, drcl_model_first_access(&m->model, page, since, m->now) - since);
    return 0;
}

/* Takes the refaults of the pages [page, end), all reclaimed at @since. */
static int settle_span(struct drcl_memory *m, uint64_t page, uint64_t end, uint64_t since, uint64_t *answers)
{
    struct drcl_query query = {0};
    uint64_t run;

    for (; page < end; page += run) {
        bool touched;
        int r;

        drcl_query_set(&query, &m->model, drcl_model_region(&m->model, page), since, m->now);
        touched = drcl_query_touched(&query, page, &run);
        run = run < end - page ? run : end - page;
        ++*answers;
        if (!touched)
            continue;
        *answers += run;
        r = drcl_memory_refault(m, page, page + run, since);
        if (r < 0)
            return r;
    }
    return 0;
}

int drcl_memory_settle(struct drcl_memory *m, uint64_t *answers)
{
    uint64_t end, since;

    for (uint64_t page = 0; page < m->model.nr_pages; page = end) {
        int r;

        if (!drcl_spans_find(&m->gone, page, &end, &since))
            continue;
        r = settle_span(m, page, end, since, answers);
        if (r < 0)
            return r;
    }
    return 0;
}

static void count_touched(struct drcl_memory *m, uint32_t region, uint64_t *answers)
{
    const struct drcl_model_region *in = &m->model.regions[region];
    uint64_t end = in->first_page + in->nr_pages, run;
    struct drcl_query query = {0};

    if (m->touched[region] == in->nr_pages)
        return; /* more is not possible */
    m->touched[region] = 0;
    drcl_query_set(&query, &m->model, region, 0, m->now);
    for (uint64_t page = in->first_page; page < end; page += run) {
        if (drcl_query_touched(&query, page, &run))
            m->touched[region] += run;
        ++*answers;
    }
}

/* Counts the present pages. */
static int count(struct drcl_memory *m)
{
    uint64_t answers = 0, used = 0;
    int r;

    r = drcl_memory_settle(m, &answers);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < m->model.nr_regions; i++) {
        count_touched(m, i, &answers);
        used += m->touched[i];
    }
    m->used = used - m->gone.nr_set;
    m->reclaimed_before = m->nr_reclaimed;
    m->next_count = m->now + COUNT_INTERVAL_NS + answers * COUNT_STEP_NS;
    return 0;
}

int drcl_memory_free_permille(struct drcl_memory *m, uint32_t *ret)
{
    uint64_t total = m->config.bytes / DRCL_SIM_PAGE, used, reclaimed;
    int r;

    if (m->now >= m->next_count) {
        r = count(m);
        if (r < 0)
            return r;
    }
    /* Pages that were reclaimed since the count may have been touched only after it, too. */
    reclaimed = m->nr_reclaimed - m->reclaimed_before;
    used = m->used > reclaimed ? m->used - reclaimed : 0;
    *ret = used < total ? (uint32_t)((total - used) * 1000 / total) : 0;
    return 0;
}
