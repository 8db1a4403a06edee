/* SPDX-License-Identifier: MIT */
/* killed BACKEND: while a program watches a process, a second one is refused. A program that is killed cannot clean up;
 * the next one does, and works. */
#include "guest.h"

#include <errno.h>
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

/* A program that watches the process until it is killed. */
static pid_t start_first(const char *backend, const struct guest_workload *w)
{
    int ready[2];
    char c = 0;
    pid_t pid;

    fflush(stdout);
    if (pipe(ready) < 0 || (pid = fork()) < 0)
        guest_die("the first program");
    if (pid == 0) {
        struct damon_reclaim *ctx = start(backend, w);

        fflush(stdout);
        if (write(ready[1], &c, 1) == 1)
            guest_run(ctx, 1000000);
        _exit(1);
    }
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1)
        guest_die("the first program");
    close(ready[0]);
    return pid;
}

/* The text names the program that is in the way. */
static void check_refused(const char *backend, const struct guest_workload *w, pid_t first)
{
    struct guest_setup setup = {.backend = backend, .take_over = true};
    struct damon_reclaim *ctx = guest_set_up(&setup, NULL);
    char words[32];

    guest_target(ctx, w);
    GUEST_CHECK(damon_reclaim_enable(ctx) == -EBUSY);
    printf("   %s\n", damon_reclaim_last_error(ctx));
    snprintf(words, sizeof(words), "by pid %d", (int)first);
    GUEST_CHECK(strstr(damon_reclaim_last_error(ctx), words) != NULL);
    damon_reclaim_unref(ctx);
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
    pid = start_first(backend, &w);
    check_refused(backend, &w, pid);
    kill(pid, SIGKILL);
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
