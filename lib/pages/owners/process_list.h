/* SPDX-License-Identifier: MIT */
/*
 * The processes of the system in the order in which their pages are worth looking at: those with the most in memory
 * first. It is read a process at a time, so that reading can be left and gone on with.
 */
#ifndef DRCL_IDLE_PROCESS_LIST_H
#define DRCL_IDLE_PROCESS_LIST_H

#include "base/env.h"
#include "sys/pids.h"

struct drcl_listed {
    uint64_t pages; /* in memory, about */
    pid_t pid;
    bool early; /* its turn comes before that of the larger ones */
};

struct drcl_process_list {
    struct drcl_env *env;
    struct drcl_pids pids;
    bool reading;
    struct drcl_listed *heap; /* the next one in front */
    size_t n, capacity;
    struct drcl_listed last;   /* taken out */
    struct drcl_listed behind; /* whoever comes after this one is early; pid 0: nobody is */
};

void drcl_process_list_init(struct drcl_process_list *list, struct drcl_env *env);
void drcl_process_list_fini(struct drcl_process_list *list);

/* Begins anew. Errors have a text. */
int drcl_process_list_begin(struct drcl_process_list *list);

/* Reads one more process: 1; 0 if that were all; or a negative errno, with a text. Kernel threads are left out. */
int drcl_process_list_read(struct drcl_process_list *list);

/* Takes out the next one; false if there is none. */
bool drcl_process_list_next(struct drcl_process_list *list, pid_t *ret_pid);

/* Reading ends, what was read is forgotten. */
void drcl_process_list_end(struct drcl_process_list *list);

/* Those that come after the one that was taken out last are the first ones the next time. */
void drcl_process_list_turn(struct drcl_process_list *list);

#endif
