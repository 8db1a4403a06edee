/* SPDX-License-Identifier: MIT */
/*
 * A kernel's DAMON for tests: its files in memory, behind a table of system operations. Writing a number of directories
 * makes them, writing a command to `state` acts. It comes in two layouts, that of 6.12 and a later one; any file can be
 * missing, and any call fail.
 */
#ifndef FAKE_DAMON_H
#define FAKE_DAMON_H

#include <check.h>

#include "counted.h"
#include "damon_reclaim/damon_reclaim.h"

#define DAMON_DIR   "/sys/kernel/mm/damon/admin/kdamonds/"
#define RECORD      "/run/damon-reclaim.record"
#define PATH_LEN    200
#define MAX_FILES   2048
#define MAX_OPEN    64
#define MAX_REGIONS 256

struct damon_file {
    char path[PATH_LEN];
    char value[200];
};

struct damon_fd {
    bool open;
    bool timer;
    int file; /* number, -1: none */
    pid_t pid;
    uint64_t record;    /* inode number, 0: none */
    char dir[PATH_LEN]; /* of a directory */
    size_t dir_at;
};

struct damon_counters {
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, qt_exceeds;
};

struct damon_fs {
    struct damon_file files[MAX_FILES];
    size_t nr_files;
    bool later;          /* the later layout */
    const char *missing; /* the end of the path of files that are not there */
    /* The kernel's thread. */
    bool running;
    int kdamond;
    unsigned int nr_on, nr_off, nr_commit;
    int refuse_commit;                 /* errno */
    const char *going;                 /* a cgroup that goes when the kernel is about to look for it */
    struct damon_counters counters[8]; /* by scheme */
    struct damon_reclaim_region regions[MAX_REGIONS];
    size_t nr_regions;
    bool by_target;              /* scheme number N shows those of target number N alone */
    bool tried;                  /* another scheme has tried every second region; 6.12 numbers those through, too */
    uint64_t sample_us, aggr_us; /* as tuned; 0: as written */
    /* Writes that do not wait. */
    bool no_writer;
    bool has_writer;
    uint64_t answer_ns;    /* how long the thread takes to answer a command */
    const char *pending;   /* the command on its way */
    uint64_t pending_ns;   /* when it ends */
    int pending_error;     /* what it ends with, or 0: what comes of it */
    uint64_t refreshed_ns; /* when the thread of a later kernel last brought the files up to date by itself */
    /* The record. */
    bool has_record;
    char record[512];
    uint64_t record_inode;
    int locked_by; /* descriptor; 0: nobody */
    /* The rest of the world. */
    uint64_t now_ns;
    uint32_t free_kib; /* of 1000000 */
    pid_t alive[4];
    /* Faults: the call, counted from 1, that fails. */
    size_t nr_writes, fail_write, nr_reads, fail_read;
    int write_error, read_error; /* a read_error of 0: garbage; 1: nothing; 2: a half of it */
    int open_record_error;       /* of the next attempt to read the record */
    size_t kill_write;           /* before this one a copy is made of all, as it is if the program is killed there */
    struct damon_fs *killed;
    char faulty[PATH_LEN]; /* the file of the call that failed */
    struct damon_fd fds[MAX_OPEN];
    size_t nr_open;
    struct counted memory;
};

extern struct damon_fs *fs;

/* A new world; damon_fs_free() checks that nothing is left open. */
void damon_fs_new(bool later);
void damon_fs_free(void);
struct damon_reclaim_config damon_fs_config(void);
/* The value of a file below the kdamonds, or of a path that begins with a slash; NULL if it is not there. */
const char *damon_value(const char *name);
/* Writes as root by hand: 0 or a negative errno. */
int damon_echo(const char *value, const char *name);
void damon_add_module(const char *name, bool on);
/* Makes a cgroup, "/a/b", with an inode number; takes it away with all below it. */
void damon_add_cgroup(const char *path, uint64_t inode);
void damon_remove_cgroup(const char *path);
/* All files below the kdamonds as text; the caller frees it. */
char *damon_dump(void);

#endif
