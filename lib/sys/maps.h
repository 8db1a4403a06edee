/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps: the mappings of a process. */
#ifndef DRCL_SYS_MAPS_H
#define DRCL_SYS_MAPS_H

#include "env.h"

enum drcl_mapping_flag {
    DRCL_MAPPING_READ = 1 << 0,
    DRCL_MAPPING_WRITE = 1 << 1,
    DRCL_MAPPING_EXEC = 1 << 2,
    DRCL_MAPPING_SHARED = 1 << 3
};

struct drcl_mapping {
    uint64_t start;
    uint64_t end;
    uint64_t offset;
    uint64_t inode;
    uint32_t flags;   /* enum drcl_mapping_flag */
    const char *path; /* into the text, not NUL-terminated; also "[heap]" and the like */
    size_t path_len;  /* 0 for none */
};

/* Reads one line, without its newline. 0 or -EINVAL. */
int drcl_maps_parse_line(const char *text, size_t len, struct drcl_mapping *ret);

/*
 * Calls @each for every mapping, ascending; what it returns other than 0 ends the walk and is returned. @buf is room to
 * read into; a path that does not fit is cut off. Allocates nothing. A line that makes no sense is -EINVAL.
 */
int drcl_maps_walk(struct drcl_env *env, int fd, char *buf, size_t size,
                   int (*each)(void *data, const struct drcl_mapping *mapping), void *data);

#endif
