/* SPDX-License-Identifier: MIT */
/*
 * The data of the backend "damon": the kernel monitors and reclaims, the library drives it through sysfs. What is asked
 * for is in the engine's structures, and what the kernel tells goes back there. There is one tree of directories for
 * the whole system: whoever was there before keeps it. The files, from bottom to top:
 *
 *     sysfs.c       where the files are, reading and writing them
 *     put.c         a configuration as files, value by value
 *     operations.c  paddr, vaddr, fvaddr
 *     targets.c     targets
 *     config.c      what the program has configured
 *     command.c     commands to the kernel's thread
 *     holder.c      who holds the kernel's DAMON: the record, cleaning up
 *     probe.c       whether it would work here
 *     filters.c     the filters of a scheme
 *     excluded.c    what is never reclaimed
 *     precise.c     pages, for DAMON_RECLAIM_DAMON_MONITOR_ONLY
 *     check.c       whether the kernel can do what is asked for
 *     tree.c        a configuration
 *     awake.c       whether the thread answers
 *     stats.c       counters and intervals, back from the kernel
 *     kdamond.c     the thread: on, off, commit
 *     regions.c     regions, back from the kernel
 *     snapshot.c    the engine's schemes on them, for DAMON_RECLAIM_DAMON_MONITOR_ONLY
 *     work.c        what there is to do while the thread runs
 *     driver.c      start, commit, stop
 *     backend.c     creating it
 */
#ifndef DRCL_DAMON_H
#define DRCL_DAMON_H

#include "backends/backend.h"
#include "drivers/damon/sysfs.h"
#include "drivers/driver.h"
#include "drivers/view.h"
#include "pages/ram.h"

#define DRCL_DAMON_RUN     "/run/damon-reclaim"
#define DRCL_DAMON_RECORD  DRCL_DAMON_RUN "/record"
#define DRCL_DAMON_SLOTS   (DRCL_MAX_SCHEMES + 1)
#define DRCL_DAMON_MONITOR UINT32_MAX /* the scheme that shows all regions to us */
#define DRCL_DAMON_POLL_NS UINT64_C(1000000000)
#define DRCL_DAMON_MARKED_US                                                                                           \
    UINT64_C(60000000) /* update_us, which is this much and our mark, is the mark of our tree */

enum drcl_damon_operations { DRCL_DAMON_AUTO, DRCL_DAMON_PADDR, DRCL_DAMON_VADDR, DRCL_DAMON_FVADDR };

/* What the library has done with the kernel's thread. The thread may also stop by itself, which a poll finds out. */
enum drcl_damon_thread {
    DRCL_DAMON_OFF,
    DRCL_DAMON_RUNNING,
    DRCL_DAMON_PAUSED, /* switched off until the watermarks activate a scheme */
};

/* What the record tells of an instance of the library. */
struct drcl_damon_record {
    char boot[64];
    uint64_t pid;
    uint64_t start;   /* of the process, ticks since the boot */
    uint64_t kdamond; /* pid, 0 before it runs */
    uint64_t mark;
    bool stat_was_on; /* DAMON_STAT was on, and was switched off */
};

struct drcl_damon_holder {
    int fd;    /* of the record, locked; -1: DAMON is not ours */
    bool made; /* the directories are ours */
    struct drcl_damon_record record;
};

struct drcl_damon_target {
    uint32_t id;
    pid_t pid;
};

/* A scheme in the kernel: directory number i is slot i. */
struct drcl_damon_slot {
    uint32_t scheme;  /* its number, or DRCL_DAMON_MONITOR */
    uint32_t min_age; /* as written */
    struct damon_reclaim_watermarks watermarks;
    /* Counters when they were read last. */
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, sz_passed, exceeds;
    struct drcl_quota quota; /* for goals that the kernel does not know */
    bool own_goals;
    bool waits;  /* for the kernel to begin the first window of its quota */
    bool limits; /* the kernel has begun a window with a limit, and keeps to it */
};

