/* SPDX-License-Identifier: MIT */
/*
 * killed [BACKEND [TIMES [SEED]]]: the hypervisor's daemon is killed at random moments of its first seconds, 50 times.
 * Each time the next one comes up and ends with nothing left in the kernel.
 */
#include "soak.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_damon.h"
#include "machines.h"

#define LOG     "/tmp/host.log"
#define MOST_MS 4000 /* of a life that ends by SIGKILL */

static const char config[] = "[parameters]\n"
                             "min_age = 1s\nsample_interval = 20ms\naggr_interval = 200ms\nmax_nr_regions = 100\n"
                             "quota_sz = 4MiB\nquota_ms = 0\n"
                             "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"
                             "[metrics]\ntextfile = " HOST_METRICS "\ninterval = 100ms\n"
                             "[discovery]\ninterval = 500ms\n";

/* Whether it watches the machine, within the time: the kernel's DAMON does, or the daemon has sampled its memory. */
static bool comes_up(const char *backend, unsigned int limit_ms)
{
    bool damon = !strcmp(backend, "damon");

    for (unsigned int ms = 0; ms < limit_ms; ms += 100) {
        bool works = damon ? !strcmp(guest_kdamond("0/state"), "on")
                           : host_metric("damon_reclaim_aggregations_total", "vm", "") >= 1;

        if (works && host_metric("damon_reclaim_vm_info", "vm", "state=\"watched\"") == 1)
            return true;
        guest_sleep_ms(100);
    }
    return false;
}

/* Errors of the daemons so far; prints them. That one cleans up after another is a warning. */
static unsigned int errors(void)
{
    FILE *file = fopen(LOG, "re");
    unsigned int n = 0;
    char line[1024];

    while (file && fgets(line, sizeof(line), file)) {
        if (!strstr(line, ": error: "))
            continue;
        printf("    %s", line);
        n++;
    }
    if (file)
        fclose(file);
    return n;
}

static void kill_one(const char *backend, unsigned int ms)
{
    pid_t daemon = host_daemon_start(config, backend, LOG);
    int status = 0;

    guest_sleep_ms(ms);
    kill(daemon, SIGKILL);
    waitpid(daemon, &status, 0);
    guest_require(WIFSIGNALED(status)); /* or it had ended before */
}

/* Starts one, lets it work and ends it. Whether all went well. */
static bool starts_clean(const char *backend)
{
    pid_t daemon;
    bool up;
    int status = -1;

    unlink(HOST_METRICS);
    daemon = host_daemon_start(config, backend, LOG);
    up = comes_up(backend, 30000);
    kill(daemon, SIGTERM);
    waitpid(daemon, &status, 0);
    return up && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    struct machine vm = {.name = "vm", .hot = 8, .size = 32};
    const char *backend = argc > 1 ? argv[1] : "damon";
    unsigned int times = argc > 2 ? (unsigned int)atoi(argv[2]) : 50, clean = 0;
    int as_machine = machine_main(argc, argv);
    struct soak_random random;

    if (as_machine >= 0)
        return as_machine;
    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    random.state = soak_seed(argc > 3 ? argv[3] : NULL);
    guest_flush_tlbs();
    machine_start(&vm);
    for (unsigned int i = 1; i <= times; i++) {
        unsigned int ms = (unsigned int)soak_random(&random, MOST_MS);
        bool good;

        kill_one(backend, ms);
        printf("%2u: killed after %4u ms, kdamond %s\n", i, ms, guest_kdamond("0/state"));
        good = starts_clean(backend);
        GUEST_CHECK(good);
        guest_damon_left_nothing();
        clean += good;
    }
    guest_measured("killed", times, "times");
    guest_measured("clean starts", clean, "");
    GUEST_CHECK(errors() == 0);
    GUEST_CHECK(machine_end(&vm));
    return guest_result();
}
