/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    struct loop_source *sources;
    int result;
    bool stopping;
};

struct loop_source {
    union {
        uv_handle_t handle;
        uv_poll_t poll;
        uv_timer_t timer;
        uv_signal_t signal;
    } uv;
    struct loop *loop;
    struct loop_source *next, **link; /* in the list of the loop; link is NULL when removed */
    loop_callback *call;
    void *userdata;
    struct damon_reclaim *ctx; /* of a context */
    int pidfd;                 /* of a process, else -1 */
    pid_t pid;
};

int loop_new(struct loop **ret)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int r;

    if (!loop)
        return -ENOMEM;
    r = uv_loop_init(&loop->uv); /* libuv's errors are negative errnos */
    if (r < 0) {
        free(loop);
        return r;
    }
    *ret = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->sources)
        loop_remove(loop->sources);
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* until removed sources are closed */
    uv_loop_close(&loop->uv);
    free(loop);
}

int loop_run(struct loop *loop)
{
    int r = 0;

    while (!loop->stopping && r >= 0) {
        r = uv_run(&loop->uv, UV_RUN_ONCE);
        if (r == 0 && !loop->stopping)
            return -EINVAL; /* there is no source left that could stop the loop */
    }
    loop->stopping = false;
    return r < 0 ? r : loop->result;
}

void loop_stop(struct loop *loop, int result)
{
    loop->result = result;
    loop->stopping = true;
    uv_stop(&loop->uv);
}

/* Makes a source that is not yet in the list of the loop. */
static struct loop_source *new_source(struct loop *loop, loop_callback *call, void *userdata)
{
    struct loop_source *source = calloc(1, sizeof(*source));

    if (source)
        *source = (struct loop_source){.loop = loop, .call = call, .userdata = userdata, .pidfd = -1};
    return source;
}

static void destroyed(uv_handle_t *handle)
{
    struct loop_source *source = handle->data;

    if (source->pidfd >= 0)
        close(source->pidfd);
    damon_reclaim_unref(source->ctx);
    free(source);
}

static int begin(struct loop_source *source, int r, struct loop_source **ret)
{
    struct loop *loop = source->loop;

    source->uv.handle.data = source;
    if (r < 0) {
        uv_close(&source->uv.handle, destroyed);
        return r;
    }
    source->next = loop->sources;
    source->link = &loop->sources;
    if (source->next)
        source->next->link = &source->next;
    loop->sources = source;
    if (ret)
        *ret = source;
    return 0;
}

struct loop_source *loop_remove(struct loop_source *source)
{
    if (!source || !source->link)
        return NULL;
    *source->link = source->next;
    if (source->next)
        source->next->link = source->link;
    source->link = NULL;
    uv_close(&source->uv.handle, destroyed);
    return NULL;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct loop_source *source = handle->data;
    int value = status < 0 ? POLLERR : 0;

    value |= events & UV_READABLE ? POLLIN : 0;
    value |= events & UV_WRITABLE ? POLLOUT : 0;
    value |= events & UV_DISCONNECT ? POLLHUP : 0;
    source->call(source, value, source->userdata);
}

/* Frees a source that libuv does not use. */
static int give_up(struct loop_source *source, int r)
{
    source->uv.handle.data = source;
    destroyed(&source->uv.handle);
    return r;
}

static int watch(struct loop_source *source, int fd, short events, uv_poll_cb call, struct loop_source **ret)
{
    int uv_events = (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);
    int r = uv_poll_init(&source->loop->uv, &source->uv.poll, fd);

    return r < 0 ? give_up(source, r) : begin(source, uv_poll_start(&source->uv.poll, uv_events, call), ret);
}

int loop_add_fd(struct loop *loop, int fd, short events, loop_callback *call, void *userdata, struct loop_source **ret)
{
    struct loop_source *source = new_source(loop, call, userdata);

    return source ? watch(source, fd, events, on_poll, ret) : -ENOMEM;
}

static void on_context(uv_poll_t *handle, int status, int events)
{
    struct loop_source *source = handle->data;
    struct damon_reclaim *ctx = damon_reclaim_ref(source->ctx); /* the source may be removed while it is dispatched */
    int r = damon_reclaim_dispatch(ctx);

    (void)status, (void)events;
    if (r < 0 && source->link && source->call)
        source->call(source, r, source->userdata);
    damon_reclaim_unref(ctx);
}

int loop_add_context(struct loop *loop, struct damon_reclaim *ctx, loop_callback *call, void *userdata,
                     struct loop_source **ret)
{
    struct loop_source *source = new_source(loop, call, userdata);

    if (!source)
        return -ENOMEM;
    source->ctx = damon_reclaim_ref(ctx);
    return watch(source, damon_reclaim_get_fd(ctx), POLLIN, on_context, ret);
}

static void on_process(uv_poll_t *handle, int status, int events)
{
    struct loop_source *source = handle->data;

    (void)status, (void)events;
    uv_poll_stop(handle);
    source->call(source, (int)source->pid, source->userdata);
}

int loop_add_process(struct loop *loop, pid_t pid, loop_callback *call, void *userdata, struct loop_source **ret)
{
    struct loop_source *source = new_source(loop, call, userdata);

    if (!source)
        return -ENOMEM;
    source->pid = pid;
    source->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return source->pidfd < 0 ? give_up(source, -errno) : watch(source, source->pidfd, POLLIN, on_process, ret);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop_source *source = handle->data;

    source->call(source, number, source->userdata);
}

int loop_add_signal(struct loop *loop, int signal, loop_callback *call, void *userdata, struct loop_source **ret)
{
    struct loop_source *source = new_source(loop, call, userdata);
    int r;

    if (!source)
        return -ENOMEM;
    r = uv_signal_init(&loop->uv, &source->uv.signal);
    return r < 0 ? give_up(source, r) : begin(source, uv_signal_start(&source->uv.signal, on_signal, signal), ret);
}

static void on_timer(uv_timer_t *handle)
{
    struct loop_source *source = handle->data;

    source->call(source, 0, source->userdata);
}

/* Whole ms, rounded up, at least 1: with a timer of 0 ms, other sources would never be served. */
static uint64_t to_ms(uint64_t ns)
{
    return ns ? (ns - 1) / 1000000 + 1 : 1;
}

int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_callback *call, void *userdata,
                   struct loop_source **ret)
{
    struct loop_source *source = new_source(loop, call, userdata);

    if (!source)
        return -ENOMEM;
    uv_timer_init(&loop->uv, &source->uv.timer); /* cannot fail */
    begin(source, 0, ret);
    loop_set_timer(source, first_ns, interval_ns);
    return 0;
}

void loop_set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns)
{
    uv_update_time(&source->loop->uv); /* the loop's time does not change while a callback runs */
    uv_timer_start(&source->uv.timer, on_timer, to_ms(first_ns), interval_ns ? to_ms(interval_ns) : 0);
}
