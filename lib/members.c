/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <errno.h>
#include <string.h>

#include "context.h"
#include "base/grow.h"
#include "sys/meminfo.h"
#include "sys/psi.h"

#define NEVER UINT64_MAX

int drcl_group_join(struct damon_reclaim_group *group, struct damon_reclaim *ctx, size_t *ret_place)
{
    struct drcl_env *env = &group->env;

    if (drcl_grow(env, &group->members, &group->members_cap, group->n + 1, sizeof(*group->members)) < 0 ||
        drcl_grow(env, &group->due, &group->due_cap, group->n + 1, sizeof(*group->due)) < 0)
        return -ENOMEM;
    group->members[group->n] = ctx;
    group->due[group->n] = NEVER;
    *ret_place = group->n++;
    group->refs++;
    return 0;
}

void drcl_group_leave(struct damon_reclaim_group *group, size_t place)
{
    size_t last = --group->n;

    group->members[place] = group->members[last];
    group->due[place] = group->due[last];
    group->members[place]->place = place;
    drcl_group_drop(group);
}

/*
 * The beat at which a member is woken that has work at @when. Being late by a quarter of the time that it waits does no
 * harm. Beats are halves of each other, so that members with different ones still wake together.
 */
static uint64_t to_beat(const struct damon_reclaim_group *group, uint64_t when)
{
    uint64_t now = drcl_clock(&group->env, CLOCK_MONOTONIC), beat = group->beat_ns, late;

    if (when <= now)
        return when;
    while (beat > (when - now) / 4)
        beat /= 2;
    late = beat ? (beat - when % beat) % beat : 0;
    return when < NEVER - late ? when + late : NEVER;
}

static int set_timer(struct damon_reclaim_group *group, uint64_t when)
{
    int r = group->env.sys.timer_set(group->env.system_data, group->timer_fd, when == NEVER ? 0 : when);

    if (r < 0) {
        group->armed_ns = NEVER; /* the next one sets it again */
        return drcl_error(&group->env, r, "timer of the group: cannot be set: %s", strerror(-r));
    }
    group->armed_ns = when;
    /* A wake that has come in the meantime is not lost. */
    if (atomic_load(&group->woken))
        group->env.sys.timer_set(group->env.system_data, group->timer_fd, 1);
    return 0;
}

int drcl_group_set_due(struct damon_reclaim_group *group, size_t place, uint64_t when)
{
    when = when ? to_beat(group, when) : NEVER;
    group->due[place] = when;
    return !group->dispatching && when < group->armed_ns ? set_timer(group, when) : 0;
}

int drcl_group_arm(struct damon_reclaim_group *group)
{
    uint64_t first = NEVER;

    for (size_t i = 0; i < group->n; i++)
        first = group->due[i] < first ? group->due[i] : first;
    return set_timer(group, first);
}

int drcl_group_metrics(void *data, bool psi, struct damon_reclaim_metrics *ret, const char **ret_text)
{
    struct damon_reclaim_group *group = data;

    if (!group->has_free)
        group->free_error = drcl_meminfo_free_permille(&group->env, &group->free_permille);
    if (psi && !group->has_psi)
        group->psi_error = drcl_psi_some_us(&group->env, &group->psi_us);
    group->has_free = group->dispatching && group->free_error == 0;
    group->has_psi |= psi && group->dispatching;
    ret->free_permille = group->free_permille;
    if (psi && group->psi_error == 0) {
        ret->psi_valid = true;
        ret->psi_some_us = group->psi_us;
    }
    *ret_text = group->env.error;
    return group->free_error;
}

void drcl_group_drop(struct damon_reclaim_group *group)
{
    struct drcl_env env;

    if (--group->refs)
        return;
    if (group->timer_fd >= 0)
        drcl_close(&group->env, group->timer_fd);
    env = group->env;
    drcl_free(&env, group->members);
    drcl_free(&env, group->due);
    drcl_free(&env, group);
    drcl_env_fini(&env);
}
