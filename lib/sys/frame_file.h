/* SPDX-License-Identifier: MIT */
/* The files of /proc that have a word of 64 bits for each frame (Documentation/admin-guide/mm/pagemap.rst of the
 * kernel). */
#ifndef DRCL_SYS_FRAME_FILE_H
#define DRCL_SYS_FRAME_FILE_H

#include "base/env.h"

/* A descriptor. Errors name @path and the cure, of which @option of the kernel is one. */
int drcl_frame_file_open(struct drcl_env *env, const char *path, const char *option);

/* Reads the words of @n frames from @pfn on; those beyond the end of memory become @beyond. */
int drcl_frame_file_read(struct drcl_env *env, int fd, const char *path, uint64_t pfn, size_t n, uint64_t *words,
                         uint64_t beyond);

#endif
