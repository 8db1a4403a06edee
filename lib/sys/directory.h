/* SPDX-License-Identifier: MIT */
/* What is in a directory, entry by entry, through the table of system calls. */
#ifndef DRCL_SYS_DIRECTORY_H
#define DRCL_SYS_DIRECTORY_H

#include "base/env.h"

#define DRCL_DIRECTORY_BUFFER 4096

struct drcl_directory {
    struct drcl_env *env;
    int fd;
    size_t at, len;
    uint64_t buf[DRCL_DIRECTORY_BUFFER / sizeof(uint64_t)]; /* aligned as the records are */
};

struct drcl_directory_entry {
    const char *name;      /* valid until the next call; never "." or ".." */
    bool may_be_directory; /* not every file system tells */
};

/* Reads from @fd, which stays the caller's. */
void drcl_directory_begin(struct drcl_directory *dir, struct drcl_env *env, int fd);

/* 1; 0 at the end; a negative errno. -EIO when what was read makes no sense. */
int drcl_directory_next(struct drcl_directory *dir, struct drcl_directory_entry *ret);

#endif
