/* SPDX-License-Identifier: MIT */
/* The hypervisor's daemon and a machine that uses all of its memory every five seconds, while min_age is two: all that
 * is reclaimed comes back. Without the back-off that goes on for ever, with it there is soon next to nothing of it. */
#include "machines.h"

#include <stdio.h>

#include "daemons.h"

#define PAGE      UINT64_C(4096)
#define WITHOUT_S 30 /* measured without the back-off */
#define FALL_S    40 /* in which the refaults are to fall */
#define WITH_S    20 /* measured afterwards: with the above a minute */

#define CONFIG                                                                                                         \
    "[parameters]\n"                                                                                                   \
    "min_age = 2s\nsample_interval = 20ms\naggr_interval = 200ms\nmax_nr_regions = 100\n"                              \
    "quota_sz = 32MiB\nquota_ms = 0\n"                                                                                 \
    "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"                                                           \
    "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 1s\n"                                                        \
    "[discovery]\ninterval = 1s\n"                                                                                     \
    "[pause]\nstall = 0\nrefaults = 0\n" /* the back-off alone */

static const char without[] = CONFIG "[agent]\nrefault_limit = 0\n";
static const char with[] = CONFIG;

static uint64_t swapped_in(void)
{
    return guest_vmstat("pswpin") * PAGE;
}

/* Lets time pass, with a line every five seconds. Returns the bytes that came back a second. */
static double watch(unsigned int seconds)
{
    uint64_t began = guest_now_ns(), before = swapped_in(), last = before;

    for (unsigned int s = 5; s <= seconds; s += 5) {
        uint64_t now;

        guest_sleep_ms(5000);
        now = swapped_in();
        printf("%3u s: %.1f MiB came back, back-off %.3f, refaulted of reclaimed %.3f\n", s,
               (double)(now - last) / (double)MIB, daemon_metric("damon_reclaim_backoff_ratio", "vm=\"all\"", ""),
               daemon_metric("damon_reclaim_refault_ratio", "vm=\"all\"", ""));
        fflush(stdout);
        last = now;
    }
    return (double)(last - before) / ((double)(guest_now_ns() - began) / 1e9);
}

int main(int argc, char **argv)
{
    struct machine all = {.name = "all", .hot = 48, .size = 48, .period_ms = 5000};
    int as_machine = machine_main(argc, argv);
    double refaults, left;
    pid_t daemon;

    if (as_machine >= 0)
        return as_machine;
    guest_flush_tlbs();
    machine_start(&all);
    printf("-- without the back-off\n");
    daemon = daemon_start(DAEMON_HOST, without, "idle-page", NULL);
    watch(10); /* until it has found the machine and its age is reached */
    refaults = watch(WITHOUT_S);
    guest_measured("refaults without the back-off", refaults, "bytes/s");
    GUEST_CHECK(daemon_end(daemon) == 0);
    GUEST_CHECK(refaults > (double)MIB);

    printf("-- with it\n");
    daemon = daemon_start(DAEMON_HOST, with, "idle-page", NULL);
    watch(FALL_S);
    left = watch(WITH_S);
    guest_measured("refaults with it", left, "bytes/s");
    guest_measured("fall within a minute", 100 - 100 * left / refaults, "%");
    GUEST_TIMELY(left <= refaults / 5);
    GUEST_CHECK(daemon_metric("damon_reclaim_backoff_ratio", "vm=\"all\"", "") < 0.5);
    GUEST_CHECK(daemon_end(daemon) == 0);
    GUEST_CHECK(machine_end(&all));
    return guest_result();
}
