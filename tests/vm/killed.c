/* SPDX-License-Identifier: MIT */
/* killed BACKEND: a program that is killed cannot clean up; the next one does, and works. */
#include "guest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_damon.h"

static struct damon_reclaim *start(const char *backend, const struct guest_workload *w)
{
    struct guest_setup setup = {.backend = backend, .take_over = true};
    struct damon_reclaim *ctx = guest_set_up(&setup, "min_age=1s", "quota_ms=0", "quota_sz=0", NULL);

    guest_target(ctx, w);
    guest_enable(ctx);
    guest_run(ctx, 1500);
    return ctx;
}

int main(int argc, char **argv)
{
    const char *backend = argc > 1 ? argv[1] : "damon";
    struct guest_workload w = {.total = 64 * MIB};
    bool damon = !strcmp(backend, "damon"), stat_was_on;
    struct damon_reclaim *ctx;
    int status;
    pid_t pid;

    if (damon)
        guest_damon_needed();
    stat_was_on = !strcmp(guest_module_get("stat", "enabled"), "Y");
    guest_start(&w);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        start(backend, &w);
        fflush(stdout);
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    GUEST_CHECK(WIFSIGNALED(status));
    GUEST_CHECK(!damon || !strcmp(guest_kdamond("0/state"), "on")); /* it was left behind */
    GUEST_CHECK(guest_intact(&w));                                  /* which brings back what it had reclaimed */
    ctx = start(backend, &w);
    /* Of a region with a hole in it the kernel counts nothing, whatever went. */
    for (int i = 0; i < 6 && guest_resident(w.pid, w.addr, w.total) > w.total / 2; i++)
        guest_watch(ctx, 5);
    GUEST_TIMELY(guest_resident(w.pid, w.addr, w.total) <= w.total / 2);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    if (damon)
        guest_damon_left_nothing();
    GUEST_CHECK(!stat_was_on || !strcmp(guest_module_get("stat", "enabled"), "Y"));
    guest_stop(&w);
    return guest_result();
}
