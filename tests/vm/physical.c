/* SPDX-License-Identifier: MIT */
/*
 * physical BACKEND: the main job with physical memory as the target and no time limit. The cold memory of the baseline
 * workload has to go within 12 seconds, and hardly anything of the rest.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "guest_damon.h"

static void measured(const char *backend, const char *what, double value, const char *unit)
{
    char name[64];

    snprintf(name, sizeof(name), "physical.%s.%s", backend, what);
    guest_measured(name, value, unit);
}

int main(int argc, char **argv)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB};
    uint64_t cold = w.total - w.hot, hot, left, in;
    const char *backend = argc > 1 ? argv[1] : "damon";
    struct guest_setup setup = {.backend = backend, .take_over = true};
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;

    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    guest_flush_tlbs();
    guest_start(&w);
    ctx = guest_set_up(&setup, "min_age=2s", "quota_ms=0", "quota_sz=0", NULL);
    in = guest_vmstat("pswpin");
    guest_enable(ctx);
    guest_watch(ctx, 12);
    hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
    left = guest_resident(w.pid, w.addr, w.total) - hot;
    in = guest_vmstat("pswpin") - in;
    stats = guest_stats(ctx);
    measured(backend, "cold_gone", 100.0 * (double)(cold - left) / (double)cold, "percent");
    measured(backend, "hot_resident", 100.0 * (double)hot / (double)w.hot, "percent");
    measured(backend, "swapped_in", (double)in, "pages");
    measured(backend, "tried", (double)stats.bytes_reclaim_tried_regions / (double)MIB, "MiB");
    measured(backend, "reclaimed", (double)stats.bytes_reclaimed_regions / (double)MIB, "MiB");
    GUEST_TIMELY(left * 100 <= cold * 5);
    GUEST_TIMELY(hot * 100 >= w.hot * 95);
    GUEST_TIMELY(in * 4096 * 100 <= cold); /* of what was reclaimed, 1 % came back at most */
    GUEST_TIMELY(stats.bytes_reclaimed_regions * 100 >= cold * 90);
    GUEST_CHECK(stats.nr_regions >= 3);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    guest_stop(&w);
    if (!strcmp(backend, "damon"))
        guest_damon_left_nothing();
    return guest_result();
}
