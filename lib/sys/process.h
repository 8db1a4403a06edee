/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat, statm, schedstat and status: which process a pid is, and whether its memory may be reclaimed at all.
 */
#ifndef DRCL_SYS_PROCESS_H
#define DRCL_SYS_PROCESS_H

#include "base/env.h"

struct drcl_process_stat {
    pid_t pid;
    char state; /* R, S, D, Z, ... */
    bool kernel_thread;
    uint64_t nr_threads;
    uint64_t cpu_ticks;   /* CPU time so far, clock ticks */
    uint64_t start_ticks; /* when it started, clock ticks since boot: with the pid, its identity */
};

/* Reads the text of /proc/PID/stat. 0 or -EINVAL. */
int drcl_process_stat_parse(const char *text, size_t len, struct drcl_process_stat *ret);

/* Reads the file. -ESRCH when there is no such process. Allocates nothing. */
int drcl_process_stat(struct drcl_env *env, pid_t pid, struct drcl_process_stat *ret);

#define DRCL_PROCESS_NAME 64 /* bytes; the kernel keeps no more of a name */

/* The name of the program that a process runs, from /proc/PID/comm. -ESRCH when there is no such process. No text. */
int drcl_process_name(struct drcl_env *env, pid_t pid, char ret[DRCL_PROCESS_NAME]);
/* Whether a pattern for fnmatch(3) matches the name, of which the kernel may have kept only the first 15 characters. */
bool drcl_process_name_matches(const char *pattern, const char *name);

/* Pages. What is in memory is counted per CPU and only about right. */
struct drcl_process_memory {
    uint64_t mapped; /* 0: a kernel thread, or one that exits */
    uint64_t resident;
};

/* Reads /proc/PID/statm. -ESRCH when there is no such process. No text. */
int drcl_process_memory(struct drcl_env *env, pid_t pid, struct drcl_process_memory *ret);

/* CPU time of a process or thread so far, ns: exact where the kernel has schedstat, else in whole clock ticks. -ESRCH
 * when there is no such process. No text. */
int drcl_process_cpu_ns(struct drcl_env *env, pid_t pid, uint64_t *ret);

/* Whether the memory of @pid may be a target. -ESRCH: there is no such process, or it has exited; -EPERM: it is the
 * caller or a kernel thread; -EINVAL: it is not the pid of a process, or not one of this pid namespace. The text names
 * the pid and the cure. */
int drcl_process_check(struct drcl_env *env, pid_t pid);

/* The pid of the process that @pidfd, a descriptor of this process, holds. -ESRCH: it has exited; -EINVAL: it is no
 * pidfd. The text names the descriptor. */
int drcl_process_of_pidfd(struct drcl_env *env, int pidfd, pid_t *ret_pid);

/* Opens /proc/PID/NAME for reading and makes sure that it is the file of the process that @pidfd holds, not of a later
 * one with the same pid. -ESRCH when it has exited. No text. */
int drcl_process_open(struct drcl_env *env, pid_t pid, int pidfd, const char *name);

#endif
