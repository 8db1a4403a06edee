/* SPDX-License-Identifier: MIT */
#include "pages/processes.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define CLOSED_NS (10 * DRCL_NS_PER_S)

void drcl_process_close(struct drcl_process *process, struct drcl_env *env)
{
    if (!process->mm.map.pid)
        return;
    if (process->mm.map.fd >= 0) {
        int pidfd = process->mm.map.pidfd;

        drcl_pagemap_close(&process->mm.map);
        drcl_close(env, pidfd);
    }
    *process = (struct drcl_process){.used = 0};
}

void drcl_processes_close(struct drcl_processes *processes, struct drcl_env *env)
{
    for (size_t i = 0; i < DRCL_NR_PROCESSES; i++)
        drcl_process_close(&processes->at[i], env);
}

void drcl_process_shut_out(struct drcl_process *process, struct drcl_env *env, pid_t pid)
{
    drcl_process_close(process, env);
    process->mm.map = (struct drcl_pagemap){.env = env, .pid = pid, .pidfd = -1, .fd = -1};
    process->closed_until_ns = drcl_clock(env, CLOCK_MONOTONIC) + CLOSED_NS;
}

/* The place of a process, or the one that was used longest ago. */
static struct drcl_process *place_of(struct drcl_processes *processes, pid_t pid)
{
    struct drcl_process *oldest = processes->at;

    for (size_t i = 0; i < DRCL_NR_PROCESSES; i++) {
        struct drcl_process *process = &processes->at[i];

        if (process->mm.map.pid == pid)
            return process;
        if (process->used < oldest->used)
            oldest = process;
    }
    return oldest;
}

static int open_process(struct drcl_process *process, struct drcl_env *env, pid_t pid)
{
    int pidfd = drcl_pidfd_open(env, pid), r;

    if (pidfd < 0)
        return pidfd;
    r = drcl_pagemap_open(&process->mm.map, env, pid, pidfd);
    if (r < 0)
        drcl_close(env, pidfd);
    return r;
}

int drcl_processes_open(struct drcl_processes *processes, struct drcl_env *env, pid_t pid, struct drcl_process **ret)
{
    struct drcl_process *process = place_of(processes, pid);
    int r = 0;

    *ret = NULL;
    if (pid == getpid())
        return 0;
    if (process->mm.map.pid == pid && process->mm.map.fd < 0) {
        if (drcl_clock(env, CLOCK_MONOTONIC) < process->closed_until_ns)
            return 0;
        drcl_process_close(process, env);
    }
    if (process->mm.map.pid != pid) {
        drcl_process_close(process, env);
        r = open_process(process, env, pid);
    }
    if (r == -ENOMEM || r == -EINTR)
        return r;
    process->used = ++processes->nr_uses;
    if (r == 0)
        *ret = process;
    else if (r != -ESRCH)
        drcl_process_shut_out(process, env, pid);
    return 0;
}