struct drcl_damon_written {
    pid_t pid;
    size_t first; /* of its regions, with monitor_only */
};

/* A command to the kernel's thread. */
struct drcl_damon_command {
    void *writer; /* NULL: writing waits */
    const char *text;
    int fd; /* while it is pending */
    bool pending;
    unsigned int nr_busy; /* how often somebody else was at it */
    int result;           /* of the last one, 0 if there was none */
};

/* The cgroups that are excluded, with those below them. */
struct drcl_damon_excluded {
    char *paths; /* one behind the other, each with its NUL */
    size_t len, capacity;
    size_t n;
    uint64_t sum; /* of all of it */
    uint64_t next_ns;
};

/* Where a poll of the kernel is. It takes one step after the other (work.c), and each has two halves: one begins a
 * command, and the other takes the result when the command has ended. */
struct drcl_damon_poll {
    enum { DRCL_DAMON_NO_POLL, DRCL_DAMON_BEGIN_STEP, DRCL_DAMON_END_STEP } next;
    size_t step; /* its number, while there is a poll */
};

struct drcl_damon {
    struct drcl_env *env;
    enum drcl_damon_operations wanted;
    uint32_t flags;
    bool monitor_only; /* the engine's schemes act, on what the kernel has seen */
    bool dry_run;      /* the kernel counts what its schemes would act on, and leaves it alone */
    struct damon_reclaim_backend_ops ops;
    struct drcl_pages *pages; /* for monitor_only */
    uint64_t snapshot_ns;     /* when the engine's regions were taken over from the kernel */
    bool acting;              /* and its schemes are not done with them */
    uint64_t next_act_ns;     /* when these go on */
    struct drcl_damon_target *targets;
    size_t nr_targets, targets_cap;
    struct drcl_ram ram;    /* what is watched unless ranges are given */
    struct drcl_ram memory; /* all there is: nothing else is given to the kernel as physical memory */
    struct drcl_damon_excluded excluded;

    struct drcl_damon_holder holder;
    enum drcl_damon_thread thread;
    pid_t kdamond;
    bool refreshes;      /* the kernel brings the counters up to date by itself, and answers while inactive */
    bool own_tuning;     /* the kernel cannot tune intervals */
    bool own_watermarks; /* we look at the watermarks: the kernel gets the active schemes alone, and pauses without any
                          */
    struct drcl_damon_command command;
    struct drcl_damon_poll poll;
    bool goals_dirty; /* values of goals were reported */
    uint64_t
        first_window_ns; /* until then the kernel begins the first window of quotas that it has just got; 0: of none */
    struct drcl_damon_written *written; /* the targets that the kernel has */
    size_t nr_written, written_cap;
    enum drcl_damon_operations operations; /* that the kernel has */
    struct drcl_damon_slot slots[DRCL_DAMON_SLOTS];
    size_t nr_slots;

    uint64_t ranges_sum; /* of the ranges that the kernel has */
    bool seen_working;   /* the kernel has sampled since the poll before the last */
    bool stale_tree;     /* the directories may not be what the kernel has */
    bool stale_stats;    /* the files tell of an earlier thread, or nothing yet, until the kernel is asked */
    unsigned int bad_polls;
    unsigned int nr_polls;

    uint64_t next_wmark_ns, next_poll_ns, next_answer_ns;
    uint64_t last_poll_ns;   /* for what is counted by time */
    uint64_t aggregation_ns; /* left over */
    uint64_t cpu_ns;         /* of the kernel's thread, when it was read last */
    /* Regions, which are read a few at a time. */
    uint64_t next_regions_ns;
    bool reading;
    size_t slot;         /* of the scheme that shows them */
    size_t at;           /* number of the next one */
    size_t nr_missing;   /* numbers in a row that are none of that scheme's */
    uint64_t own_cpu_ns; /* what this reading has cost so far */
    struct drcl_region *regions;
    size_t nr_regions, regions_cap;
};

#endif
