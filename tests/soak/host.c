/* SPDX-License-Identifier: MIT */
/*
 * host [MINUTES [SEED]]: the hypervisor's daemon for 20 minutes among machines that come, go, are killed, begin to
 * thrash and calm down, while its configuration is read again, now and then one with a mistake.
 *
 * The last seconds of each minute are quiet, with all machines there, so that its memory can be compared with that of
 * other minutes.
 */
#include "soak.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemons.h"
#include "machines.h"

#define MACHINES 5
#define LOG      "/tmp/host.log"
#define QUIET_MS 15000

#define CONFIG                                                                                                         \
    "[parameters]\n"                                                                                                   \
    "sample_interval = 20ms\naggr_interval = 400ms\nmax_nr_regions = 100\nquota_sz = 16MiB\nquota_ms = 0\n"            \
    "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"                                                           \
    "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 500ms\n"                                                     \
    "[discovery]\ninterval = 1s\n[pause]\nhold = 3s\n"

static const char good[] = CONFIG "[vm *]\nmin_age = 2s\n";
static const char patient[] = CONFIG "[vm *]\nmin_age = 5s\n[vm m0]\nexclude = Y\n";
static const char bad[] = CONFIG "[vm *]\nmin_age = soon\n";

static struct soak_random random_events;
static unsigned int nr_started, nr_ended, nr_killed, nr_thrashed, nr_reloads, nr_refused;
static bool intact = true;
static char names[MACHINES][8];

static void start(struct machine *m)
{
    m->hot = 4 + soak_random(&random_events, m->size - 8);
    machine_start(m);
    nr_started++;
}

static void end(struct machine *m)
{
    if (soak_chance(&random_events, 50)) {
        kill(m->pid, SIGKILL);
        waitpid(m->pid, NULL, 0);
        nr_killed++;
    } else {
        intact = machine_end(m) && intact;
        nr_ended++;
    }
    m->pid = 0;
}

static void reconfigure(pid_t daemon, const char *config)
{
    daemon_configure(config);
    kill(daemon, SIGHUP);
    nr_reloads += config != bad;
    nr_refused += config == bad;
    guest_sleep_ms(500); /* two signals at once would be one */
}

static void happen(pid_t daemon, struct machine *machines)
{
    struct machine *m = &machines[soak_random(&random_events, MACHINES)];

    switch (soak_random(&random_events, 8)) {
    case 0:
    case 1:
    case 2:
        if (m->pid)
            end(m);
        else
            start(m);
        break;
    case 3:
    case 4:
        if (m->pid)
            kill(m->pid, SIGUSR1);
        nr_thrashed += m->pid != 0;
        break;
    case 5:
        if (m->pid)
            kill(m->pid, SIGUSR2);
        break;
    case 6:
        reconfigure(daemon, soak_chance(&random_events, 50) ? good : patient);
        break;
    default:
        reconfigure(daemon, bad);
    }
}

/* All machines are there and watched, and the configuration is the first one. */
static void settle(pid_t daemon, struct machine *machines)
{
    reconfigure(daemon, good);
    for (size_t i = 0; i < MACHINES; i++) {
        if (!machines[i].pid)
            start(&machines[i]);
        kill(machines[i].pid, SIGUSR2);
    }
}

static void live_a_minute(pid_t daemon, struct machine *machines, struct soak_flat *flat)
{
    uint64_t until = guest_now_ns() + (60000 - QUIET_MS) * UINT64_C(1000000);

    while (guest_now_ns() < until) {
        happen(daemon, machines);
        guest_sleep_ms(500 + (unsigned int)soak_random(&random_events, 3000));
    }
    settle(daemon, machines);
    guest_sleep_ms(QUIET_MS);
    soak_flat_look(flat, daemon);
}

int main(int argc, char **argv)
{
    unsigned int minutes = argc > 1 ? (unsigned int)atoi(argv[1]) : 20, in_log;
    struct soak_flat flat = {.total = minutes};
    struct machine machines[MACHINES] = {0};
    int as_machine = machine_main(argc, argv);
    double counted;
    pid_t daemon;

    if (as_machine >= 0)
        return as_machine;
    random_events.state = soak_seed(argc > 2 ? argv[2] : NULL);
    guest_flush_tlbs();
    for (size_t i = 0; i < MACHINES; i++) {
        snprintf(names[i], sizeof(names[i]), "m%zu", i);
        machines[i].name = names[i];
        machines[i].size = 24 + 4 * i;
        start(&machines[i]);
    }
    daemon = daemon_start(DAEMON_HOST, good, "idle-page", LOG);
    guest_sleep_ms(10000);
    for (unsigned int minute = 0; minute < minutes; minute++)
        live_a_minute(daemon, machines, &flat);

    counted = daemon_metric("damon_reclaim_errors_total", "", "");
    guest_measured("reclaimed", daemon_metric("damon_reclaim_host_tried_bytes_total", "", "") / (double)MIB, "MiB");
    GUEST_CHECK(daemon_metric("damon_reclaim_reloads_total", "", "applied") == nr_reloads);
    GUEST_CHECK(daemon_metric("damon_reclaim_reloads_total", "", "refused") == nr_refused);
    for (size_t i = 0; i < MACHINES; i++) {
        GUEST_CHECK(machine_metric(&machines[i], "damon_reclaim_vm_info", "state=\"watched\"") == 1);
        GUEST_CHECK(machine_end(&machines[i]));
    }
    GUEST_CHECK(daemon_end(daemon) == 0);
    in_log = soak_errors(LOG, "configuration is unchanged");
    guest_measured("machines started", nr_started, "");
    guest_measured("ended", nr_ended, "");
    guest_measured("killed", nr_killed, "");
    guest_measured("thrashed", nr_thrashed, "");
    guest_measured("configurations applied", nr_reloads, "");
    guest_measured("configurations refused", nr_refused, "");
    guest_measured("errors in the log", in_log, "");
    guest_measured("errors counted", counted, "");
    GUEST_CHECK(intact);
    GUEST_CHECK(in_log == counted);
    GUEST_CHECK(in_log >= nr_refused);
    GUEST_CHECK(soak_flat_result(&flat));
    return guest_result();
}
