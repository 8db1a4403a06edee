/* SPDX-License-Identifier: MIT */
/* Workload files. */
#include <errno.h>

#include "backends/sim/workload.h"
#include "fuzz.h"

static void check_phase(const struct drcl_workload *w, const struct drcl_workload_phase *phase)
{
    uint64_t weight = 0;

    must(phase->ms <= DRCL_WORKLOAD_MAX_PHASE_MS);
    must(phase->first_pattern <= w->nr_patterns && phase->nr_patterns <= w->nr_patterns - phase->first_pattern);
    for (uint32_t i = phase->first_pattern; i < phase->first_pattern + phase->nr_patterns; i++) {
        must(w->patterns[i].region < w->nr_regions);
        must(w->patterns[i].random || w->patterns[i].stride);
        must(w->patterns[i].weight <= DRCL_WORKLOAD_MAX_WEIGHT);
        weight += w->patterns[i].weight;
    }
    must(weight == phase->weight && (weight || !phase->nr_patterns));
}

static void check_workload(const struct drcl_workload *w)
{
    uint64_t total = 0;

    must(w->nr_regions && w->nr_regions <= DRCL_WORKLOAD_MAX_REGIONS && w->nr_phases <= DRCL_WORKLOAD_MAX_PHASES);
    for (uint32_t i = 0; i < w->nr_regions; i++) {
        must(w->regions[i].size && w->regions[i].size <= DRCL_WORKLOAD_MAX_SIZE);
        must(w->regions[i].name_len && w->regions[i].name[0] && w->regions[i].name[w->regions[i].name_len - 1]);
        total += w->regions[i].size;
    }
    must(total <= DRCL_WORKLOAD_MAX_SIZE);
    for (uint32_t i = 0; i < w->nr_phases; i++)
        check_phase(w, &w->phases[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drcl_env env = fuzz_env(NULL, NULL);
    struct drcl_workload *w = NULL;
    char *text = malloc(size ? size : 1); /* of exactly the size, so that a read beyond it is found */
    int r;

    must(text);
    memcpy(text, data, size);
    r = drcl_workload_parse(&env, text, size, "fuzz", &w);
    free(text); /* the result does not refer to it */
    if (r < 0) {
        must(r == -EINVAL && !w && !strncmp(env.error, "fuzz:", 5));
        must_explain(&env);
    } else {
        check_workload(w);
    }
    drcl_workload_free(&env, w);
    drcl_env_fini(&env);
    return 0;
}
