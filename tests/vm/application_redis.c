/* SPDX-License-Identifier: MIT */
/*
 * Redis with 200,000 values of 1 KiB. A client asks at a fixed rate: 999 times of 1,000 for one of the first tenth of
 * the keys, else for any key. After 20 s reclaiming begins. Measured are the minute that follows, and then for 10 s how
 * many requests a second the server answers at the most.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "application.h"
#include "guest.h"
#include "reclaimer.h"
#include "redis.h"

#define WARM_S     20
#define MEASURED_S 60
#define MOST_S     10
#define RATE       3560
#define START_MS   20000

static void fill(void *argument)
{
    (void)argument;
    redis_fill();
}

static void warm_up(void *argument)
{
    redis_ask_at_rate(RATE, WARM_S, argument);
}

static void ask_at_rate(void *argument)
{
    redis_ask_at_rate(RATE, MEASURED_S, argument);
}

static void ask_always(void *argument)
{
    redis_ask_always(MOST_S, argument);
}

static pid_t start_server(void)
{
    static const char *const argv[] = {
        "/bin/redis-server", "--port", "0",           "--unixsocket", REDIS_SOCKET, "--save",         "",
        "--appendonly",      "no",     "--daemonize", "no",           "--logfile",  "/tmp/redis.log", NULL};
    pid_t pid = application_start(argv);

    for (unsigned int ms = 0; access(REDIS_SOCKET, F_OK) < 0; ms += 100) {
        if (ms >= START_MS || kill(pid, 0) < 0) {
            printf("Redis does not start\n");
            exit(1);
        }
        guest_sleep_ms(100);
    }
    guest_sleep_ms(500);
    return pid;
}

static double rate_of(const struct redis_result *result)
{
    return (double)result->done * 1e9 / (double)result->ns;
}

void application_redis(const char *way)
{
    struct redis_result *result =
        mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = start_server();
    struct reclaimer_aim aim = {.pid = pid, .cgroup = APPLICATION_CGROUP, .min_age = APPLICATION_MIN_AGE};
    struct application_counters before;
    struct reclaimer_figures figures;

    if (result == MAP_FAILED)
        guest_die("mmap");
    application_apart(fill, NULL);
    application_apart(warm_up, result);
    application_member("resident_before", (double)application_resident(pid));
    before = application_counters();
    reclaimer_start(way, &aim);
    application_apart(ask_at_rate, result);
    figures = reclaimer_figures();
    application_member("resident_after", (double)application_resident(pid));
    application_members_of_memory(&before);
    application_members_of_way(&figures);
    application_member("seconds", MEASURED_S);
    application_member("rate", rate_of(result));
    application_member("p50_us", redis_quantile_us(result, 5000));
    application_member("p99_us", redis_quantile_us(result, 9900));
    application_member("p999_us", redis_quantile_us(result, 9990));
    application_apart(ask_always, result);
    application_member("most_rate", rate_of(result));
    application_member("most_p99_us", redis_quantile_us(result, 9900));
    application_member("most_cpu_ms", (double)(reclaimer_figures().cpu_ns - figures.cpu_ns) / 1e6);
    reclaimer_stop();
}
