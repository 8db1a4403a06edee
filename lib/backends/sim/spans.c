/* SPDX-License-Identifier: MIT */
#include "backends/sim/spans.h"

#include <errno.h>
#include <string.h>

#include "base/grow.h"

#define BLOCK_PAGES (UINT64_C(1) << 14) /* 64 MiB of pages of 4 KiB */

static uint64_t nr_blocks(const struct drcl_spans *spans)
{
    return (spans->nr_pages + BLOCK_PAGES - 1) / BLOCK_PAGES;
}

int drcl_spans_init(struct drcl_env *env, struct drcl_spans *spans, uint64_t nr_pages)
{
    uint64_t bytes;

    *spans = (struct drcl_spans){.env = env, .nr_pages = nr_pages};
    bytes = nr_blocks(spans) * sizeof(*spans->blocks);
    if (bytes <= SIZE_MAX)
        spans->blocks = drcl_zalloc(env, (size_t)bytes);
    return spans->blocks ? 0 : drcl_error(env, -ENOMEM, "out of memory for the state of the simulated memory");
}

void drcl_spans_fini(struct drcl_spans *spans)
{
    if (!spans->blocks)
        return;
    for (uint64_t i = 0; i < nr_blocks(spans); i++)
        drcl_free(spans->env, spans->blocks[i].spans);
    drcl_free(spans->env, spans->blocks);
    spans->blocks = NULL;
}

/* The first span of the block that ends behind @page. */
static uint32_t find(const struct drcl_span_block *block, uint32_t page)
{
    uint32_t low = 0, high = block->nr;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (block->spans[mid].end > page)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* Puts @n spans in the place of the spans [from, to). */
static int splice(struct drcl_spans *map, struct drcl_span_block *block, uint32_t from, uint32_t to,
                  const struct drcl_span *spans, uint32_t n)
{
    uint32_t nr = block->nr - (to - from) + n;
    size_t capacity = block->capacity;

    if (drcl_grow(map->env, &block->spans, &capacity, nr, sizeof(*block->spans)) < 0)
        return drcl_error(map->env, -ENOMEM, "out of memory for the state of the simulated memory");
    block->capacity = (uint32_t)capacity;
    if (block->nr > to)
        memmove(block->spans + from + n, block->spans + to, (block->nr - to) * sizeof(*spans));
    if (n)
        memcpy(block->spans + from, spans, n * sizeof(*spans));
    block->nr = nr;
    return 0;
}

/* Replaces what is known of the pages [start, end) of a block: by @time, or by nothing. */
static int replace(struct drcl_spans *map, struct drcl_span_block *block, uint32_t start, uint32_t end, bool set,
                   uint64_t time)
{
    struct drcl_span put[3], new = {start, end, time};
    uint32_t from = find(block, start), to = from, n = 0;
    uint64_t covered = 0, added = 0;
    int r;

    if (set && from > 0 && block->spans[from - 1].end == start && block->spans[from - 1].time == time) {
        new.start = block->spans[--from].start; /* the neighbour grows */
        covered += start - new.start;
    }
    for (; to < block->nr && block->spans[to].start < end; to++)
        covered += block->spans[to].end - block->spans[to].start;
    if (to > from && block->spans[from].start < new.start) {
        put[n] = block->spans[from];
        put[n++].end = start;
    }
    if (set)
        put[n++] = new;
    if (to > from && block->spans[to - 1].end > end) {
        put[n] = block->spans[to - 1];
        put[n++].start = end;
    }
    for (uint32_t i = 0; i < n; i++)
        added += put[i].end - put[i].start;
    r = splice(map, block, from, to, put, n);
    if (r == 0)
        map->nr_set += added - covered;
    return r;
}

static int replace_all(struct drcl_spans *spans, uint64_t start, uint64_t end, bool set, uint64_t time)
{
    while (start < end) {
        uint64_t block = start / BLOCK_PAGES, first = block * BLOCK_PAGES;
        uint64_t stop = end < first + BLOCK_PAGES ? end : first + BLOCK_PAGES;
        int r = replace(spans, &spans->blocks[block], (uint32_t)(start - first), (uint32_t)(stop - first), set, time);

        if (r < 0)
            return r;
        start = stop;
    }
    return 0;
}

int drcl_spans_set(struct drcl_spans *spans, uint64_t start, uint64_t end, uint64_t time)
{
    return replace_all(spans, start, end, true, time);
}

int drcl_spans_clear(struct drcl_spans *spans, uint64_t start, uint64_t end)
{
    return replace_all(spans, start, end, false, 0);
}

bool drcl_spans_find(const struct drcl_spans *spans, uint64_t page, uint64_t *ret_end, uint64_t *ret_time)
{
    const struct drcl_span_block *block = &spans->blocks[page / BLOCK_PAGES];
    uint64_t first = page - page % BLOCK_PAGES;
    uint32_t i = find(block, (uint32_t)(page - first));

    if (i < block->nr && block->spans[i].start <= page - first) {
        *ret_end = first + block->spans[i].end;
        *ret_time = block->spans[i].time;
        return true;
    }
    *ret_end = first + (i < block->nr ? block->spans[i].start : BLOCK_PAGES);
    if (*ret_end > spans->nr_pages)
        *ret_end = spans->nr_pages;
    return false;
}
