/* SPDX-License-Identifier: MIT */
#include "backends/sim/memory.h"

#include <errno.h>

/* Virtual time from one count of the present pages to the next, and in addition for each answer of the model that the
 * count needed: so counting takes a bounded part of a run. */
#define COUNT_INTERVAL_NS UINT64_C(1000000000)
#define COUNT_STEP_NS     UINT64_C(4000)
#define MAX_ANSWERS       (2 * DRCL_SIM_SAMPLE) /* of the model that a count asks for, beside samples */

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
    m->looks = UINT64_MAX; /* until somebody sets a bound */
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

/* Takes refaults of the pages [*page, end), all reclaimed at @since, with at most @most answers. */
static int settle_span(struct drcl_memory *m, uint64_t *page, uint64_t end, uint64_t since, uint64_t most,
                       uint64_t *answers)
{
    struct drcl_query query = {0};
    uint64_t run;

    for (; *page < end && *answers < most; *page += run) {
        bool touched;
        int r;

        drcl_query_set(&query, &m->model, drcl_model_region(&m->model, *page), since, m->now);
        touched = drcl_query_touched(&query, *page, &run);
        run = run < end - *page ? run : end - *page;
        ++*answers;
        if (!touched)
            continue;
        run = run < most - *answers ? run : most - *answers + 1;
        *answers += run;
        r = drcl_memory_refault(m, *page, *page + run, since);
        if (r < 0)
            return r;
    }
    return 0;
}

int drcl_memory_settle(struct drcl_memory *m, uint64_t most, uint64_t *answers)
{
    uint64_t left = m->model.nr_pages, page = m->settled < left ? m->settled : 0, needed = 0;
    int r = 0;

    while (r == 0 && left && needed < most) {
        uint64_t first = page, end, since;

        if (drcl_spans_find(&m->gone, page, &end, &since)) {
            end = end - page < left ? end : page + left;
            r = settle_span(m, &page, end, since, most, &needed);
        } else {
            page = end - page < left ? end : page + left;
            needed++; /* as much work as an answer */
        }
        left -= page - first;
        page = page < m->model.nr_pages ? page : 0;
    }
    m->settled = page;
    *answers += needed;
    return r;
}

uint64_t drcl_memory_sample(uint64_t start, uint64_t end, uint64_t i)
{
    uint64_t n = end - start;

    return start + n / DRCL_SIM_SAMPLE * i + n % DRCL_SIM_SAMPLE * i / DRCL_SIM_SAMPLE;
}

uint64_t drcl_memory_scale(uint64_t start, uint64_t end, uint64_t n)
{
    uint64_t pages = end - start;

    return pages / DRCL_SIM_SAMPLE * n + pages % DRCL_SIM_SAMPLE * n / DRCL_SIM_SAMPLE;
}

/* How many pages of [page, end) were touched, by a sample. */
static uint64_t estimate_touched(const struct drcl_query *query, uint64_t page, uint64_t end, uint64_t *answers)
{
    uint64_t n = 0, run;

    for (uint64_t i = 0; i < DRCL_SIM_SAMPLE; i++)
        n += drcl_query_touched(query, drcl_memory_sample(page, end, i), &run);
    *answers += DRCL_SIM_SAMPLE;
    return drcl_memory_scale(page, end, n);
}

/* Counts one by one as long as there are fewer than @most answers. */
static void count_touched(struct drcl_memory *m, uint32_t region, uint64_t most, uint64_t *answers)
{
    const struct drcl_model_region *in = &m->model.regions[region];
    uint64_t end = in->first_page + in->nr_pages, page = in->first_page, run;
    struct drcl_query query = {0};

    if (m->touched[region] == in->nr_pages)
        return; /* more is not possible */
    m->touched[region] = 0;
    drcl_query_set(&query, &m->model, region, 0, m->now);
    for (; page < end && (*answers < most || end - page <= DRCL_SIM_SAMPLE); page += run) {
        if (drcl_query_touched(&query, page, &run))
            m->touched[region] += run;
        ++*answers;
    }
    if (page < end)
        m->touched[region] += estimate_touched(&query, page, end, answers);
}

/* Counts the present pages. */
static int count(struct drcl_memory *m)
{
    uint64_t answers = 0, used = 0;
    int r;

    r = drcl_memory_settle(m, MAX_ANSWERS, &answers);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < m->model.nr_regions; i++) {
        count_touched(m, i, 2 * MAX_ANSWERS, &answers);
        used += m->touched[i];
    }
    m->used = used > m->gone.nr_set ? used - m->gone.nr_set : 0;
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
