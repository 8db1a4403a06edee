/* SPDX-License-Identifier: MIT */
/*
 * A kernel for tests: processes with pages, frames with flags and idle bits, swap, a clock, behind a table of system
 * operations. It counts calls, descriptors and memory, and any call or allocation can be made to fail. It keeps to the
 * rules of the real one where they matter: only pages on an LRU list can be idle, a huge page is idle at its head
 * alone, advice on a part of a huge page frees nothing.
 */
#ifndef FAKE_H
#define FAKE_H

#include "backends/backend.h"
#include "counted.h"
#include "base/env.h"
#include "suite.h"
#include "sys/frames.h"
#include "sys/kpageflags.h"
#include "sys/pagemap.h"

#define FAKE_FRAMES     32768
#define FAKE_PROCESSES  8
#define FAKE_AREAS      8
#define FAKE_FDS        32
#define FAKE_SCRIPT     16
#define FAKE_ZERO_FRAME 1
#define FAKE_CGROUPS    4
#define PAGE            DRCL_PAGE_SIZE
#define HUGE_PAGE       (512 * PAGE)
#define MIB             (256 * PAGE)

/* What a mapping is made of. */
enum fake_kind {
    FAKE_NONE,   /* nothing is there yet */
    FAKE_SMALL,  /* anonymous small pages, their frames in descending order */
    FAKE_SPREAD, /* the same, their frames far apart */
    FAKE_HUGE,   /* huge pages */
    FAKE_MEDIUM, /* large pages of 16 pages */
    FAKE_HUGETLB,
    FAKE_ZERO, /* the shared zero page everywhere */
    FAKE_FILE  /* clean pages of a file */
};

struct fake_area {
    uint64_t start;
    size_t pages;
    uint64_t *entries; /* as in pagemap */
    bool locked;       /* advice is refused */
};

struct fake_process {
    pid_t pid;
    const char *cgroup; /* NULL: the root */
    bool exited;
    int generation; /* grows with each exec */
    struct fake_area areas[FAKE_AREAS];
    size_t nr_areas;
};

struct fake_frame {
    uint32_t flags;
    uint64_t memcg; /* of the head */
    bool gone;      /* to be freed when the call is over */
    bool idle;
    bool accessed; /* the bit of the hardware */
};

struct fake_cgroup {
    const char *path; /* "/a/b" */
    uint64_t inode;
    int reclaim_error; /* what memory.reclaim answers; 0: it works */
};

enum fake_file {
    FILE_CLOSED,
    FILE_TEXT,
    FILE_PROC,
    FILE_PAGEMAP,
    FILE_OWN_PAGEMAP,
    FILE_KPAGEFLAGS,
    FILE_KPAGECGROUP,
    FILE_BITMAP,
    FILE_CGROUP,
    FILE_RECLAIM,
    FILE_PIDFD,
    FILE_TIMER
};

struct fake_fd {
    enum fake_file kind;
    struct fake_process *process;
    const struct fake_cgroup *cgroup;
    int generation;
    size_t entry; /* of a directory, that is told next */
    char text[4096];
};

