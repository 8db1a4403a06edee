/* SPDX-License-Identifier: MIT */
#include "backends/sim/model.h"

#include <errno.h>

#include "backends/sim/stream.h"
#include "base/random.h"

#define NS_PER_MS UINT64_C(1000000)

/* Counts the streams of each region and gives it its place in the array of them. */
static void place_streams(struct drcl_model *model, const struct drcl_workload *workload)
{
    uint32_t place = 0;

    for (uint32_t i = 0; i < workload->nr_patterns; i++)
        if (workload->patterns[i].weight)
            model->regions[workload->patterns[i].region].nr_streams++;
    for (uint32_t i = 0; i < model->nr_regions; i++) {
        model->regions[i].first_stream = place;
        place += model->regions[i].nr_streams;
        model->regions[i].nr_streams = 0; /* counted up again as they are filled in */
    }
}

static void fill_streams(struct drcl_model *model, const struct drcl_workload *workload, uint64_t rate, uint64_t seed)
{
    uint64_t now = 0;

    for (uint32_t i = 0; i < workload->nr_phases; i++) {
        const struct drcl_workload_phase *phase = &workload->phases[i];
        uint64_t end = now + phase->ms * NS_PER_MS;

        for (uint32_t j = phase->first_pattern; j < phase->first_pattern + phase->nr_patterns; j++) {
            const struct drcl_workload_pattern *pattern = &workload->patterns[j];
            struct drcl_model_region *region = &model->regions[pattern->region];
            struct drcl_stream *stream;

            if (!pattern->weight)
                continue;
            stream = &model->streams[region->first_stream + region->nr_streams++];
            *stream = (struct drcl_stream){.start = now, .end = end};
            drcl_stream_init(stream, pattern, workload->regions[pattern->region].size, phase->weight, rate,
                             drcl_mix64(drcl_mix64(seed) ^ j));
        }
        now = end;
    }
    model->end = now;
}

int drcl_model_init(struct drcl_env *env, struct drcl_model *model, const struct drcl_workload *workload, uint64_t rate,
                    uint64_t seed)
{
    *model = (struct drcl_model){.nr_regions = workload->nr_regions, .nr_streams = workload->nr_patterns};
    model->regions = drcl_realloc_array(env, NULL, model->nr_regions, sizeof(*model->regions));
    model->streams = drcl_realloc_array(env, NULL, model->nr_streams, sizeof(*model->streams));
    if (!model->regions || !model->streams) {
        drcl_model_fini(env, model);
        return drcl_error(env, -ENOMEM, "out of memory for the streams of the workload");
    }
    for (uint32_t i = 0; i < model->nr_regions; i++) {
        uint64_t nr_pages = (workload->regions[i].size - 1) / DRCL_SIM_PAGE + 1;

        model->regions[i] = (struct drcl_model_region){
            .first_page = model->nr_pages, .nr_pages = nr_pages, .file = workload->regions[i].file};
        model->nr_pages += nr_pages;
    }
    place_streams(model, workload);
    fill_streams(model, workload, rate, seed);
    return 0;
}

void drcl_model_fini(struct drcl_env *env, struct drcl_model *model)
{
    drcl_free(env, model->regions);
    drcl_free(env, model->streams);
    model->regions = NULL;
    model->streams = NULL;
}

uint32_t drcl_model_region(const struct drcl_model *model, uint64_t page)
{
    uint32_t low = 0, high = model->nr_regions - 1;

    while (low < high) {
        uint32_t mid = low + (high - low + 1) / 2;

        if (model->regions[mid].first_page <= page)
            low = mid;
        else
            high = mid - 1;
    }
    return low;
}

/* The first stream of a region that ends after @t; the streams' ends ascend as their phases do. */
static uint32_t first_running(const struct drcl_model *model, const struct drcl_model_region *region, uint64_t t)
{
    uint32_t low = region->first_stream, high = low + region->nr_streams;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (model->streams[mid].end > t)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

void drcl_query_set(struct drcl_query *query, const struct drcl_model *model, uint32_t region, uint64_t t0, uint64_t t1)
{
    const struct drcl_model_region *in = &model->regions[region];
    uint32_t end = in->first_stream + in->nr_streams;

    if (query->region == in && query->t0 == t0 && query->t1 == t1)
        return;
    query->model = model;
    query->region = in;
    query->t0 = t0;
    query->t1 = t1;
    query->first = query->end = first_running(model, in, t0);
    while (t0 < t1 && query->end < end && model->streams[query->end].start < t1) {
        uint32_t n = query->end - query->first;

        if (n < DRCL_QUERY_STREAMS)
            drcl_stream_query_set(&model->streams[query->end], t0, t1, &query->cache[n]);
        query->end++;
    }
}

bool drcl_query_touched(const struct drcl_query *query, uint64_t page, uint64_t *ret_run)
{
    uint64_t run, shortest;

    page -= query->region->first_page;
    shortest = query->region->nr_pages - page;
    for (uint32_t i = query->first; i < query->end; i++) {
        struct drcl_stream_query uncached;
        const struct drcl_stream_query *stream = &uncached;
        bool touched;

        if (i - query->first < DRCL_QUERY_STREAMS)
            stream = &query->cache[i - query->first];
        else
            drcl_stream_query_set(&query->model->streams[i], query->t0, query->t1, &uncached);
        touched = drcl_stream_touched(stream, page, &run);
        if (run < shortest)
            shortest = run;
        if (touched) {
            *ret_run = run < query->region->nr_pages - page ? run : query->region->nr_pages - page;
            return true;
        }
    }
    *ret_run = shortest;
    return false;
}

uint64_t drcl_model_first_access(const struct drcl_model *model, uint64_t page, uint64_t t0, uint64_t t1)
{
    const struct drcl_model_region *region = &model->regions[drcl_model_region(model, page)];
    uint32_t end = region->first_stream + region->nr_streams;

    for (uint32_t i = first_running(model, region, t0); i < end && model->streams[i].start < t1; i++) {
        const struct drcl_stream *stream = &model->streams[i];
        struct drcl_stream_query query;
        uint64_t t;

        drcl_stream_query_set(stream, t0, t1, &query);
        t = drcl_stream_first(&query, page - region->first_page);
        if (t != UINT64_MAX)
            t1 = stream->start + t; /* another stream of the phase may be earlier still */
    }
    return t1;
}
