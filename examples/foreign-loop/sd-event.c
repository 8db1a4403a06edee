/* SPDX-License-Identifier: MIT */
/* Runs the reclaimer in the sd-event loop of a service that also does other things: here it prints a heartbeat twice a
 * second.
 *
 *     foreign-loop-sd-event [PID]     until SIGTERM, or until the process exits; simulated memory without one */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "reclaimer.h"

#define HEARTBEAT_US UINT64_C(500000)

struct host {
    sd_event *loop;
    sd_event_source *reclaim;
    struct damon_reclaim *ctx;
};

/*! [sd-event] */
static int on_reclaim(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct host *host = userdata;
    int r = damon_reclaim_dispatch(host->ctx);

    (void)source;
    (void)fd;
    (void)events;
    return r < 0 ? sd_event_exit(host->loop, r) : 0;
}

/* The library calls this inside damon_reclaim_dispatch() and damon_reclaim_disable(). Here the program learns that
 * reclaiming has ended, whatever the reason. */
static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    struct host *host = userdata;

    (void)ctx;
    printf("%s\n", event->text);
    if (event->state == DAMON_RECLAIM_STATE_DISABLED)
        sd_event_exit(host->loop, 0);
}

static int watch(struct host *host)
{
    return sd_event_add_io(host->loop, &host->reclaim, damon_reclaim_get_fd(host->ctx), EPOLLIN, on_reclaim, host);
}
/*! [sd-event] */

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct host *host = userdata;

    (void)source;
    (void)info;
    return damon_reclaim_disable(host->ctx);
}

static int on_heartbeat(sd_event_source *source, uint64_t due_us, void *userdata)
{
    struct host *host = userdata;
    int r;

    (void)due_us;
    reclaimer_print(host->ctx, "heartbeat");
    r = sd_event_source_set_time_relative(source, HEARTBEAT_US); /* such a timer expires once */
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int run(struct host *host)
{
    sigset_t terminate;
    int r;

    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    sigprocmask(SIG_BLOCK, &terminate, NULL); /* sd-event reads it from a signalfd */
    r = sd_event_add_signal(host->loop, NULL, SIGTERM, on_terminate, host);
    if (r >= 0)
        r = sd_event_add_time_relative(host->loop, NULL, CLOCK_MONOTONIC, HEARTBEAT_US, 0, on_heartbeat, host);
    if (r >= 0)
        r = watch(host);
    if (r >= 0)
        r = sd_event_loop(host->loop);
    sd_event_source_unref(host->reclaim); /* before the context is freed, which owns the descriptor */
    return r;
}

int main(int argc, char **argv)
{
    static const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .state_changed = state_changed};
    struct host host = {0};
    int r = sd_event_new(&host.loop);

    (void)argc;
    if (r < 0) {
        fprintf(stderr, "%s: no loop: %s\n", argv[0], strerror(-r));
        return 1;
    }
    host.ctx = reclaimer_new(argv, &callbacks, &host);
    if (!host.ctx) {
        sd_event_unref(host.loop);
        return 1;
    }
    r = run(&host);
    if (r < 0)
        fprintf(stderr, "%s: %s: %s\n", argv[0], strerror(-r), damon_reclaim_last_error(host.ctx));
    reclaimer_print(host.ctx, "end");
    damon_reclaim_unref(host.ctx);
    sd_event_unref(host.loop);
    return r < 0;
}
