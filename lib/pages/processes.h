/* SPDX-License-Identifier: MIT */
/* Owners of frames that are held open by a pidfd, since the next batch may have pages of them as well. */
#ifndef DRCL_PAGES_PROCESSES_H
#define DRCL_PAGES_PROCESSES_H

#include "base/env.h"
#include "pages/mm.h"

#define DRCL_NR_PROCESSES 16

struct drcl_process {
    struct drcl_mm mm;        /* pid 0: none; fd -1: it cannot be opened */
    uint64_t closed_until_ns; /* until when nobody tries again to open it */
    uint64_t used;            /* when, as a count */
};

struct drcl_processes {
    struct drcl_process at[DRCL_NR_PROCESSES];
    uint64_t nr_uses;
};

/* Opens the process unless it is open. *ret is NULL if it is gone or cannot be touched; an error is one that passes. */
int drcl_processes_open(struct drcl_processes *processes, struct drcl_env *env, pid_t pid, struct drcl_process **ret);
void drcl_process_close(struct drcl_process *process, struct drcl_env *env);
/* The process cannot be opened or advised: it is left alone for a while, which is no failure of the whole. */
void drcl_process_shut_out(struct drcl_process *process, struct drcl_env *env, pid_t pid);
void drcl_processes_close(struct drcl_processes *processes, struct drcl_env *env);

#endif
