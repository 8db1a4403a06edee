/* SPDX-License-Identifier: MIT */
/*
 * Commands to the kernel's thread. It answers when it comes round, up to an aggregation interval later and much later
 * while its watermarks keep it inactive. So while the program dispatches a command is only begun, where the system can
 * write without waiting, and its end is looked for at later dispatches. There is one at a time. As long as it is on its
 * way a newer kernel answers everything else with EBUSY, an older one takes "off".
 */

#include "drivers/damon/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "drivers/damon/sysfs.h"

#define BUSY_TRIES     10
#define SETTLE_STEP_MS 5
#define SETTLE_NS      UINT64_C(2000000000) /* on top of two aggregations */

void drcl_damon_open_commands(struct drcl_damon *d)
{
    int r = drcl_writer_new(d->env, &d->command.writer);

    d->command.fd = -1;
    if (r < 0) {
        d->command.writer = NULL;
        drcl_log(d->env, DAMON_RECLAIM_LOG_DEBUG,
                 "DAMON: no asynchronous writes here (%s): dispatching waits for the kernel's thread", strerror(-r));
    }
}

static void end(struct drcl_damon *d, int result)
{
    drcl_close(d->env, d->command.fd);
    d->command.fd = -1;
    d->command.pending = false;
    d->command.result = result;
}

void drcl_damon_close_commands(struct drcl_damon *d)
{
    if (d->command.pending)
        end(d, -ECANCELED);
    if (d->command.writer)
        drcl_writer_free(d->env, d->command.writer);
    d->command.writer = NULL;
}

/* Begins the command, or, where writing waits, does it. */
static void begin(struct drcl_damon *d)
{
    struct drcl_damon_command *c = &d->command;
    int r;

    if (!c->writer) {
        c->result = drcl_damon_write(d->env, c->text, "0/state");
        return;
    }
    c->fd = drcl_open(d->env, O_WRONLY, DRCL_DAMON_DIR "/0/state");
    r = c->fd < 0 ? c->fd : drcl_writer_start(d->env, c->writer, c->fd, c->text, strlen(c->text));
    c->pending = r == 0;
    if (r < 0)
        end(d, r);
}

void drcl_damon_begin(struct drcl_damon *d, const char *command)
{
    d->command.text = command;
    d->command.nr_busy = 0;
    begin(d);
}

int drcl_damon_result(struct drcl_damon *d)
{
    struct drcl_damon_command *c = &d->command;
    ssize_t n = 0;
    int r;

    if (!c->pending)
        return c->result;
    r = drcl_writer_result(d->env, c->writer, &n);
    if (r == -EAGAIN)
        return r;
    end(d, r < 0 ? r : n < 0 ? (int)n : 0);
    if (c->result == -EBUSY && ++c->nr_busy < BUSY_TRIES) { /* a concurrent writer */
        begin(d);
        return c->pending ? -EAGAIN : c->result;
    }
    return c->result;
}

bool drcl_damon_settle(struct drcl_damon *d, uint64_t within_us)
{
    uint64_t end_ns = drcl_clock(d->env, CLOCK_MONOTONIC) + within_us * 1000 + SETTLE_NS;

    while (drcl_damon_result(d), d->command.pending) {
        if (drcl_clock(d->env, CLOCK_MONOTONIC) >= end_ns)
            return false;
        d->env->sys.poll(d->env->system_data, NULL, 0, SETTLE_STEP_MS);
    }
    return true;
}

/* How long the thread may sleep because of its watermarks. */
static uint64_t longest_sleep_us(const struct drcl_damon *d)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < d->nr_slots; i++)
        if (d->slots[i].watermarks.interval_us > longest)
            longest = d->slots[i].watermarks.interval_us;
    return longest;
}

bool drcl_damon_wait_if_busy(struct drcl_damon *d, int result)
{
    return result == -EBUSY && d->command.pending && drcl_damon_settle(d, longest_sleep_us(d));
}
