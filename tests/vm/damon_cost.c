/* SPDX-License-Identifier: MIT */
/*
 * What the library costs a program that lets the kernel's DAMON do the work: the longest dispatch, which must not wait
 * for the kernel's thread, and CPU of this process, at default settings and with many regions to be read.
 */
#include "guest.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "guest_damon.h"

#define SECONDS 20
#define LONG_NS                                                                                                        \
    UINT64_C(60000000) /* in emulation; a wait for the kernel's thread, every second, takes 100 ms and more */
#define MAX_LONG 3     /* the machine may be busy with something else now and then */

static const struct guest_setup setup = {.backend = "damon", .take_over = true};

struct dispatches {
    uint64_t longest_ns;
    unsigned int nr_long;
};

static const char *dispatch(struct damon_reclaim *ctx, unsigned int seconds, struct dispatches *ret)
{
    uint64_t end = guest_now_ns() + seconds * UINT64_C(1000000000);
    struct pollfd p = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};

    while (guest_now_ns() < end) {
        uint64_t begin, ns;

        poll(&p, 1, 1000);
        begin = guest_now_ns();
        if (damon_reclaim_dispatch(ctx) < 0)
            return damon_reclaim_last_error(ctx);
        ns = guest_now_ns() - begin;
        ret->longest_ns = ns > ret->longest_ns ? ns : ret->longest_ns;
        ret->nr_long += ns >= LONG_NS;
    }
    return NULL;
}

static void measure(const char *name, struct damon_reclaim *ctx, unsigned int least_regions)
{
    struct dispatches before = {0}, d = {0};
    uint64_t begin, cpu;
    const char *failed;
    char metric[64];
    double percent;

    guest_enable(ctx);
    failed = dispatch(ctx, 6, &before); /* until regions have been read once */
    begin = guest_now_ns();
    cpu = guest_cpu_ns(getpid());
    if (!failed)
        failed = dispatch(ctx, SECONDS, &d);
    if (failed)
        printf("dispatch: %s\n", failed);
    GUEST_CHECK(!failed);
    percent = 100.0 * (double)(guest_cpu_ns(getpid()) - cpu) / (double)(guest_now_ns() - begin);
    snprintf(metric, sizeof(metric), "damon_cost.%s.longest_dispatch", name);
    guest_measured(metric, (double)d.longest_ns / 1e6, "ms");
    snprintf(metric, sizeof(metric), "damon_cost.%s.cpu", name);
    guest_measured(metric, percent, "percent");
    snprintf(metric, sizeof(metric), "damon_cost.%s.regions", name);
    guest_measured(metric, (double)guest_stats(ctx).nr_regions, "regions");
    snprintf(metric, sizeof(metric), "damon_cost.%s.long_dispatches", name);
    guest_measured(metric, d.nr_long, "dispatches");
    GUEST_TIMELY(d.nr_long <= MAX_LONG);
    GUEST_TIMELY(guest_stats(ctx).nr_regions >= least_regions);
    GUEST_TIMELY(guest_stats(ctx).nr_aggregations >= SECONDS * 5);
    damon_reclaim_unref(ctx);
    guest_damon_left_nothing();
}

int main(void)
{
    guest_damon_needed();
    measure("defaults", guest_set_up(&setup, NULL), 0);
    /* The kernel has fewer of idle memory than it is asked for. */
    measure("many_regions", guest_set_up(&setup, "min_nr_regions=4000", "max_nr_regions=8000", NULL), 500);
    return guest_result();
}
