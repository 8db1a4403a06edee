/* SPDX-License-Identifier: MIT */
/*
 * example BACKEND: the example of the module's documentation, with the command line's tool on physical memory. It is
 * inactive while much memory is free, becomes active as that gets less, is inactive again when there is more,
 * and leaves the work to the kernel when hardly any is free.
 */
#include "guest.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_damon.h"

#define TOOL      "/bin/damon-reclaim"
#define MIN_AGE_S 30

/* The running tool, and what it says. */
struct tool {
    pid_t pid;
    int output;
    char text[4096];
    size_t len;
};

static void start(struct tool *tool, const char *backend)
{
    int fds[2];

    if (pipe(fds) < 0)
        guest_die("pipe");
    fflush(stdout);
    tool->pid = fork();
    if (tool->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        execl(TOOL, TOOL, "run", "-v", "--quiet", "--backend", backend, "--min_age=30s", "--quota_sz=1GiB",
              "--quota_reset_interval_ms=1000", "--wmarks_high=500", "--wmarks_mid=400", "--wmarks_low=200",
              "--wmarks_interval=1s", (char *)NULL);
        guest_die(TOOL);
    }
    close(fds[1]);
    tool->output = fds[0];
}

/* Waits until the tool has said something new that contains the text; prints all that it says. */
static bool says(struct tool *tool, const char *text, unsigned int seconds)
{
    struct pollfd p = {.fd = tool->output, .events = POLLIN};
    uint64_t until = guest_now_ns() + (uint64_t)seconds * 1000000000;

    for (;;) {
        char *at = strstr(tool->text, text);
        ssize_t n;

        if (at) {
            /* What has been said up to here is not looked at again. */
            memmove(tool->text, at + strlen(text), strlen(at + strlen(text)) + 1);
            tool->len = strlen(tool->text);
            return true;
        }
        if (guest_now_ns() >= until || poll(&p, 1, 500) < 0 || tool->len == sizeof(tool->text) - 1)
            return false;
        if (!(p.revents & (POLLIN | POLLHUP)))
            continue;
        n = read(tool->output, tool->text + tool->len, sizeof(tool->text) - 1 - tool->len);
        if (n <= 0)
            return false;
        printf("%.*s", (int)n, tool->text + tool->len);
        fflush(stdout);
        tool->len += (size_t)n;
        tool->text[tool->len] = '\0';
    }
}

static bool end(struct tool *tool)
{
    int status = -1;

    kill(tool->pid, SIGTERM);
    says(tool, "what it never says", 5);
    waitpid(tool->pid, &status, 0);
    close(tool->output);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A process that takes memory, and does not touch it again, until @permille of it is free. */
static struct guest_workload hog(uint64_t permille)
{
    struct guest_workload w = {0};
    uint64_t keep = guest_meminfo("MemTotal") / 1000 * permille, now = guest_meminfo("MemFree");

    w.total = now > keep + MIB ? (now - keep) / MIB * MIB : MIB;
    guest_start(&w);
    printf("-- %llu MiB taken, %u permille free\n", (unsigned long long)(w.total / MIB), guest_free_permille());
    return w;
}

/* Whether some of it goes, a MiB at least, within @seconds. */
static bool shrinks(const struct guest_workload *w, unsigned int seconds)
{
    for (; seconds > 0; seconds--) {
        if (guest_resident(w->pid, w->addr, w->total) + MIB <= w->total)
            return true;
        guest_sleep_ms(1000);
    }
    return false;
}

int main(int argc, char **argv)
{
    const char *backend = argc > 1 ? argv[1] : "damon";
    struct guest_workload hogs[2];
    struct tool tool = {0};
    uint64_t taken;

    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    guest_module_set("stat", "enabled", "N");
    guest_flush_tlbs();
    printf("-- %u permille free\n", guest_free_permille());
    start(&tool, backend);
    GUEST_CHECK(says(&tool, "inactive: free memory is above the high watermark", 5));
    hogs[0] = hog(350);
    taken = guest_now_ns();
    GUEST_CHECK(says(&tool, "active: free memory is at or below the mid watermark", 10));
    guest_sleep_ms((MIN_AGE_S - 5) * 1000);
    /* Nothing is old enough yet. */
    GUEST_CHECK(guest_resident(hogs[0].pid, hogs[0].addr, hogs[0].total) == hogs[0].total);
    GUEST_TIMELY(shrinks(&hogs[0], 30));
    guest_measured("example.reclaimed_after", (double)(guest_now_ns() - taken) / 1e9, "s");
    GUEST_CHECK(guest_intact(&hogs[0]));
    guest_stop(&hogs[0]);
    GUEST_CHECK(says(&tool, "inactive: free memory is above the high watermark", 10));
    hogs[0] = hog(300);
    GUEST_CHECK(says(&tool, "active: free memory is at or below the mid watermark", 10));
    hogs[1] = hog(130);
    GUEST_CHECK(says(&tool, "inactive: free memory is below the low watermark", 10));
    guest_stop(&hogs[1]);
    GUEST_CHECK(says(&tool, "active: free memory is at or below the mid watermark", 10));
    guest_stop(&hogs[0]);
    GUEST_CHECK(says(&tool, "inactive: free memory is above the high watermark", 10));
    GUEST_CHECK(end(&tool));
    if (!strcmp(backend, "damon"))
        guest_damon_left_nothing();
    return guest_result();
}
