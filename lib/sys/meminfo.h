/* SPDX-License-Identifier: MIT */
/* /proc/meminfo: how much memory and swap there is and how much is free. */
#ifndef DRCL_SYS_MEMINFO_H
#define DRCL_SYS_MEMINFO_H

#include "base/env.h"

/* In bytes. A system without swap has none free. */
struct drcl_meminfo {
    uint64_t total;
    uint64_t free;
    uint64_t swap_total;
    uint64_t swap_free;
};

/* Reads the text of the file. 0, or -EINVAL when MemTotal or MemFree is missing or makes no sense. */
int drcl_meminfo_parse(const char *text, size_t len, struct drcl_meminfo *ret);

/* Reads the file. Allocates nothing. Errors name the file. */
int drcl_meminfo_read(struct drcl_env *env, struct drcl_meminfo *ret);

/* Free memory in permille of the total, rounded down. Allocates nothing. */
int drcl_meminfo_free_permille(struct drcl_env *env, uint32_t *ret);

#endif
