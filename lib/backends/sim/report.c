/* SPDX-License-Identifier: MIT */
/* The truth about the simulated memory. */
#include "backends/sim/report.h"

/* The truth about one region: pages, by kind. */
struct tally {
    uint64_t touched, resident, cold, cold_gone;
};

/* Counts the pages of a region after all refaults were taken. Cold are pages that were touched, but not in
 * [@cold_since, now). */
static void tally_region(const struct drcl_memory *m, uint32_t region, uint64_t cold_since, struct tally *ret)
{
    const struct drcl_model_region *in = &m->model.regions[region];
    uint64_t end = in->first_page + in->nr_pages;
    struct drcl_query ever = {0}, recent = {0};

    *ret = (struct tally){0};
    drcl_query_set(&ever, &m->model, region, 0, m->now);
    drcl_query_set(&recent, &m->model, region, cold_since, m->now);
    for (uint64_t page = in->first_page, next; page < end; page = next) {
        uint64_t run, recent_run, gone_end, since, n;
        bool touched, hot, gone;

        touched = drcl_query_touched(&ever, page, &run);
        hot = drcl_query_touched(&recent, page, &recent_run);
        gone = drcl_spans_find(&m->gone, page, &gone_end, &since);
        next = page + (run < recent_run ? run : recent_run);
        next = gone_end < next ? gone_end : next;
        n = touched ? next - page : 0;
        ret->touched += n;
        ret->resident += gone ? 0 : n;
        ret->cold += hot ? 0 : n;
        ret->cold_gone += gone && !hot ? n : 0;
    }
}

int drcl_memory_report(struct drcl_memory *m, uint64_t min_age_us, struct damon_reclaim_sim_report *ret)
{
    uint64_t min_age_ns = min_age_us < UINT64_MAX / 1000 ? min_age_us * 1000 : UINT64_MAX;
    uint64_t answers = 0, within;
    int r;

    r = drcl_memory_settle(m, &answers);
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
