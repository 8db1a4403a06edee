/* SPDX-License-Identifier: MIT */
/* Reclaims cold memory of a process, from a process without privileges. A second process keeps the privileges. It opens
 * the files and calls process_madvise(), only for this target.
 *
 *     delegated-io PID [SECONDS]     as root; the library runs as nobody, for 10 seconds */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define NOBODY   65534
#define NS_PER_S UINT64_C(1000000000)

static int drop_privileges(void)
{
    if (geteuid() != 0)
        return 0;
    return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0
               ? -errno
               : 0;
}

/*! [split] */
/* Starts the broker, which keeps the privileges, and drops those of the caller. Returns the socket to the broker. */
static int start_broker(pid_t target)
{
    struct broker broker = {.client = getpid(), .target = target};
    int sockets[2], r;
    pid_t pid;

    broker.pidfd = (int)syscall(SYS_pidfd_open, target, 0u);
    if (broker.pidfd < 0)
        return -errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    broker.socket = sockets[1];
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close(sockets[0]);
        _exit(broker_serve(&broker) < 0);
    }
    close(sockets[1]);
    close(broker.pidfd);
    r = drop_privileges();
    return r < 0 ? r : sockets[0];
}
/*! [split] */

static int reclaim(struct damon_reclaim *ctx, pid_t pid, uint64_t seconds, struct damon_reclaim_stats *stats)
{
    static const char settings[] = "min_age=2s quota_ms=0 wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y";
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = pid};
    struct pollfd pfd = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};
    uint64_t end = damon_reclaim_now(ctx) + seconds * NS_PER_S;
    int r = damon_reclaim_add_target(ctx, &target, NULL);

    if (r == 0)
        r = damon_reclaim_set_line(ctx, settings);
    while (r == 0 && damon_reclaim_now(ctx) < end) {
        poll(&pfd, 1, 1000);
        r = damon_reclaim_dispatch(ctx);
        if (r == 0)
            r = damon_reclaim_get_stats(ctx, stats);
        if (r == 0 && stats->state == DAMON_RECLAIM_STATE_DISABLED)
            break; /* the process has exited */
    }
    return r;
}

int main(int argc, char **argv)
{
    char error[256] = "";
    int socket = argc > 1 ? start_broker(atoi(argv[1])) : -EINVAL;
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend = "idle-page",
        .system_ops = &client_ops,
        .system_data = &socket,
        .error = error,
        .error_size = sizeof(error),
    };
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};
    struct damon_reclaim *ctx = NULL;
    int r;

    if (socket < 0) {
        fprintf(stderr, "delegated-io: no broker: %s (usage: delegated-io PID [SECONDS])\n", strerror(-socket));
        return 1;
    }
    r = damon_reclaim_new(&config, &ctx);
    if (r == 0)
        r = reclaim(ctx, atoi(argv[1]), argc > 2 ? strtoull(argv[2], NULL, 10) : 10, &stats);
    if (r < 0)
        fprintf(stderr, "delegated-io: %s\n", ctx ? damon_reclaim_last_error(ctx) : error);
    printf("user %d: watched %llu MiB, reclaimed %llu MiB\n", (int)getuid(),
           (unsigned long long)stats.monitored_bytes >> 20, (unsigned long long)stats.bytes_reclaimed_regions >> 20);
    damon_reclaim_unref(ctx);
    close(socket); /* this ends the broker */
    wait(NULL);
    return r < 0;
}