struct fake {
    struct drcl_env env; /* for tests without a context */
    struct fake_frame frames[FAKE_FRAMES];
    size_t next_frame;
    struct fake_process processes[FAKE_PROCESSES];
    size_t nr_processes;
    struct fake_cgroup cgroups[FAKE_CGROUPS]; /* the root is the first */
    size_t nr_cgroups;
    const char *own_cgroup; /* of the caller */
    const char *iomem;
    struct fake_fd fds[FAKE_FDS];
    size_t nr_open;
    int pidfd; /* of fake_backend() */
    uint64_t now_ns;
    uint64_t page_ns;    /* what reclaiming a page takes */
    uint64_t swap_total; /* bytes */
    uint64_t swap_free;
    bool hide_frames;    /* zeros instead of frame numbers */
    bool no_scan;        /* a kernel without PAGEMAP_SCAN */
    bool pinned;         /* nothing goes */
    size_t max_read;     /* bytes that a read gives at most; 0: any */
    const char *missing; /* a path that is not there */
    int missing_error;   /* the error for it; 0: ENOENT */
    /* What the next calls of process_madvise() return instead of working: errors; 0: one range, then as usual. */
    int script[FAKE_SCRIPT];
    size_t script_len, script_at;
    int advise_error; /* of any process_madvise(); 0: none */
    /* Counters. */
    size_t nr_calls, nr_pagemap, nr_kpageflags, nr_idle_read, nr_idle_write, nr_advise, nr_reclaim;
    size_t nr_torn;     /* advice on a part of a huge page */
    uint64_t paged_out; /* bytes */
    /* The call, counted from 1, that fails, and with what. */
    size_t fail_call;
    int fail_error;
    struct counted memory;
    /* A hook at every call, to change the world in the middle of something. */
    void (*hook)(struct fake *f);
};

/* Never fails; fake_close() fails the test if a descriptor or memory is left. */
struct fake *fake_open(void);
void fake_close(struct fake *f);
/* A configuration for the backend idle-page on this kernel. The table and the allocator live as long as @f. */
struct damon_reclaim_config fake_config(struct fake *f);

struct fake_process *fake_process(struct fake *f, pid_t pid);
struct fake_area *fake_map(struct fake *f, struct fake_process *p, uint64_t start, size_t pages, enum fake_kind kind);
/* The entry of an address, which must be mapped; its frame's head. */
uint64_t *fake_entry(struct fake_process *p, uint64_t addr);
struct fake_frame *fake_head(struct fake *f, struct fake_process *p, uint64_t addr);
void fake_touch(struct fake *f, struct fake_process *p, uint64_t addr);
/* Sets flags on the pages of a range. */
void fake_flag(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint32_t flags);
/* Bytes of a range that are there. */
uint64_t fake_resident(struct fake_process *p, uint64_t addr, size_t pages);
/* Charges the pages of a range to a cgroup. */
void fake_charge(struct fake *f, struct fake_process *p, uint64_t addr, size_t pages, uint64_t memcg);
/* Pages of a file that nobody maps, and how many of them are still there. Returns the first frame. */
size_t fake_cache(struct fake *f, size_t pages, uint64_t memcg);
size_t fake_cached(const struct fake *f, size_t first, size_t pages);
struct fake_cgroup *fake_cgroup(struct fake *f, const char *path, uint64_t inode);
/* Replaces the memory by nothing, as an exec does; new areas may follow. */
void fake_exec(struct fake_process *p);

/* For the kernel itself: the area and the entry of an address, or NULL; the head of the large page that a frame is part
 * of, and its pages; gives back the memory of a process. */
struct fake_area *fake_area_of(struct fake_process *p, uint64_t addr);
uint64_t *fake_entry_at(struct fake_process *p, uint64_t addr);
size_t fake_head_of(const struct fake *f, uint64_t pfn);
size_t fake_pages_of(const struct fake *f, size_t head);
void fake_unmap_all(struct fake_process *p);
void fake_free_gone(struct fake *f);
/* What is at a path below /sys/fs/cgroup: FILE_CGROUP, FILE_RECLAIM, FILE_TEXT or FILE_CLOSED for nothing. */
enum fake_file fake_cgroup_file(struct fake *f, const char *path, const struct fake_cgroup **ret);
/* The name of entry @i of a cgroup, NULL behind the last; "" for none of its own. */
const char *fake_cgroup_entry(const struct fake *f, const struct fake_cgroup *cgroup, size_t i);
/* A write to memory.reclaim. */
int fake_cgroup_reclaim(struct fake *f, const struct fake_cgroup *cgroup, const char *text);

/* The backend alone, with one target, number 1: @p. */
void *fake_backend(struct fake *f, struct fake_process *p);
void fake_backend_free(struct fake *f, void *backend);

#endif
