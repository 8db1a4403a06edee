/* SPDX-License-Identifier: MIT */
/* A root directory with the files of /proc, /sys and /run that a test needs. */
#ifndef TREE_H
#define TREE_H

#include <stddef.h>
#include <sys/types.h>

struct tree {
    char root[64];
};

/* A new empty one below $TMPDIR or /tmp. Failures end the test. */
void tree_make(struct tree *tree);
void tree_remove(struct tree *tree);
/* Writes the file with its directories; @format as for printf(3). */
void tree_write(const struct tree *tree, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with any bytes. */
void tree_write_bytes(const struct tree *tree, const char *path, const void *bytes, size_t len);
void tree_link(const struct tree *tree, const char *path, const char *target);
void tree_unlink(const struct tree *tree, const char *path);

/* /proc/PID/status of a process of a user; @more stands behind it. */
void tree_status(const struct tree *tree, pid_t pid, unsigned int uid, const char *more);
/* The /proc/PID of a monitor, which belongs to root: @words are its command line, ended by NULL. @cgroup: its path,
 * "/..." */
void tree_process(const struct tree *tree, pid_t pid, unsigned int start_time, const char *comm, const char *cgroup,
                  const char *const *words);
/* /proc/PID and all in it is gone. */
void tree_exit(const struct tree *tree, pid_t pid);

#endif
