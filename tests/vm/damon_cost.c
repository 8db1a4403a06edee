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

#define SECONDS    20
#define LONGEST_NS UINT64_C(20000000) /* a wait for the kernel's thread, every second, would be 100 ms and more */
#define MOST_CPU   0.1                /* percent, at default settings */

static const struct guest_setup setup = {.backend = "damon", .take_over = true};

static const char *dispatch(struct damon_reclaim *ctx, unsigned int seconds, uint64_t *ret_longest_ns)
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
        *ret_longest_ns = ns > *ret_longest_ns ? ns : *ret_longest_ns;
    }
    return NULL;
}

static void measure(const char *name, struct damon_reclaim *ctx, unsigned int least_regions, double most_cpu)
{
    uint64_t begin, cpu, longest_ns = 0;
    const char *failed;
    char metric[64];
    double percent;

    guest_enable(ctx);
    failed = dispatch(ctx, 6, &longest_ns); /* until regions have been read once */
    begin = guest_now_ns();
    cpu = guest_cpu_ns(getpid());
    if (!failed)
        failed = dispatch(ctx, SECONDS, &longest_ns);
    if (failed)
        printf("dispatch: %s\n", failed);
    GUEST_CHECK(!failed);
    percent = 100.0 * (double)(guest_cpu_ns(getpid()) - cpu) / (double)(guest_now_ns() - begin);
    snprintf(metric, sizeof(metric), "damon_cost.%s.longest_dispatch", name);
    guest_measured(metric, (double)longest_ns / 1e6, "ms");
    snprintf(metric, sizeof(metric), "damon_cost.%s.cpu", name);
    guest_measured(metric, percent, "percent");
    snprintf(metric, sizeof(metric), "damon_cost.%s.regions", name);
    guest_measured(metric, (double)guest_stats(ctx).nr_regions, "regions");
    GUEST_TIMELY(longest_ns <= LONGEST_NS);
    GUEST_TIMELY(percent <= most_cpu);
    GUEST_TIMELY(guest_stats(ctx).nr_regions >= least_regions);
    GUEST_TIMELY(guest_stats(ctx).nr_aggregations >= SECONDS * 5);
    damon_reclaim_unref(ctx);
    guest_damon_left_nothing();
}

int main(void)
{
    guest_damon_needed();
    measure("defaults", guest_set_up(&setup, NULL), 0, MOST_CPU);
    /* The kernel has fewer of idle memory than it is asked for. */
    measure("many_regions", guest_set_up(&setup, "min_nr_regions=4000", "max_nr_regions=8000", NULL), 500,
            2 * MOST_CPU);
    return guest_result();
}
