/* SPDX-License-Identifier: MIT */
/* What the tests in the virtual machine share: processes with a known access pattern, and what the kernel says of them.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "damon_reclaim/damon_reclaim.h"

#define MIB UINT64_C(1048576)

/* How a workload's memory is made: bits. */
enum guest_memory {
    GUEST_ANON = 0,
    GUEST_NO_HUGE = 1 << 0, /* small pages only */
    GUEST_HUGE = 1 << 1,    /* huge pages wherever they fit */
    GUEST_LOCKED = 1 << 2,  /* mlock() */
    GUEST_SHARED = 1 << 3,  /* mapped by a second process as well */
    GUEST_FILE = 1 << 4,    /* a private mapping of a file, only read; the first `file` bytes, or all */
    GUEST_HUGETLB = 1 << 5, /* hugetlb pages */
    GUEST_BARE = 1 << 6     /* nothing else of the process is watched but this memory */
};

/* A process with `total` bytes, all touched once, of which `hot` bytes at the offset `hot_at` are touched again and
 * again: in four passes every 20 ms. */
struct guest_workload {
    uint64_t total;
    uint64_t hot_at;
    uint64_t hot;
    unsigned int memory; /* enum guest_memory */
    uint64_t file;       /* for GUEST_FILE; 0: all */
    const char *path;    /* for GUEST_FILE; NULL: a file on tmpfs */
    const char *cgroup;  /* name below the root, made if need be; or NULL */
    pid_t want_pid;      /* the pid that it must get, or 0 */
    /* Filled in by guest_start(). */
    pid_t pid;
    uint64_t addr;
    int command;
    int answer;
};

/* Starts the workload and waits until all of it has been touched. Exits with a message if that fails. */
void guest_start(struct guest_workload *w);
/* Whether every byte is still what was written. */
bool guest_intact(struct guest_workload *w);
/* Ends it and waits for it. */
void guest_stop(struct guest_workload *w);

/* Moves this process into a cgroup below the root, which is made if need be. */
void guest_enter_cgroup(const char *name);

/* Writes a pattern into the first half of each page, so that what is swapped out is compressed as memory usually is;
 * and whether it is still there. The memory was zero before. */
void guest_fill(void *memory, uint64_t bytes);
bool guest_is_filled(const void *memory, uint64_t bytes);

/* Wakes a process every millisecond on each CPU: under emulation a hot page looks idle until the TLB is flushed, which
 * a switch to another process does. */
void guest_flush_tlbs(void);

/* Bytes of [addr, addr + len) of the process that are in memory. */
uint64_t guest_resident(pid_t pid, uint64_t addr, uint64_t len);
/* The number behind the word in a file of lines "word number", 0 if there is none. */
uint64_t guest_number_in(const char *path, const char *word);
/* A counter of /proc/vmstat, and a value of /proc/meminfo in bytes. */
uint64_t guest_vmstat(const char *name);
uint64_t guest_meminfo(const char *name);
/* MemFree, and what each CPU keeps of what is free. */
uint64_t guest_free(void);
/* How much of the memory is free, as watermarks see it. */
unsigned int guest_free_permille(void);
/* CPU time so far of a process, and of this one, ns. */
uint64_t guest_cpu_ns(pid_t pid);
uint64_t guest_own_cpu_ns(void);
/* Bytes of this process that are in memory. */
uint64_t guest_rss(void);
uint64_t guest_now_ns(void);
void guest_sleep_ms(unsigned int ms);
/* Writes text to a file of /proc or /sys; false if that fails. */
bool guest_write(const char *path, const char *text);

/* Exits with what failed and why by errno. */
_Noreturn void guest_die(const char *what);

/* How a context is made. */
struct guest_setup {
    const char *backend; /* NULL: "idle-page" */
    uint32_t flags;      /* enum damon_reclaim_flag */
    bool take_over;      /* DAMON_RECLAIM_DAMON_TAKE_OVER */
    bool monitor_only;   /* DAMON_RECLAIM_DAMON_MONITOR_ONLY */
    const struct damon_reclaim_callbacks *callbacks;
    void *userdata;
};

/* A context with the parameters "NAME=VALUE"..., ended by NULL; open watermarks unless told otherwise. */
struct damon_reclaim *guest_set_up(const struct guest_setup *setup, ...);
/* The same without parameters, or NULL with what is missing. */
struct damon_reclaim *guest_try(const struct guest_setup *setup, char *error, size_t size);
/* The same as guest_set_up(), of the backend "idle-page". */
struct damon_reclaim *guest_context(const struct damon_reclaim_callbacks *callbacks, void *userdata, ...);
/* Makes the workload a target: the process, or its memory alone if it is GUEST_BARE. */
uint32_t guest_target(struct damon_reclaim *ctx, const struct guest_workload *w);
/* Enables, or exits with a message. */
void guest_enable(struct damon_reclaim *ctx);
/* Runs the context for a while; guest_watch() prints a line each second. */
void guest_run(struct damon_reclaim *ctx, unsigned int ms);
void guest_watch(struct damon_reclaim *ctx, unsigned int seconds);
struct damon_reclaim_stats guest_stats(struct damon_reclaim *ctx);

/* Prints the condition and whether it holds; guest_result() is the exit status of the program: 1 if any did not. */
#define GUEST_CHECK(condition) guest_check(condition, #condition)
void guest_check(bool holds, const char *condition);
/* The same of what depends on time: if nothing else failed, the exit status is GUEST_LATE, and tests/vm/run tries
 * again. */
#define GUEST_TIMELY(condition) guest_timely(condition, #condition)
#define GUEST_LATE              75
void guest_timely(bool holds, const char *condition);
/* The same without printing. */
void guest_require(bool holds);
int guest_result(void);
/* One line of JSON for a measured value. */
void guest_measured(const char *name, double value, const char *unit);

#endif
