/* SPDX-License-Identifier: MIT */
/* Sets of frames, as ascending ranges that lie apart from each other. */
#ifndef DRCL_IDLE_FRAME_SET_H
#define DRCL_IDLE_FRAME_SET_H

#include "base/env.h"

struct drcl_frame_range {
    uint64_t start, end;
};

struct drcl_frame_set {
    struct drcl_frame_range *at;
    size_t n, capacity;
};

void drcl_frame_set_fini(struct drcl_frame_set *set, struct drcl_env *env);

/* Makes room for @n ranges. 0 or -ENOMEM. */
int drcl_frame_set_reserve(struct drcl_frame_set *set, struct drcl_env *env, size_t n);

/* Adds [start, end), which is not empty, and joins what touches; there is room for one range more. */
void drcl_frame_set_add(struct drcl_frame_set *set, uint64_t start, uint64_t end);

/* Joins the two ranges with the smallest gap between them. There are at least two ranges. */
void drcl_frame_set_widen(struct drcl_frame_set *set);

/* The first range that ends after @frame, or where it would be. */
size_t drcl_frame_set_find(const struct drcl_frame_set *set, uint64_t frame);

/* Whether all of [start, end), which is not empty, is in the set. */
bool drcl_frame_set_has(const struct drcl_frame_set *set, uint64_t start, uint64_t end);

/* Takes the first part of [*start, end) that is not in the set, up to *ret_end, and moves *start behind it. False if
 * there is none. */
bool drcl_frame_set_gap(const struct drcl_frame_set *set, uint64_t *start, uint64_t end, struct drcl_frame_range *ret);

#endif
