/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests share: a monitor backend that does as it is told, on a virtual clock; a system in memory; memory
 * that is counted. Each can be made to fail at its Nth use. A test fills in struct scripted, makes contexts with it,
 * and finds what was asked of it in the records.
 */
#ifndef DRCL_TEST_SCRIPTED_H
#define DRCL_TEST_SCRIPTED_H

#include <stdlib.h>
#include <string.h>

#include "counted.h"
#include "reclaim.h"
#include "suite.h"

#define PAGE UINT64_C(4096)
#define MIB  (UINT64_C(1) << 20)
#define BASE UINT64_C(0x100000000)
#define US   UINT64_C(1000) /* in ns, as time is told */
#define MS   UINT64_C(1000000)
#define SEC  UINT64_C(1000000000)

/* The members of the operations table that can fail. */
enum scripted_op {
    OP_ENABLE,
    OP_TARGET_ADD,
    OP_RANGES,
    OP_PREPARE,
    OP_CHECK,
    OP_MARK,
    OP_RECLAIM,
    OP_METRICS,
    OP_ADVANCE,
    OP_EXCLUDE,
    NR_OPS
};

/* One call of mark() or reclaim(). */
struct scripted_act {
    bool reclaim;
    uint32_t target;
    uint64_t now_ns;
    uint64_t start;
    uint64_t end;
    struct damon_reclaim_request request; /* of reclaim(); its filters are in ... */
    struct damon_reclaim_filter filters[4];
    struct damon_reclaim_result result; /* what it was told */
};

struct scripted_process {
    pid_t pid;
    pid_t process; /* of a thread; 0: it is a process itself */
    bool kernel_thread;
    bool exited;
    int nr_threads;   /* 0: one */
    const char *comm; /* NULL: nobody may read it */
};

/* A cgroup of the system in memory. */
struct scripted_cgroup {
    const char *path;
    uint64_t inode;
};

/* A file descriptor of the system in memory: number in the table + 1000. */
struct scripted_fd {
    bool open;
    bool timer;
    uint64_t inode; /* of a cgroup's directory */
    pid_t pid;      /* a pidfd's process, and where it was in the table */
    size_t process;
    char text[512];
};

#define MAX_ACTS   8192
#define MAX_FDS    64
#define MAX_RANGES 64
#define FIRST_FD   1000

struct scripted {
    /* the backend: set before scripted_new() */
    struct damon_reclaim_backend_ops ops;
    struct damon_reclaim_callbacks callbacks;
    uint64_t seed;
    void *userdata;

    /* the memory: may change at any time */
    uint64_t now_ns;
    struct damon_reclaim_range ranges[MAX_RANGES];
    size_t nr_ranges;
    bool (*accessed)(struct scripted *s, uint32_t target, uint64_t addr);
    uint64_t hot_start, hot_end; /* for accessed_hot() */
    uint64_t pattern;            /* for accessed_random() */
    uint32_t free_permille;
    bool psi_valid;
    uint64_t psi_us;
    uint64_t ns_per_check;                             /* what a check takes */
    uint64_t ns_per_page;                              /* what reclaiming takes */
    uint32_t reclaimed_pct;                            /* of what is tried */
    bool (*filter)(struct scripted *s, uint64_t page); /* which pages pass the page-level filters; NULL: all */

    /* errors: what the next call returns, once */
    int fail[NR_OPS];

    /* records */
    uint64_t nr_calls[NR_OPS];
    uint64_t nr_disable, nr_destroy, nr_target_remove;
    int nr_on, nr_there; /* contexts that have enabled the backend, and their targets now */
    struct scripted_act *acts;
    size_t nr_acts;
    const uint64_t *prepared; /* the array of the last prepare() */
    size_t nr_prepared;
    struct damon_reclaim_exclusion excluded[5000]; /* the list of the last exclude() that went well; paths not copied */
    size_t nr_excluded;

    /* the system */
    bool real_system;    /* config.system_ops stays NULL */
    uint64_t system_ns;  /* its clock */
    uint64_t timer_ns;   /* what the timer is set to; 0: never */
    const char *meminfo; /* texts of files; NULL: there is none */
    const char *pressure;
    uint64_t nr_meminfo; /* how often the first was opened */
    struct scripted_process processes[8];
    struct scripted_cgroup cgroups[4];
    struct scripted_fd fds[MAX_FDS];
    uint64_t nr_system_calls, system_fail_at;
    int system_error;

    struct counted memory;
    struct damon_reclaim *ctx; /* the last of scripted_new(); NULL once a test has dropped it */
};

/* A backend of 64 MiB with a virtual clock, whose memory nobody accesses, free memory between mid and low. */
void scripted_init(struct scripted *s);
/* Ends what a test has done so far, and begins anew. */
void scripted_again(struct scripted *s);
/* The configuration of a context; points into the struct. */
struct damon_reclaim_config scripted_config(struct scripted *s);
struct damon_reclaim *scripted_new(struct scripted *s, uint32_t flags);
/* Fails the test if memory, descriptors or targets are left. */
void scripted_fini(struct scripted *s);
/* For loops over both kinds of backends: it reclaims what it is asked for, or goes page by page, as its limits say. */
enum { WHOLE_REGIONS, BY_PAGE, NR_MANNERS };
void scripted_manner(struct scripted *s, int manner);
/* For loops over both clocks. */
enum { VIRTUAL_CLOCK, SYSTEM_CLOCK, NR_CLOCKS };
void scripted_clock(struct scripted *s, int clock);
/* The backend can exclude processes and cgroups. Before scripted_new(). */
void scripted_can_exclude(struct scripted *s);
size_t scripted_open_fds(const struct scripted *s);

bool accessed_hot(struct scripted *s, uint32_t target, uint64_t addr);    /* in [hot_start, hot_end) */
bool accessed_random(struct scripted *s, uint32_t target, uint64_t addr); /* blocks of 512 KiB, by `pattern` */

/* Sum of what reclaim() tried in [from, until) of the records. */
uint64_t tried_bytes(const struct scripted *s, size_t from, size_t until);

/* Each test of the program begins with scripted_init(s), and ends with dropping the context that scripted_new() made
 * last and with scripted_fini(s). */
#define SCRIPTED_FIXTURE(s)                                                                                            \
    static struct scripted s;                                                                                          \
    static void begin_scripted(void)                                                                                   \
    {                                                                                                                  \
        scripted_init(&s);                                                                                             \
    }                                                                                                                  \
    static void end_scripted(void)                                                                                     \
    {                                                                                                                  \
        damon_reclaim_unref(s.ctx);                                                                                    \
        scripted_fini(&s);                                                                                             \
    }                                                                                                                  \
    FIXTURE(begin_scripted, end_scripted)

#endif
