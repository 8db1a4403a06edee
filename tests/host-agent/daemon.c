/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define MOST_OPTIONS 32

char daemon_obstacle[128];

static bool is_obstructed(void)
{
    return access(daemon_obstacle, F_OK) == 0;
}

static int enable(void *data)
{
    (void)data;
    return is_obstructed() ? -EIO : 0;
}

static int prepare(void *data, uint32_t target, const uint64_t *addrs, size_t n)
{
    (void)data, (void)target, (void)addrs, (void)n;
    return 0;
}

/* One MiB in four is in use. */
static int check(void *data, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    (void)data, (void)target;
    if (is_obstructed())
        return -EIO;
    for (size_t i = 0; i < n; i++)
        accessed[i] = (addrs[i] >> 20) % 4 == 0;
    return 0;
}

static int ranges(void *data, uint32_t target, struct damon_reclaim_range *list, size_t capacity, size_t *ret_n)
{
    (void)data, (void)target, (void)list, (void)capacity;
    *ret_n = 0;
    return 0;
}

static int reclaim(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    uint64_t bytes = request->end - request->start;

    (void)data;
    if (bytes > request->max_bytes)
        bytes = request->max_bytes & ~UINT64_C(4095);
    result->end = request->start + bytes;
    result->tried = result->reclaimed = bytes;
    return 0;
}

static int metrics(void *data, struct damon_reclaim_metrics *ret)
{
    (void)data;
    ret->free_permille = 300;
    return 0;
}

static const struct damon_reclaim_backend_ops quiet = {
    .size = sizeof(quiet),
    .name = "quiet",
    .features = DAMON_RECLAIM_BACKEND_PAGE_PRECISE | DAMON_RECLAIM_BACKEND_NEEDS_PID,
    .enable = enable,
    .prepare = prepare,
    .check = check,
    .ranges = ranges,
    .reclaim = reclaim,
    .metrics = metrics,
};

pid_t daemon_start(const char *const *options)
{
    struct host host = {.backend_ops = &quiet};
    char *argv[MOST_OPTIONS + 2];
    int argc = 1, code;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    argv[0] = strdup("damon-reclaim-host");
    for (; options[argc - 1] && argc <= MOST_OPTIONS; argc++)
        argv[argc] = strdup(options[argc - 1]);
    argv[argc] = NULL;
    code = agent_main(&host_program, argc, argv, &host);
    while (argc--)
        free(argv[argc]);
    exit(code); /* and not _exit(), so that a sanitizer finds what has leaked */
}

static void sleep_ms(unsigned int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

static int wait_for(pid_t pid, unsigned int ms)
{
    int status = 0;

    for (unsigned int i = 0; i < ms / 10; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        sleep_ms(10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

int daemon_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    return wait_for(pid, 1000);
}

int daemon_end(pid_t pid)
{
    return wait_for(pid, 20000);
}

double daemon_metric(const char *textfile, const char *begin)
{
    FILE *file = fopen(textfile, "re");
    char line[1024];
    double value = -1;

    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file))
        if (!strncmp(line, begin, strlen(begin)) && strrchr(line, ' '))
            value = strtod(strrchr(line, ' '), NULL);
    fclose(file);
    return value;
}

bool daemon_wait(const char *textfile, const char *begin, double value, bool least)
{
    for (int i = 0; i < 200; i++) {
        double now = daemon_metric(textfile, begin);

        if (least ? now >= value : !(now < value) && !(now > value))
            return true;
        sleep_ms(50);
    }
    fprintf(stderr, "# %s is %g, not %g\n", begin, daemon_metric(textfile, begin), value);
    return false;
}

pid_t stand_in_start(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}

void stand_in_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
