/* SPDX-License-Identifier: MIT */
/* Which open descriptors of this process belong to other processes. */
#ifndef AGENT_FOREIGN_FILES_H
#define AGENT_FOREIGN_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"

struct foreign_file {
    struct identity who; /* pid 0: the descriptor is no other process' */
    uint64_t checked;    /* when `who` was read */
    char name[16];       /* in the process' directory; "memory" for a pidfd */
};

struct foreign_files {
    struct foreign_file *at; /* by descriptor */
    size_t n;
};

/* Parses a path of a file that the kernel reads under a lock of the process: ROOT/proc/PID/maps and the like. */
bool foreign_files_parse(const char *root, const char *path, pid_t *ret_pid, const char **ret_name);

/* Notes what a descriptor is. -ENOMEM */
int foreign_files_add(struct foreign_files *files, int fd, const struct foreign_file *file);
/* NULL: the descriptor is no other process'. */
struct foreign_file *foreign_files_find(const struct foreign_files *files, int fd);
void foreign_files_remove(struct foreign_files *files, int fd);

#endif
