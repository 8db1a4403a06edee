/* SPDX-License-Identifier: MIT */
/* The processes of the system, those with the most memory first. The list is read one process at a time, so that
 * reading can be interrupted and continued. */
#ifndef DRCL_IDLE_PROCESS_LIST_H
#define DRCL_IDLE_PROCESS_LIST_H

#include "base/env.h"
#include "sys/pids.h"

struct drcl_listed {
    uint64_t pages; /* in memory, about */
    pid_t pid;
    bool early; /* is taken out before the larger ones */
};

struct drcl_process_list {
    struct drcl_env *env;
    struct drcl_pids pids;
    bool reading;
    struct drcl_listed *heap; /* the next one in front */
    size_t n, capacity;
    struct drcl_listed last;   /* taken out */
    struct drcl_listed behind; /* the processes after this one come first; pid 0: none do */
};

void drcl_process_list_init(struct drcl_process_list *list, struct drcl_env *env);
void drcl_process_list_fini(struct drcl_process_list *list);

/* Begins anew. Errors have a text. */
int drcl_process_list_begin(struct drcl_process_list *list);

/* Reads one more process: 1; 0 if that were all; or a negative errno, with a text. Kernel threads are left out. */
int drcl_process_list_read(struct drcl_process_list *list);

/* Takes out the next one; false if there is none. */
bool drcl_process_list_next(struct drcl_process_list *list, pid_t *ret_pid);

/* Ends reading and forgets what was read. */
void drcl_process_list_end(struct drcl_process_list *list);

/* The next time, the processes after the one that was taken out last come first. */
void drcl_process_list_turn(struct drcl_process_list *list);

#endif
