/* SPDX-License-Identifier: MIT */
/* The truth about the simulated memory. */
#include "backends/sim/report.h"

/* Answers of the model after which the rest of a region is told by a sample, or left out of the refaults. */
#define MAX_ANSWERS (UINT64_C(1) << 20)

/* The truth about one region: pages, by kind. */
struct tally {
    uint64_t touched, resident, cold, cold_gone;
};

struct queries {
    struct drcl_query ever, recent;
};

/* Adds the pages from @page on that are of one kind, or with @n not 0 so many; returns how many that are. */
static uint64_t tally_pages(const struct drcl_memory *m, const struct queries *queries, uint64_t page, uint64_t n,
                            struct tally *tally)
{
    uint64_t run, recent_run, gone_end, since;
    bool touched = drcl_query_touched(&queries->ever, page, &run);
    bool hot = drcl_query_touched(&queries->recent, page, &recent_run);
    bool gone = drcl_spans_find(&m->gone, page, &gone_end, &since);

    if (!n) {
        n = run < recent_run ? run : recent_run;
        n = gone_end - page < n ? gone_end - page : n;
    }
    if (touched) {
        tally->touched += n;
        tally->resident += gone ? 0 : n;
        tally->cold += hot ? 0 : n;
        tally->cold_gone += gone && !hot ? n : 0;
    }
    return n;
}

/* Counts the pages of a region after refaults were taken. Cold are pages that were touched, but not in
 * [@cold_since, now). */
static void tally_region(const struct drcl_memory *m, uint32_t region, uint64_t cold_since, struct tally *ret)
{
    const struct drcl_model_region *in = &m->model.regions[region];
    uint64_t page = in->first_page, end = page + in->nr_pages;
    struct queries queries = {{0}, {0}};
    struct tally sample = {0};

    *ret = (struct tally){0};
    drcl_query_set(&queries.ever, &m->model, region, 0, m->now);
    drcl_query_set(&queries.recent, &m->model, region, cold_since, m->now);
    for (uint64_t i = 0; page < end && i < MAX_ANSWERS; i++)
        page += tally_pages(m, &queries, page, 0, ret);
    if (page >= end)
        return;
    for (uint64_t i = 0; i < DRCL_SIM_SAMPLE; i++)
        tally_pages(m, &queries, drcl_memory_sample(page, end, i), 1, &sample);
    ret->touched += drcl_memory_scale(page, end, sample.touched);
    ret->resident += drcl_memory_scale(page, end, sample.resident);
    ret->cold += drcl_memory_scale(page, end, sample.cold);
    ret->cold_gone += drcl_memory_scale(page, end, sample.cold_gone);
}

int drcl_memory_report(struct drcl_memory *m, uint64_t min_age_us, struct damon_reclaim_sim_report *ret)
{
    uint64_t min_age_ns = min_age_us < UINT64_MAX / 1000 ? min_age_us * 1000 : UINT64_MAX;
    uint64_t answers = 0, within;
    int r;

    r = drcl_memory_settle(m, MAX_ANSWERS, &answers);
    if (r < 0)
        return r;
    *ret = (struct damon_reclaim_sim_report){.size = sizeof(*ret), .now_ns = m->now, .workload_end_ns = m->model.end};
    for (uint32_t i = 0; i < m->model.nr_regions; i++) {
        struct tally tally;

        tally_region(m, i, m->now > min_age_ns ? m->now - min_age_ns : 0, &tally);
        ret->touched += tally.touched * DRCL_SIM_PAGE;
        ret->resident += tally.resident * DRCL_SIM_PAGE;
        *(m->model.regions[i].file ? &ret->file : &ret->anon) += tally.resident * DRCL_SIM_PAGE;
        ret->cold += tally.cold * DRCL_SIM_PAGE;
        ret->cold_reclaimed += tally.cold_gone * DRCL_SIM_PAGE;
    }
    within = drcl_delays_within(&m->delays, min_age_ns);
    ret->total = m->model.nr_pages * DRCL_SIM_PAGE;
    ret->cold_missed = ret->cold - ret->cold_reclaimed;
    ret->reclaimed = m->nr_reclaimed * DRCL_SIM_PAGE;
    ret->refaulted = m->delays.total * DRCL_SIM_PAGE;
    ret->regretted = within * DRCL_SIM_PAGE;
    ret->refault_ns = m->delays.total * m->config.refault_ns;
    ret->reclaim_ns = m->reclaim_ns;
    return 0;
}
