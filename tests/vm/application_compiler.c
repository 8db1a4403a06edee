/* SPDX-License-Identifier: MIT */
/*
 * The compiler proper of gcc, on 26,000 lines of C: -O3 -g. Its memory is reclaimed from the start on. Measured are how
 * long it takes, and how much memory its cgroup and zram take in the mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "application.h"
#include "guest.h"
#include "reclaimer.h"

#define STEP_MS  100
#define START_MS 500 /* until it is no longer this program */

void application_compiler(const char *way)
{
    static const char *const argv[] = {"/bin/cc1",      "-quiet", "-O3",           "-g", "-w", "-fpreprocessed",
                                       "/data/input.i", "-o",     "/tmp/output.s", NULL};
    uint64_t begin = guest_now_ns(), steps = 0, charged = 0, zram = 0, most = 0;
    pid_t pid = application_start(argv);
    struct reclaimer_aim aim = {.pid = pid, .cgroup = APPLICATION_CGROUP, .min_age = APPLICATION_MIN_AGE};
    struct application_counters before;
    struct reclaimer_figures figures = {0};
    int status;

    guest_sleep_ms(START_MS);
    before = application_counters();
    reclaimer_start(way, &aim);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        uint64_t now = application_charged();

        figures = reclaimer_figures();
        charged += now;
        zram += application_zram();
        most = now > most ? now : most;
        steps++;
        guest_sleep_ms(STEP_MS);
    }
    if (status != 0 || steps == 0) {
        printf("the compiler fails\n");
        exit(1);
    }
    reclaimer_stop();
    application_member("seconds", (double)(guest_now_ns() - begin) / 1e9);
    application_member("charged_mean", (double)charged / (double)steps);
    application_member("charged_most", (double)most);
    application_member("zram_mean", (double)zram / (double)steps);
    application_members_of_memory(&before);
    application_members_of_way(&figures);
}
