/* SPDX-License-Identifier: MIT */
/* Runs the reclaimer in the libuv loop of a program that also does other things: here it prints a heartbeat twice a
 * second.
 *
 *     foreign-loop-uv [PID]     until SIGTERM, or until the process exits; simulated memory without one */
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "reclaimer.h"

#define HEARTBEAT_MS 500

struct host {
    uv_loop_t loop;
    uv_poll_t reclaim;
    uv_timer_t heartbeat;
    uv_signal_t terminate;
    struct damon_reclaim *ctx;
    int error;
};

/*! [uv] */
static void on_reclaim(uv_poll_t *handle, int status, int events)
{
    struct host *host = handle->data;
    int r = status < 0 ? status : damon_reclaim_dispatch(host->ctx);

    (void)events;
    if (r < 0) {
        host->error = r;
        damon_reclaim_disable(host->ctx); /* needed only if polling has failed */
    }
}

/* The library calls this inside damon_reclaim_dispatch() and damon_reclaim_disable(). Here the program learns that
 * reclaiming has ended, whatever the reason. */
static void state_changed(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata)
{
    struct host *host = userdata;

    (void)ctx;
    printf("%s\n", event->text);
    if (event->state == DAMON_RECLAIM_STATE_DISABLED)
        uv_stop(&host->loop);
}

static int watch(struct host *host)
{
    int r = uv_poll_init(&host->loop, &host->reclaim, damon_reclaim_get_fd(host->ctx));

    host->reclaim.data = host;
    return r < 0 ? r : uv_poll_start(&host->reclaim, UV_READABLE, on_reclaim);
}
/*! [uv] */

static void on_terminate(uv_signal_t *handle, int signum)
{
    struct host *host = handle->data;

    (void)signum;
    damon_reclaim_disable(host->ctx);
}

static void on_heartbeat(uv_timer_t *handle)
{
    struct host *host = handle->data;

    reclaimer_print(host->ctx, "heartbeat");
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    uv_close(handle, NULL);
}

static int run(struct host *host)
{
    int r;

    host->heartbeat.data = host->terminate.data = host;
    r = uv_timer_init(&host->loop, &host->heartbeat);
    if (r == 0)
        r = uv_timer_start(&host->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    if (r == 0)
        r = uv_signal_init(&host->loop, &host->terminate);
    if (r == 0)
        r = uv_signal_start(&host->terminate, on_terminate, SIGTERM);
    if (r == 0)
        r = watch(host);
    if (r == 0)
        uv_run(&host->loop, UV_RUN_DEFAULT);
    uv_walk(&host->loop, close_handle, NULL); /* before the context is freed, which owns the descriptor */
    uv_run(&host->loop, UV_RUN_DEFAULT);
    return r < 0 ? r : host->error;
}

int main(int argc, char **argv)
{
    static const struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .state_changed = state_changed};
    struct host host = {0};
    int r = uv_loop_init(&host.loop);

    (void)argc;
    if (r < 0) {
        fprintf(stderr, "%s: no loop: %s\n", argv[0], uv_strerror(r));
        return 1;
    }
    host.ctx = reclaimer_new(argv, &callbacks, &host);
    if (!host.ctx) {
        uv_loop_close(&host.loop);
        return 1;
    }
    r = run(&host);
    if (r < 0)
        fprintf(stderr, "%s: %s: %s\n", argv[0], uv_strerror(r), damon_reclaim_last_error(host.ctx));
    reclaimer_print(host.ctx, "end");
    damon_reclaim_unref(host.ctx);
    uv_loop_close(&host.loop);
    return r < 0;
}
