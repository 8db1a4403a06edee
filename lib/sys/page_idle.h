/* SPDX-License-Identifier: MIT */
/*
 * /sys/kernel/mm/page_idle/bitmap: one bit a frame (Documentation/admin-guide/mm/idle_page_tracking.rst of the kernel).
 * Setting a bit makes the page idle; it stays so until it is accessed. Only pages on an LRU list and only the heads of
 * huge pages take part; for all others setting does nothing and the answer is "not idle".
 */
#ifndef DRCL_SYS_PAGE_IDLE_H
#define DRCL_SYS_PAGE_IDLE_H

#include <sys/types.h>

#include "base/env.h"
#include "sys/frames.h"

struct drcl_page_idle {
    struct drcl_env *env;
    int fd;
};

/* Opens the file with @flags (O_RDONLY, O_RDWR). Errors name it and the cure. */
int drcl_page_idle_open(struct drcl_page_idle *idle, struct drcl_env *env, int flags);
/* Whether the kernel has it, open to us or not. */
bool drcl_page_idle_exists(struct drcl_env *env);
void drcl_page_idle_close(struct drcl_page_idle *idle);

/*
 * Of two users of a page each would spoil what the other sees. So every context tells by locks on the file what it
 * watches: processes, each of which only one context may watch, or all physical memory, which excludes all others. The
 * locks last until they are given up or the file is closed. -EBUSY, with a text that names the other one. Where the
 * system operations know no such locks, every call succeeds.
 */
enum drcl_page_idle_use {
    DRCL_PAGE_IDLE_UNUSED,
    DRCL_PAGE_IDLE_PROCESSES,
    DRCL_PAGE_IDLE_MEMORY,
};
/* What the context uses the bitmap for from now on. */
int drcl_page_idle_lock(struct drcl_page_idle *idle, enum drcl_page_idle_use use);
int drcl_page_idle_lock_process(struct drcl_page_idle *idle, pid_t pid);
void drcl_page_idle_unlock_process(struct drcl_page_idle *idle, pid_t pid);

/* Makes the sorted frames idle, but those that have DRCL_FRAME_IDLE, which are left alone. */
int drcl_page_idle_set(struct drcl_page_idle *idle, const struct drcl_frame *frames, size_t n);
/* Makes all frames in [start, end) idle that can be. */
int drcl_page_idle_set_all(struct drcl_page_idle *idle, uint64_t start, uint64_t end);
/* Sets or clears DRCL_FRAME_IDLE in the sorted frames. */
int drcl_page_idle_get(struct drcl_page_idle *idle, struct drcl_frame *frames, size_t n);

#endif
