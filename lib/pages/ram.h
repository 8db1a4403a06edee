/* SPDX-License-Identifier: MIT */
/* The physical memory that there is, for whoever watches it: read now and then, as memory comes and goes. */
#ifndef DRCL_PAGES_RAM_H
#define DRCL_PAGES_RAM_H

#include "base/env.h"

struct drcl_ram {
    struct damon_reclaim_range *ranges; /* ascending, without overlap */
    size_t n;
    size_t capacity;
    uint64_t read_ns; /* when it was looked at */
    bool largest;     /* the largest range stands for all */
};

/* Looks at it, unless that was less than half a minute ago: memory comes and goes. Errors have a text. */
int drcl_ram_refresh(struct drcl_ram *ram, struct drcl_env *env);
void drcl_ram_free(struct drcl_ram *ram, struct drcl_env *env);

/* The first piece of [@start, @end) that is memory, which has to be known; false if there is none. */
bool drcl_ram_clip(const struct drcl_ram *ram, uint64_t start, uint64_t end, struct damon_reclaim_range *ret);

/* What damon_reclaim_backend_ops::ranges() is to tell. */
int drcl_ram_ranges(struct drcl_ram *ram, struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity,
                    size_t *ret_n);

#endif
