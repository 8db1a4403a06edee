/* SPDX-License-Identifier: MIT */
/* The members of a group: when each has work, and the one timer that wakes all of them. */
#ifndef DRCL_MEMBERS_H
#define DRCL_MEMBERS_H

#include <stdatomic.h>

#include "damon_reclaim/damon_reclaim.h"

#include "base/env.h"

struct damon_reclaim_group {
    pid_t pid; /* of the process that made it */
    unsigned int refs;
    struct drcl_env env; /* without log: the contexts have one */
    struct damon_reclaim_group_config config;
    int timer_fd;
    uint64_t armed_ns; /* what the timer is set to; UINT64_MAX: never */
    uint64_t beat_ns;
    struct damon_reclaim **members;
    uint64_t *due; /* of each; UINT64_MAX: never */
    size_t n;
    size_t members_cap;
    size_t due_cap;
    bool dispatching;
    atomic_bool woken; /* somebody has woken a member */

    /* What was read of the system's memory in this dispatch, for all members. */
    bool has_free, has_psi;
    int free_error, psi_error;
    uint32_t free_permille;
    uint64_t psi_us;
};

/* 0 or -ENOMEM. The member takes a reference to the group. */
int drcl_group_join(struct damon_reclaim_group *group, struct damon_reclaim *ctx, size_t *ret_place);
void drcl_group_leave(struct damon_reclaim_group *group, size_t place);
/* The member at @place has work at @when on the system's clock; 0: never. Sets the timer if it has to be earlier; a
 * dispatch that is running does it at its end. */
int drcl_group_set_due(struct damon_reclaim_group *group, size_t place, uint64_t when);
/* Sets the timer to the first time at which a member has work. */
int drcl_group_arm(struct damon_reclaim_group *group);
/* As drcl_view_metrics() for a member: the system is asked once a dispatch, for all. */
int drcl_group_metrics(void *data, bool psi, struct damon_reclaim_metrics *ret, const char **ret_text);
void drcl_group_drop(struct damon_reclaim_group *group);

#endif
