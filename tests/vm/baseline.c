/* SPDX-License-Identifier: MIT */
/*
 * The main job: 300 MiB touched once, of which 30 MiB are touched again and again. With a min_age of two seconds the
 * cold 270 MiB have to be gone within twelve seconds of the start, the hot ones have to stay, and the counters have to
 * tell the truth.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>

static void measured(const char *name, const char *what, double value, const char *unit)
{
    char text[64];

    snprintf(text, sizeof(text), "%s.%s", name, what);
    guest_measured(text, value, unit);
}

static void run(const char *name, unsigned int memory, unsigned int seconds)
{
    struct guest_workload w = {.total = 300 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB, .memory = memory};
    uint64_t out, in, hot, left, begin, cold = w.total - w.hot;
    struct damon_reclaim_stats stats;
    struct damon_reclaim *ctx;

    guest_start(&w);
    out = guest_vmstat("pswpout");
    in = guest_vmstat("pswpin");
    ctx = guest_context(NULL, NULL, "min_age=2000000", "quota_ms=0", NULL);
    guest_target(ctx, &w);
    begin = guest_now_ns();
    if (damon_reclaim_enable(ctx) < 0) {
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
    for (unsigned int second = 1; second <= seconds; second++) {
        guest_run(ctx, 1000);
        stats = guest_stats(ctx);
        printf(
            "%2u s: %llu regions, tried %llu MiB, reclaimed %llu MiB, accessed %llu MiB, not reclaimable %llu MiB, "
            "monitor %llu ms CPU, reclaim %llu ms\n",
            second, (unsigned long long)stats.nr_regions, (unsigned long long)(stats.bytes_reclaim_tried_regions / MIB),
            (unsigned long long)(stats.bytes_reclaimed_regions / MIB), (unsigned long long)(stats.bytes_accessed / MIB),
            (unsigned long long)(stats.bytes_not_reclaimable / MIB),
            (unsigned long long)(stats.monitor_cpu_ns / 1000000), (unsigned long long)(stats.reclaim_ns / 1000000));
        fflush(stdout);
    }
    hot = guest_resident(w.pid, w.addr + w.hot_at, w.hot);
    left = guest_resident(w.pid, w.addr, w.total) - hot;
    out = (guest_vmstat("pswpout") - out) * 4096;
    in = (guest_vmstat("pswpin") - in) * 4096;
    measured(name, "cold_gone", 100.0 * (double)(cold - left) / (double)cold, "percent");
    measured(name, "hot_resident", 100.0 * (double)hot / (double)w.hot, "percent");
    measured(name, "swapped_in", (double)in / 4096, "pages");
    measured(name, "tried_per_reclaimed",
             (double)stats.bytes_reclaim_tried_regions /
                 (double)(stats.bytes_reclaimed_regions + !stats.bytes_reclaimed_regions),
             "ratio");
    measured(name, "counted_per_swapped_out", (double)stats.bytes_reclaimed_regions / (double)(out + !out), "ratio");
    measured(name, "monitor_cpu", 100.0 * (double)stats.monitor_cpu_ns / (double)(guest_now_ns() - begin), "percent");
    GUEST_TIMELY(left * 100 <= cold * 5);
    GUEST_TIMELY(hot * 100 >= w.hot * 95);
    GUEST_TIMELY(in * 100 <= stats.bytes_reclaimed_regions);
    GUEST_CHECK(stats.bytes_reclaim_tried_regions * 10 <= stats.bytes_reclaimed_regions * 12);
    GUEST_CHECK(stats.bytes_reclaimed_regions * 100 <= out * 105 && stats.bytes_reclaimed_regions * 100 >= out * 95);
    GUEST_CHECK(guest_intact(&w));
    damon_reclaim_unref(ctx);
    guest_stop(&w);
}

int main(void)
{
    guest_flush_tlbs();
    run("baseline", GUEST_ANON, 12); /* huge pages, as the kernel sees fit */
    /* Without them the emulated machine needs longer to swap out as much. */
    run("baseline_small_pages", GUEST_NO_HUGE, 25);
    return guest_result();
}
