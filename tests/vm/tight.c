/* SPDX-License-Identifier: MIT */
/*
 * tight BACKEND: a program with the library in a cgroup with less and less memory.max, and no swap for itself. It
 * works, is refused memory, or is ended by the kernel; whatever happens, the process that it watches keeps its
 * contents, and nothing of it stays behind once damon_reclaim_cleanup() was called.
 */
#include "guest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_damon.h"

#define CGROUP "tight"
#define FILES  "/sys/fs/cgroup/" CGROUP "/"

enum { WORKED = 0, REFUSED = 10 };

static _Noreturn void watch(const char *backend, const struct guest_workload *w)
{
    struct guest_setup setup = {.backend = backend, .take_over = true};
    const struct damon_reclaim_target target = {.size = sizeof(target), .pid = w->pid};
    struct damon_reclaim *ctx;
    char error[300];
    int r;

    guest_enter_cgroup(CGROUP);
    ctx = guest_try(&setup, error, sizeof(error));
    if (!ctx) {
        printf("   refused: %s\n", error);
        fflush(stdout);
        _exit(REFUSED);
    }
    r = damon_reclaim_set_line(ctx, "min_age=1s quota_ms=0 quota_sz=0 wmarks_high=1000 wmarks_mid=1000 wmarks_low=0");
    if (r == 0)
        r = damon_reclaim_add_target(ctx, &target, NULL);
    if (r == 0)
        r = damon_reclaim_enable(ctx);
    if (r == 0)
        guest_run(ctx, 4000);
    if (r == 0 && guest_stats(ctx).state == DAMON_RECLAIM_STATE_DISABLED)
        r = -ECANCELED;
    if (r < 0)
        printf("   refused: %s\n", damon_reclaim_last_error(ctx));
    damon_reclaim_unref(ctx);
    fflush(stdout);
    _exit(r < 0 ? REFUSED : WORKED);
}

/* How the program with that much memory ends: its exit status, or minus the signal. */
static int run_with(uint64_t max, const char *backend, const struct guest_workload *w)
{
    char text[32];
    int status = 0;
    pid_t pid;

    snprintf(text, sizeof(text), "%llu", (unsigned long long)max);
    guest_require(guest_write(FILES "memory.max", text));
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        watch(backend, w);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        guest_die("the program");
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the next program would do as well. */
static void clean_up(void)
{
    const struct damon_reclaim_config config = {.size = sizeof(config)};
    char text[300];
    int r = damon_reclaim_cleanup(&config, text, sizeof(text));

    if (r != 0)
        printf("   cleanup: %s\n", text);
    guest_require(r >= 0);
}

int main(int argc, char **argv)
{
    static const uint64_t limits[] = {4096, 512, 384, 256, 192, 128, 64, 32}; /* KiB */
    const char *backend = argc > 1 ? argv[1] : "idle-page";
    struct guest_workload w = {.total = 16 * MIB, .memory = GUEST_NO_HUGE};
    bool damon = !strcmp(backend, "damon");
    int first = -1, nr_ended = 0;
    size_t n = sizeof(limits) / sizeof(limits[0]);

    if (damon)
        guest_damon_needed();
    guest_start(&w);
    guest_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    if (mkdir("/sys/fs/cgroup/" CGROUP, 0755) < 0)
        guest_die(CGROUP);
    guest_require(guest_write(FILES "memory.swap.max", "0"));
    for (size_t i = 0; i < n; i++) {
        int end = run_with(limits[i] << 10, backend, &w);

        printf("   memory.max %llu KiB: %s\n", (unsigned long long)limits[i],
               end == WORKED     ? "worked"
               : end == REFUSED  ? "was refused"
               : end == -SIGKILL ? "was killed"
                                 : "failed");
        first = i ? first : end;
        nr_ended += end == -SIGKILL || end == REFUSED;
        guest_require(end == WORKED || end == REFUSED || end == -SIGKILL);
        clean_up();
        guest_require(guest_intact(&w));
        if (damon)
            guest_damon_left_nothing();
    }
    GUEST_CHECK(first == WORKED);
    GUEST_CHECK(nr_ended > 0); /* else the limits were never reached */
    GUEST_CHECK(guest_number_in(FILES "memory.events", "oom_kill") > 0);
    guest_stop(&w);
    return guest_result();
}
