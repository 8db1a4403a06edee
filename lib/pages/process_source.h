/* SPDX-License-Identifier: MIT */
/* The pages of a process: found through its pagemap, reclaimed by advice on its addresses. */
#ifndef DRCL_PAGES_PROCESS_SOURCE_H
#define DRCL_PAGES_PROCESS_SOURCE_H

#include "pages/walk.h"

extern const struct drcl_source drcl_process_source;

/* Makes all pages of [start, end) idle that are there, with the help of @batch. */
int drcl_process_mark(struct drcl_pages_target *t, struct drcl_page_files *files, struct drcl_batch *batch,
                      uint64_t start, uint64_t end);

#endif
