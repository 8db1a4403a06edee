/* SPDX-License-Identifier: MIT */
/* Reads files in /proc and /sys/fs/cgroup; in tests and containers, those below a root directory. */
#ifndef HOST_PROC_H
#define HOST_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Like file_read(), for @path below @root, which may be NULL. */
int host_read_file(const char *root, const char *path, char **ret_text, size_t *ret_len);
/* The same for /proc/PID/NAME. Returns -ESRCH if the process has exited. */
int host_read_proc(const char *root, pid_t pid, const char *name, char **ret_text, size_t *ret_len);
/* Reads the begin of such a file into a buffer, and puts a NUL behind it. Only for files that the kernel reads without
 * a lock of the process, such as comm and status. Returns the length or a negative errno. */
int host_read_begin(const char *root, pid_t pid, const char *name, char *buf, size_t size);
/* The target of the link /proc/PID/exe, truncated to @size. Returns false if it cannot be read. */
bool host_read_exe(const char *root, pid_t pid, char *path, size_t size);
/* Opens a directory below @root. Returns NULL and sets errno if that fails. */
DIR *host_open_directory(const char *root, const char *path);
/* Parses a text that is a pid and nothing else. Returns 0 if it is not. */
pid_t host_parse_pid(const char *text);

/* Fields of /proc/PID/stat. */
struct host_stat {
    uint64_t major_faults;
    uint64_t start_time; /* in ticks since boot; together with the pid it identifies a process forever */
};

/* Returns 0 or -EINVAL. */
int host_parse_stat(const char *text, struct host_stat *ret);
/* Reads the resident bytes from the text of /proc/PID/statm. Returns 0 or -EINVAL. */
int host_parse_statm(const char *text, uint64_t page_size, uint64_t *ret_resident);

#endif
