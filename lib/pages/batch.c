/* SPDX-License-Identifier: MIT */
#include "pages/batch.h"

int drcl_batch_read_pagemap(struct drcl_batch *batch, struct drcl_pagemap *map, uint64_t start, size_t pages)
{
    int r = drcl_pagemap_read(map, start, pages, batch->entries);

    batch->start = start;
    batch->pages = pages;
    batch->nr_frames = 0;
    if (r < 0)
        return r;
    for (size_t i = 0; i < pages; i++) {
        uint64_t pfn = batch->entries[i] & DRCL_PAGEMAP_PFN;

        if (!(batch->entries[i] & DRCL_PAGEMAP_PRESENT))
            continue;
        if (!pfn)
            return drcl_no_frame_numbers(map->env);
        batch->frames[batch->nr_frames++] = (struct drcl_frame){.pfn = pfn, .index = (uint32_t)i};
    }
    drcl_frames_sort(batch->frames, batch->nr_frames);
    return 0;
}

int drcl_batch_ask(struct drcl_batch *batch, struct drcl_page_files *files, bool needs_memcg)
{
    struct drcl_frame *frames = batch->frames;
    size_t heads = 0;
    int r = 0;

    for (size_t i = 0; i < batch->pages; i++)
        batch->memcgs[i] = 0;
    if (needs_memcg)
        r = drcl_kpagecgroup_get(&files->kpagecgroup, frames, batch->nr_frames, batch->memcgs);
    if (r < 0)
        return r;
    for (size_t i = 0; i < batch->nr_frames; i++)
        if (!(frames[i].flags & DRCL_KPF_COMPOUND_TAIL))
            frames[heads++] = frames[i];
    r = drcl_page_files_get_idle(files, frames, heads);
    for (size_t i = 0; r == 0 && i < heads; i++)
        batch->flags[frames[i].index] = frames[i].flags;
    batch->nr_frames = heads;
    return r;
}
