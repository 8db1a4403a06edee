/* SPDX-License-Identifier: MIT */
/* The processes that --pid, --comm and --cgroup select, as targets of a context. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include <damon_reclaim/damon_reclaim.h>

#include "exclude.h"
#include "options.h"

struct process {
    pid_t pid;
    uint32_t target; /* its number, if it is one */
    bool is_target;
    bool fixed;  /* of --pid: stays, whatever it is called */
    bool wanted; /* selected by the scan under way */
};

struct processes {
    const struct options *options;
    const struct exclude *exclude; /* those that are passed over */
    struct process *items;         /* targets, and those that cannot be */
    size_t n;
    size_t nr_targets;
};

/* Whether any are selected at all. */
bool processes_selected(const struct options *options);

/* Adds those of --pid, and scans for the others. Returns CLI_OK, or CLI_USAGE or CLI_NO_TARGET with a message. */
int processes_start(struct processes *processes, const struct options *options, const struct exclude *exclude,
                    struct damon_reclaim *ctx);

/* Lets go of the targets that are excluded by now. */
void processes_drop_excluded(struct processes *processes, struct damon_reclaim *ctx);

/* Looks for processes that came, and those that are not meant any more. */
void processes_scan(struct processes *processes, struct damon_reclaim *ctx);

/* Forgets a target that has gone by itself. */
void processes_gone(struct processes *processes, uint32_t target);

void processes_free(struct processes *processes);

#endif
