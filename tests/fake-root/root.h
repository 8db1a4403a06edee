/* SPDX-License-Identifier: MIT */
/* A directory of the test's own in the place of /, read with real system calls, of which any can be made to fail. */
#ifndef ROOT_H
#define ROOT_H

#include "counted.h"
#include "base/env.h"

struct root {
    char path[32];
    struct drcl_env env;
    struct damon_reclaim_system_ops real;
    size_t nr_open;
    bool hide_types; /* directories do not tell what is in them */
    /* The call, counted from 1, that fails, and with what. */
    size_t nr_calls, fail_call;
    int fail_error;
    struct counted memory;
    /* A hook at every call, to change the world in the middle of something. */
    void (*hook)(struct root *root);
};

/* Fails the test if it cannot; root_close() also if a descriptor or memory is left. */
void root_open(struct root *root);
void root_close(struct root *root);

/* Writes a file, with the directories above it. */
void root_put(struct root *root, const char *path, const char *text);
/* Reads one; the text is valid until the next call. */
const char *root_get(struct root *root, const char *path);
void root_mkdir(struct root *root, const char *path);  /* with those above it */
void root_remove(struct root *root, const char *path); /* with all that is below it */
uint64_t root_inode(struct root *root, const char *path);

#endif
