/* SPDX-License-Identifier: MIT */
/* The files of /proc that have a word of 64 bits for each frame (Documentation/admin-guide/mm/pagemap.rst of the
 * kernel). */
#ifndef DRCL_SYS_FRAME_FILE_H
#define DRCL_SYS_FRAME_FILE_H

#include "base/env.h"
#include "sys/frames.h"

struct drcl_frame_file {
    struct drcl_env *env;
    int fd; /* -1: not open */
    const char *path;
    uint64_t beyond; /* the word for frames beyond the end of memory */
};

/* Opens the file at file->path. Errors name it and the cure, of which @option of the kernel is one. */
int drcl_frame_file_open(struct drcl_frame_file *file, struct drcl_env *env, const char *option);
void drcl_frame_file_close(struct drcl_frame_file *file);

/* Reads the words of the @n frames from @pfn on. */
int drcl_frame_file_read(struct drcl_frame_file *file, uint64_t pfn, size_t n, uint64_t *words);

#define DRCL_FRAME_FILE_SPAN 512 /* words a call */

/* Reads the words of the first of the sorted frames, as many as one call answers: words[frame.pfn - frames[0].pfn].
 * *ret_run: how many frames those are, at least 1. */
int drcl_frame_file_read_run(struct drcl_frame_file *file, const struct drcl_frame *frames, size_t n,
                             uint64_t words[DRCL_FRAME_FILE_SPAN], size_t *ret_run);

#endif
