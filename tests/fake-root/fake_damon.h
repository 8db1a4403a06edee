/* SPDX-License-Identifier: MIT */
/*
 * The fake kernel's DAMON: its directories, the thread kdamond, and the commands that are written to `state`. Writing a
 * number to nr_kdamonds, nr_contexts and so on makes as many directories. It comes in two layouts, that of Linux 6.12
 * and that of a later kernel. Every file can be missing, every read and write can fail, and the program can be killed
 * before any write.
 */
#ifndef FAKE_DAMON_H
#define FAKE_DAMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "damon_reclaim/damon_reclaim.h"
#include "fake_damon_files.h"

#define RECORD      "/run/damon-reclaim/record"
#define MAX_REGIONS 256
#define MAX_SCHEMES 8

struct fake;
struct fake_fd;

/* The file in which the library records that the kdamond is its own. */
struct fake_record {
    bool exists, no_directory;
    char text[512];
    uint64_t inode;
    uint32_t mode, uid; /* with its type; 0: as the library has made it */
    uint64_t nr_links;
    int locked_by;  /* a descriptor; 0: nobody */
    int open_error; /* of the next attempt to open it */
};

struct damon_counters {
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, qt_exceeds;
};

struct fake_damon {
    struct fake_damon_files files;
    bool later; /* the later layout */

    /* The kdamond. */
    bool running;
    int kdamond;                                 /* its pid, or that of the last one */
    unsigned int nr_on, nr_off, nr_commit;       /* commands that succeeded */
    int refuse_commit;                           /* what `commit` returns; 0: it works */
    const char *going;                           /* a cgroup that goes away just before the kernel looks for it */
    const char *losing;                          /* one that loses its memory controller just before that */
    struct damon_counters counters[MAX_SCHEMES]; /* of each scheme */
    struct damon_reclaim_region regions[MAX_REGIONS];
    size_t nr_regions;
    bool by_target;              /* scheme N is shown the regions of target N, not all of them */
    bool tried;                  /* another scheme has tried every second region, which takes numbers in 6.12 */
    uint64_t sample_us, aggr_us; /* the intervals as the kernel has tuned them; 0: as they were written */

    /* Commands that the library does not wait for. */
    bool has_writer;
    uint64_t answer_ns;    /* how long the kdamond takes to answer a command */
    const char *pending;   /* the command that is not answered yet */
    uint64_t pending_ns;   /* when it will be */
    int pending_error;     /* with which error; 0: by what it does */
    uint64_t refreshed_ns; /* when a later kernel last updated the files by itself (refresh_ms) */

    /* Faults: the number of the read or write, counted from 1, that fails, and the file that it was. */
    size_t nr_writes, fail_write, nr_reads, fail_read;
    int write_error;
    int read_error; /* an errno, or one of enum fake_read */
    char faulty[FAKE_PATH];
    size_t kill_write; /* before this write, *killed is made what the kernel is left with if the program dies then */
    struct fake_left *killed;
};

/* What a read that fails returns instead of an error. */
enum fake_read { READ_GARBAGE, READ_NOTHING, READ_HALF };

/* All that a program leaves in the kernel when it is killed. */
struct fake_left {
    struct fake_damon damon;
    struct fake_record record;
};

/* Makes DAMON part of the kernel. */
void fake_damon_add(struct fake *f, bool later);
/* A kernel module, which uses DAMON if it is on. */
void fake_damon_add_module(struct fake *f, const char *name, bool on);
/* The value of a file, by its path or what follows the kdamonds' directory; NULL: there is no such file. */
const char *fake_damon_value(struct fake *f, const char *name);
/* Writes to it, as an administrator would. 0 or a negative errno. */
int fake_damon_echo(struct fake *f, const char *value, const char *name);
/* What the program leaves if it is killed now; what the next one finds, which frees @left. */
struct fake_left *fake_damon_leave(struct fake *f);
void fake_damon_find(struct fake *f, struct fake_left *left);

/* --- for the kernel ----------------------------------------------------------------------------------------------- */

/* Opens a file or directory: a descriptor or a negative errno. Entry @i of a directory, see fake_cgroup_entry(). */
int fake_damon_open(struct fake *f, const char *path);
const char *fake_damon_entry(const struct fake *f, const char *dir, size_t i, char buf[64]);
/* Reads and writes a file of DAMON or the record. 0 or a negative errno. */
int fake_damon_read(struct fake *f, struct fake_fd *file, uint64_t offset, char *text, size_t size);
int fake_damon_write(struct fake *f, struct fake_fd *file, const char *text);
/* What the kernel does by itself as time passes. */
void fake_damon_pass_time(struct fake *f);

/* For the table of system calls: writes that are not waited for. */
int fake_writer_new(void *data, void **ret_writer);
int fake_writer_start(void *data, void *writer, int fd, const void *buf, size_t len);
int fake_writer_result(void *data, void *writer, ssize_t *ret_n);
void fake_writer_free(void *data, void *writer);

#endif
