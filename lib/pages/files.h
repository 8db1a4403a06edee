/* SPDX-License-Identifier: MIT */
/* The kernel files that tell of frames, opened once for all who ask. */
#ifndef DRCL_PAGES_FILES_H
#define DRCL_PAGES_FILES_H

#include "sys/kpagecgroup.h"
#include "sys/kpageflags.h"
#include "sys/page_idle.h"

struct drcl_page_files {
    struct drcl_env *env;
    struct drcl_page_idle idle; /* fd -1: there is no bitmap */
    struct drcl_frame_file kpageflags;
    struct drcl_frame_file kpagecgroup; /* opened when it is needed; fd -1 until then */
};

/* How the idle-page bitmap is opened. */
enum drcl_bitmap_use {
    DRCL_BITMAP_NEEDED,   /* for reading and writing */
    DRCL_BITMAP_OPTIONAL, /* the same, but it need not be there */
    DRCL_BITMAP_READ_ONLY /* for reading */
};

/* Opens the files and makes sure that pagemap shows frame numbers. What was opened stays so on failure: close it.
 * Errors have a text. */
int drcl_page_files_open(struct drcl_page_files *files, struct drcl_env *env, enum drcl_bitmap_use use);
void drcl_page_files_close(struct drcl_page_files *files);

/* Opens kpagecgroup unless it is open. */
int drcl_page_files_need_kpagecgroup(struct drcl_page_files *files);

/* Puts the idle bits of the sorted frames into them. Without the bitmap none is idle. */
int drcl_page_files_get_idle(struct drcl_page_files *files, struct drcl_frame *frames, size_t n);

/* The error for a frame number that the kernel does not show. */
int drcl_no_frame_numbers(struct drcl_env *env);

#endif
