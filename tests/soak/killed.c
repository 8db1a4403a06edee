/* SPDX-License-Identifier: MIT */
/*
 * killed [host | guest [BACKEND [TIMES [SEED]]]]: a daemon is killed at random moments of its first seconds, 50 times.
 * Each time the next one comes up and ends with nothing left: no kdamond, no record, no mounted directory.
 */
#include "soak.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons.h"
#include "guest_damon.h"
#include "machines.h"

#define LOG     "/tmp/daemon.log"
#define MOST_MS 4000 /* of a life that ends by SIGKILL */

#define CONFIG                                                                                                         \
    "[parameters]\n"                                                                                                   \
    "min_age = 1s\nsample_interval = 20ms\naggr_interval = 200ms\nmax_nr_regions = 100\n"                              \
    "quota_sz = 4MiB\nquota_ms = 0\n"                                                                                  \
    "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"                                                           \
    "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 100ms\n"

struct agent {
    const char *program;
    const char *config;
    bool (*works)(void); /* as its metrics say */
};

static const char *backend;
static const struct machine *vm;

/* The kernel's DAMON works, or the daemon has sampled memory. */
static bool has_sampled(void)
{
    return !strcmp(backend, "damon") ? !strcmp(guest_kdamond("0/state"), "on")
                                     : daemon_metric("damon_reclaim_aggregations_total", "", "") >= 1;
}

static bool host_works(void)
{
    return has_sampled() && machine_metric(vm, "damon_reclaim_vm_info", "state=\"watched\"") == 1;
}

/* Its directory of parameters can be used as well. */
static bool guest_works(void)
{
    return has_sampled() && daemon_metric("damon_reclaim_state", "state=\"active\"", "") == 1 &&
           guest_write("/run/damon_reclaim/parameters/min_age", "1000000\n");
}

static const struct agent agents[] = {
    {DAEMON_HOST, CONFIG "[discovery]\ninterval = 500ms\n", host_works},
    {DAEMON_GUEST, CONFIG, guest_works},
};

/* Whether it does its work within 30 seconds. */
static bool comes_up(const struct agent *agent)
{
    for (unsigned int ms = 0; ms < 30000; ms += 100) {
        if (agent->works())
            return true;
        guest_sleep_ms(100);
    }
    return false;
}

static void kill_one(const struct agent *agent, unsigned int ms)
{
    pid_t daemon = daemon_start(agent->program, agent->config, backend, LOG);
    int status = 0;

    guest_sleep_ms(ms);
    kill(daemon, SIGKILL);
    waitpid(daemon, &status, 0);
    guest_require(WIFSIGNALED(status)); /* or it had ended before */
}

/* Starts one, lets it work and ends it. Whether all went well. */
static bool starts_clean(const struct agent *agent)
{
    bool up, ended, gone;
    pid_t daemon;

    unlink(DAEMON_METRICS);
    daemon = daemon_start(agent->program, agent->config, backend, LOG);
    up = comes_up(agent);
    ended = daemon_end(daemon) == 0;
    gone = access("/run/damon_reclaim", F_OK) < 0;
    if (!up || !ended || !gone)
        printf("FAILED:%s%s%s\n", up ? "" : " it does not work;", ended ? "" : " it does not end well;",
               gone ? "" : " its directory stays");
    return up && ended && gone;
}

int main(int argc, char **argv)
{
    struct machine machine = {.name = "vm", .hot = 8, .size = 32};
    const struct agent *agent = &agents[argc > 1 && !strcmp(argv[1], "guest")];
    unsigned int times = argc > 3 ? (unsigned int)atoi(argv[3]) : 50, clean = 0;
    int as_machine = machine_main(argc, argv);
    struct soak_random random;

    if (as_machine >= 0)
        return as_machine;
    backend = argc > 2 ? argv[2] : "damon";
    vm = &machine;
    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    random.state = soak_seed(argc > 4 ? argv[4] : NULL);
    guest_flush_tlbs();
    machine_start(&machine);
    for (unsigned int i = 1; i <= times; i++) {
        unsigned int ms = (unsigned int)soak_random(&random, MOST_MS);
        bool good;

        kill_one(agent, ms);
        printf("%2u: killed after %4u ms, kdamond %s\n", i, ms, guest_kdamond("0/state"));
        good = starts_clean(agent);
        guest_require(good);
        guest_damon_left_nothing();
        clean += good;
    }
    guest_measured("killed", times, "times");
    guest_measured("clean starts", clean, "");
    GUEST_CHECK(soak_errors(LOG, NULL) == 0); /* that one cleans up after another is a warning */
    GUEST_CHECK(machine_end(&machine));
    return guest_result();
}
