/* SPDX-License-Identifier: MIT */
/* The physical memory that there is, as a backend that watches it sees it. */
#ifndef DRCL_RAM_H
#define DRCL_RAM_H

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

/* What damon_reclaim_backend_ops::ranges() is to tell. */
int drcl_ram_ranges(struct drcl_ram *ram, struct drcl_env *env, struct damon_reclaim_range *ranges, size_t capacity,
                    size_t *ret_n);

/* -EINVAL if nothing of [start, end) is memory; the text begins with @what and tells where there is some. 0 also if
 * that is not known. */
int drcl_ram_check(struct drcl_env *env, const char *what, uint64_t start, uint64_t end);

#endif
