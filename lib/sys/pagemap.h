/* SPDX-License-Identifier: MIT */
/* /proc/PID/pagemap: which frame is behind an address (Documentation/admin-guide/mm/pagemap.rst of the kernel). */
#ifndef DRCL_SYS_PAGEMAP_H
#define DRCL_SYS_PAGEMAP_H

#include "base/env.h"
#include "sys/frames.h"

#define DRCL_PAGEMAP_PRESENT   (UINT64_C(1) << 63)
#define DRCL_PAGEMAP_SWAPPED   (UINT64_C(1) << 62)
#define DRCL_PAGEMAP_FILE      (UINT64_C(1) << 61) /* of a file, or shared and anonymous */
#define DRCL_PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56) /* nobody else maps it */
#define DRCL_PAGEMAP_PFN       ((UINT64_C(1) << 55) - 1)

struct drcl_pagemap {
    struct drcl_env *env;
    pid_t pid;
    int pidfd; /* not ours */
    int fd;
    bool no_scan; /* the kernel cannot skip what is absent */
};

/* Opens the pagemap of the process that @pidfd holds. Errors name the pid and the privilege; -ESRCH, without text, when
 * it has exited. */
int drcl_pagemap_open(struct drcl_pagemap *map, struct drcl_env *env, pid_t pid, int pidfd);
void drcl_pagemap_close(struct drcl_pagemap *map);

/* Reads the entries of @n pages from @addr on; 0 for addresses that no process can have. Follows the process through an
 * exec. -ESRCH when it has exited. */
int drcl_pagemap_read(struct drcl_pagemap *map, uint64_t addr, size_t n, uint64_t *entries);

/* Finds the first range of present pages in [start, end), which is what keeps address space that was never touched
 * cheap. *ret_start = *ret_end = @end if there is none; the whole range on kernels before 6.7, which cannot tell. */
int drcl_pagemap_next_present(struct drcl_pagemap *map, uint64_t start, uint64_t end, uint64_t *ret_start,
                              uint64_t *ret_end);

#endif
