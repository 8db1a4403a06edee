/* SPDX-License-Identifier: MIT */
/* Reading the files of /proc and /sys/fs/cgroup, below a root directory in tests and containers. */
#ifndef HOST_PROC_H
#define HOST_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As file_read(), of @path below @root (NULL: none). */
int host_read_file(const char *root, const char *path, char **ret_text, size_t *ret_len);
/* The same for /proc/PID/NAME. A process that exits meanwhile is -ESRCH. */
int host_read_proc(const char *root, pid_t pid, const char *name, char **ret_text, size_t *ret_len);
/* Where /proc/PID/exe points to, cut to @size. False if it cannot be seen. */
bool host_read_exe(const char *root, pid_t pid, char *path, size_t size);
/* A directory below @root; NULL with errno. */
DIR *host_open_directory(const char *root, const char *path);
/* A process number, and nothing but that; 0 if it is none. */
pid_t host_parse_pid(const char *text);

/* What is wanted of /proc/PID/stat. */
struct host_stat {
    uint64_t major_faults;
    uint64_t start_time; /* in ticks since boot: with the pid, the name of a process for ever */
};

/* 0 or -EINVAL. */
int host_parse_stat(const char *text, struct host_stat *ret);
/* The resident bytes that /proc/PID/statm tells. 0 or -EINVAL. */
int host_parse_statm(const char *text, uint64_t page_size, uint64_t *ret_resident);

#endif
