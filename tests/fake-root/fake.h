/* SPDX-License-Identifier: MIT */
/*
 * A kernel for tests, in memory: processes, page frames with flags and idle bits, swap, control groups, DAMON, a clock.
 * A test makes one with fake_open(), sets it up, and gives it to the library as a table of system calls
 * (fake_config()). Any call, and any allocation, can be made to fail, and fake_close() fails the test if a descriptor
 * or a block of memory is left.
 *
 * It follows the real kernel where the library depends on it: only pages on an LRU list have an idle bit, a huge page
 * has one idle bit, that of its head, and advice on a part of a huge page frees nothing.
 */
#ifndef FAKE_H
#define FAKE_H

#include "backends/idle_page/backend.h"
#include "base/env.h"
#include "counted.h"
#include "fake_cgroup.h"
#include "fake_damon.h"
#include "fake_memory.h"
#include "suite.h"

#ifndef NUMBER_OF
#define NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#endif

#define FAKE_FDS    64
#define FAKE_SCRIPT 16
#define FAKE_LOCKS  32

/* What a descriptor stands for. */
enum fake_file {
    FILE_CLOSED,
    FILE_TEXT, /* a text that was written when it was opened */
    FILE_PROC, /* the directory /proc */
    FILE_PAGEMAP,
    FILE_OWN_PAGEMAP,
    FILE_KPAGEFLAGS,
    FILE_KPAGECGROUP,
    FILE_BITMAP,  /* of page_idle */
    FILE_CGROUP,  /* a directory */
    FILE_RECLAIM, /* memory.reclaim of a cgroup */
    FILE_NODES,   /* the directory of the memory nodes, of which there is one */
    FILE_NODE_RECLAIM,
    FILE_DAMON,     /* a file of DAMON or of a module */
    FILE_DAMON_DIR, /* a directory of these */
    FILE_RECORD,    /* the record of the library, in /run */
    FILE_PIDFD,
    FILE_TIMER
};

struct fake_fd {
    enum fake_file kind;
    struct fake_process *process;
    const struct fake_cgroup *cgroup;
    int generation; /* of the process, when this was opened */
    size_t entry;   /* of a directory: the next one to list; of FILE_DAMON: its number */
    uint64_t inode;
    char text[4096]; /* of FILE_TEXT; the path of FILE_DAMON_DIR */
};

/* A lock on a range of bytes of the bitmap. */
struct fake_lock {
    int fd; /* whose it is; another program's are negative */
    int type;
    uint64_t start, len;
};

struct fake {
    struct drcl_env env; /* for tests of parts of the library, which have no context */
    struct fake_frame frames[FAKE_FRAMES];
    size_t next_frame;             /* the next one to be mapped */
    size_t going_start, going_end; /* those that go when the call ends lie in between */
    struct fake_process processes[FAKE_PROCESSES];
    size_t nr_processes;
    struct fake_cgroup cgroups[FAKE_CGROUPS]; /* the first is the root */
    size_t nr_cgroups;
    const char *own_cgroup; /* the caller's */
    struct fake_damon damon;
    struct fake_record record;
    struct fake_lock locks[FAKE_LOCKS];
    size_t nr_locks;
    const char *iomem;   /* the text of /proc/iomem */
    uint32_t free_kib;   /* of 1000000 KiB of memory */
    uint64_t swap_total; /* bytes */
    uint64_t swap_free;
    uint64_t now_ns;
    uint64_t call_ns;  /* how long a call takes */
    uint64_t page_ns;  /* how long it takes to page out a page */
    uint64_t timer_ns; /* what the timer was set to last */

    /* What this kernel lacks. */
    bool no_pages;        /* no files about pages and frames */
    bool no_scan;         /* no PAGEMAP_SCAN */
    bool hide_frames;     /* frame numbers in pagemap are zero, as for callers without privileges */
    bool pinned;          /* no page can be paged out */
    bool disk;            /* swap is on a disk: what is paged out stays in the swap cache */
    bool unwritten;       /* and nobody writes it: there is no room where it goes first */
    bool file_pages_stay; /* a page of a file that is unmapped turns out to be dirty */
    bool has_node_reclaim;
    const char *swappiness; /* the value that memory.reclaim knows beside 0; NULL: none */
    bool no_writer;         /* no io_uring */
    size_t max_read;        /* the most bytes that a read returns; 0: no limit */
    /* The end of the paths that do not exist, and the error for them; 0: ENOENT. */
    const char *missing;
    int missing_error;

    /* Faults. */
    size_t fail_call; /* the number of the call that fails, counted from 1 in nr_calls */
    int fail_error;
    int advise_error; /* what every process_madvise() returns; 0: it works */
    /* What the next calls of process_madvise() return: an error, or 0 for one range that is done. */
    int script[FAKE_SCRIPT];
    size_t script_len, script_at;
    void (*hook)(struct fake *f); /* runs before every call, to change the world in the middle of something */

    /* Counters. */
    size_t nr_calls, nr_pagemap, nr_kpageflags, nr_idle_read, nr_idle_write, nr_advise;
    size_t nr_scanned;      /* pages that PAGEMAP_SCAN looked at */
    size_t nr_reclaim;      /* writes to memory.reclaim that this kernel understands */
    uint64_t reclaim_asked; /* bytes that they and those to a node's asked for */
    size_t nr_torn;         /* advice on a part of a huge page */
    uint64_t paged_out;     /* bytes */
    struct counted memory;
    struct fake_fd fds[FAKE_FDS];
    size_t nr_open;
    int pidfd; /* of fake_backend() */
};

/* fake_open() never fails. Without more ado there is swap, no process, and no DAMON. */
struct fake *fake_open(void);
void fake_close(struct fake *f);
/* A configuration for the backend idle-page on this kernel; valid as long as @f. */
struct damon_reclaim_config fake_config(struct fake *f);

/* The backend idle-page alone, with one target, number 1: @p. */
void *fake_backend(struct fake *f, struct fake_process *p);
void fake_backend_free(struct fake *f, void *backend);

/* --- for the parts of the kernel ---------------------------------------------------------------------------------- */

/* Counts a call and runs the hook; returns the error that the test wants for this call, or 0. */
int fake_called(struct fake *f);
/* A new descriptor or -EMFILE; the open descriptor @fd, or a failed test. */
int fake_new_fd(struct fake *f, enum fake_file kind, struct fake_process *p);
struct fake_fd *fake_fd_at(struct fake *f, int fd);
/* snprintf() that fails the test where the text does not fit. */
void fake_print(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool fake_ends_with(const char *text, const char *end);

#endif
