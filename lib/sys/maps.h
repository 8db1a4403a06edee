/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps: the mappings of a process. */
#ifndef DRCL_SYS_MAPS_H
#define DRCL_SYS_MAPS_H

#include "base/env.h"

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

/* A way through the file that can be left and gone on with at any time. Allocates nothing. */
struct drcl_maps {
    struct drcl_env *env;
    int fd;
    char *buf;
    size_t size, at, len;
    uint64_t offset;
    bool cut; /* the last line was too long: what follows is the rest of it */
    bool end; /* of the file */
};

/* @buf is room to read into; a path that does not fit is cut off. It and the descriptor stay the caller's. */
void drcl_maps_begin(struct drcl_maps *maps, struct drcl_env *env, int fd, char *buf, size_t size);

/* The next mapping, ascending: 1, its path valid until the next call; 0 at the end; or a negative errno, -EINVAL for a
 * line that makes no sense. */
int drcl_maps_next(struct drcl_maps *maps, struct drcl_mapping *ret);

/* Calls @each for every mapping; what it returns other than 0 ends the walk and is returned. */
int drcl_maps_walk(struct drcl_env *env, int fd, char *buf, size_t size,
                   int (*each)(void *data, const struct drcl_mapping *mapping), void *data);

#endif
