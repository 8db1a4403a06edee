/* SPDX-License-Identifier: MIT */
/* The directory /proc: which processes there are. */
#ifndef DRCL_SYS_PIDS_H
#define DRCL_SYS_PIDS_H

#include "base/env.h"
#include "sys/directory.h"

/* A way through the directory. Processes that begin or end meanwhile may be told or not. */
struct drcl_pids {
    struct drcl_directory dir;
};

/* Errors have a text. */
int drcl_pids_open(struct drcl_pids *pids, struct drcl_env *env);
void drcl_pids_close(struct drcl_pids *pids);

/* The next process, kernel threads among them: 1; 0 at the end; a negative errno, with a text. */
int drcl_pids_next(struct drcl_pids *pids, pid_t *ret_pid);

#endif
