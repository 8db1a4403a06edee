/* SPDX-License-Identifier: MIT */
/*
 * A map from pages to times, for what happens to neighbouring pages together: spans of pages that share a time, in
 * ascending order. A page without a time costs nothing; a span costs 16 bytes. Spans are kept in blocks of pages, so
 * that a change moves little memory even if there are many spans.
 */
#ifndef DRCL_SIM_SPANS_H
#define DRCL_SIM_SPANS_H

#include "base/env.h"

struct drcl_span {
    uint32_t start, end; /* pages, from the block's first */
    uint64_t time;
};

struct drcl_span_block {
    struct drcl_span *spans; /* ascending, without overlap */
    uint32_t nr, capacity;
};

struct drcl_spans {
    struct drcl_env *env;
    struct drcl_span_block *blocks;
    uint64_t nr_pages; /* that the map covers */
    uint64_t nr_set;   /* that have a time */
};

int drcl_spans_init(struct drcl_env *env, struct drcl_spans *spans, uint64_t nr_pages); /* 0 or -ENOMEM */
void drcl_spans_fini(struct drcl_spans *spans);

/* Gives the pages [start, end) a time, or takes it away. 0, or -ENOMEM: then a front part of the pages is changed. */
int drcl_spans_set(struct drcl_spans *spans, uint64_t start, uint64_t end, uint64_t time);
int drcl_spans_clear(struct drcl_spans *spans, uint64_t start, uint64_t end);

/* Whether @page has a time, which goes to *ret_time. The answer is the same for the pages up to *ret_end, at least one.
 */
bool drcl_spans_find(const struct drcl_spans *spans, uint64_t page, uint64_t *ret_end, uint64_t *ret_time);

#endif
