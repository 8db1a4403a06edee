/* SPDX-License-Identifier: MIT */
/*
 * guest [BACKEND [MINUTES [SEED]]]: the daemon of a whole machine for 20 minutes among processes that come, go and
 * change what they use. Parameters are written to its directory, good ones and bad ones, it is disabled and enabled,
 * its configuration is read again, and the host's side of its reports turns deaf or goes away for a while.
 *
 * The last seconds of each minute are quiet, with all processes there, so that its memory can be compared with that of
 * other minutes.
 */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons.h"
#include "guest_damon.h"
#include "machines.h"

#define PROCESSES  5
#define LOG        "/tmp/daemon.log"
#define SOCKET     "/tmp/host.socket"
#define PARAMETERS "/run/damon_reclaim/parameters/"
#define QUIET_MS   15000

#define CONFIG                                                                                                         \
    "[parameters]\nenabled = Y\n"                                                                                      \
    "sample_interval = 20ms\naggr_interval = 400ms\nmax_nr_regions = 100\nquota_sz = 16MiB\nquota_ms = 0\n"            \
    "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"                                                           \
    "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 500ms\n"                                                     \
    "[report]\nto = unix:" SOCKET "\ninterval = 500ms\n"                                                               \
    "[compaction]\nafter = 64MiB\ninterval = 5s\n"

static const char good[] = CONFIG "[parameters]\nmin_age = 2s\n";
static const char patient[] = CONFIG "[parameters]\nmin_age = 5s\n";
static const char bad[] = CONFIG "[parameters]\nmin_age = soon\n";

static struct soak_random random_events;
static unsigned int nr_started, nr_killed, nr_reloads, nr_refused, nr_written, nr_mistakes, nr_switched;
static pid_t daemon_pid;

/* --- the host's side ---------------------------------------------------------------------------------------------- */

static struct {
    int listener, fd;
    bool deaf;       /* does not read */
    char line[4096]; /* what has come of it */
    size_t len;
    int64_t sequence; /* of the last line */
    unsigned int nr_connections, nr_lines, nr_wrong;
} host = {.fd = -1, .sequence = -1};

static void host_listen(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};

    unlink(SOCKET);
    host.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (host.listener < 0 || bind(host.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(host.listener, 1) < 0)
        guest_die(SOCKET);
}

static void host_hang_up(void)
{
    if (host.fd >= 0)
        close(host.fd);
    host.fd = -1;
    host.len = 0;
}

static void host_go(void)
{
    host_hang_up();
    close(host.listener);
    unlink(SOCKET);
}

/* Every line is whole, and comes once: but for a hello its number is above that of the one before. */
static void host_take_line(void)
{
    const char *number = strstr(host.line, "\"sequence\":");
    int64_t sequence = number ? strtoll(strchr(number, ':') + 1, NULL, 10) : -1;
    bool hello = strstr(host.line, "\"hello\"") != NULL;

    if (host.line[0] != '{' || host.line[host.len - 1] != '}' || (!hello && sequence <= host.sequence)) {
        printf("wrong line after %" PRId64 ": %s\n", host.sequence, host.line);
        host.nr_wrong++;
    }
    if (!hello)
        host.sequence = sequence;
    host.nr_lines++;
}

static void host_hear(void)
{
    ssize_t n = 1;
    char c;

    if (host.fd < 0) {
        host.fd = accept4(host.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        host.nr_connections += host.fd >= 0;
    }
    while (host.fd >= 0 && !host.deaf && (n = read(host.fd, &c, 1)) > 0) {
        if (c != '\n' && host.len < sizeof(host.line) - 1) {
            host.line[host.len++] = c;
            continue;
        }
        host.line[host.len] = '\0';
        host_take_line();
        host.len = 0;
    }
    if (n == 0)
        host_hang_up();
}

static void live(unsigned int ms)
{
    uint64_t until = guest_now_ns() + ms * UINT64_C(1000000);

    while (guest_now_ns() < until) {
        host_hear();
        guest_sleep_ms(50);
    }
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

static void must(bool holds, const char *what)
{
    if (!holds)
        GUEST_CHECK(!what);
}

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
        must(machine_end(m), "memory as it was");
    }
    m->pid = 0;
}

static bool put(const char *name, uint64_t value)
{
    char path[128], text[32];

    snprintf(path, sizeof(path), PARAMETERS "%s", name);
    snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
    return guest_write(path, text);
}

static void write_parameters(void)
{
    must(put("min_age", (1 + soak_random(&random_events, 5)) * 1000000), "min_age is written");
    must(put("quota_sz", (8 + soak_random(&random_events, 24)) * MIB), "quota_sz is written");
    must(guest_write(PARAMETERS "commit_inputs", "Y\n"), "both are committed");
    nr_written++;
}

static void write_mistake(void)
{
    nr_mistakes++;
    if (soak_chance(&random_events, 50)) {
        must(!guest_write(PARAMETERS "min_age", "soon\n") && errno == EINVAL, "a value that is none is EINVAL");
        return;
    }
    must(put("wmarks_high", 100), "wmarks_high is written");
    must(!guest_write(PARAMETERS "commit_inputs", "Y\n") && errno == EINVAL, "what contradicts itself is EINVAL");
    live(1000);
    must(put("wmarks_high", 1000), "wmarks_high is repaired");
    must(guest_write(PARAMETERS "enabled", "Y\n"), "it is enabled again");
}

static void turn_off_and_on(void)
{
    must(guest_write(PARAMETERS "enabled", "N\n"), "it is disabled");
    live((unsigned int)soak_random(&random_events, 2000));
    must(guest_write(PARAMETERS "enabled", "Y\n"), "it is enabled");
    nr_switched++;
}

static void reconfigure(const char *config)
{
    daemon_configure(config);
    kill(daemon_pid, SIGHUP);
    nr_reloads += config != bad;
    nr_refused += config == bad;
    live(500); /* two signals at once would be one */
}

static void happen(struct machine *processes)
{
    struct machine *m = &processes[soak_random(&random_events, PROCESSES)];

    switch (soak_random(&random_events, 10)) {
    case 0:
    case 1:
    case 2:
        if (m->pid)
            end(m);
        else
            start(m);
        break;
    case 3:
        if (m->pid)
            kill(m->pid, soak_chance(&random_events, 50) ? SIGUSR1 : SIGUSR2);
        break;
    case 4:
        write_parameters();
        break;
    case 5:
        write_mistake();
        break;
    case 6:
        turn_off_and_on();
        break;
    case 7:
        reconfigure(soak_chance(&random_events, 60) ? patient : bad);
        break;
    case 8:
        host_go();
        guest_sleep_ms((unsigned int)soak_random(&random_events, 5000));
        host_listen();
        break;
    default:
        host.deaf = !host.deaf;
    }
}

/* All processes are there and calm, the configuration is the first one, and the host hears what is told. */
static void settle(struct machine *processes)
{
    host.deaf = false;
    reconfigure(good);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (!processes[i].pid)
            start(&processes[i]);
        kill(processes[i].pid, SIGUSR2);
    }
}

static void live_a_minute(struct machine *processes, struct soak_flat *flat)
{
    uint64_t until = guest_now_ns() + (60000 - QUIET_MS) * UINT64_C(1000000);

    while (guest_now_ns() < until) {
        happen(processes);
        live(500 + (unsigned int)soak_random(&random_events, 3000));
    }
    settle(processes);
    live(QUIET_MS);
    /* Of the processes at hand it holds some open while it works. */
    must(guest_write(PARAMETERS "enabled", "N\n"), "it is disabled");
    soak_flat_look(flat, daemon_pid);
    must(guest_write(PARAMETERS "enabled", "Y\n"), "it is enabled");
}

int main(int argc, char **argv)
{
    static const char *const names[PROCESSES] = {"p0", "p1", "p2", "p3", "p4"};
    const char *backend = argc > 1 ? argv[1] : "damon";
    unsigned int minutes = argc > 2 ? (unsigned int)atoi(argv[2]) : 20, in_log;
    struct soak_flat flat = {.total = minutes};
    struct machine processes[PROCESSES] = {0};
    int as_machine = machine_main(argc, argv);
    double counted;

    if (as_machine >= 0)
        return as_machine;
    if (!strcmp(backend, "damon"))
        guest_damon_needed();
    random_events.state = soak_seed(argc > 3 ? argv[3] : NULL);
    guest_flush_tlbs();
    host_listen();
    for (size_t i = 0; i < PROCESSES; i++) {
        processes[i].name = names[i];
        processes[i].size = 24 + 4 * i;
        start(&processes[i]);
    }
    daemon_pid = daemon_start(DAEMON_GUEST, good, backend, LOG);
    live(10000);
    for (unsigned int minute = 0; minute < minutes; minute++)
        live_a_minute(processes, &flat);

    live(2000); /* it was disabled a moment ago */
    counted = daemon_metric("damon_reclaim_errors_total", "", "");
    guest_measured("reclaimed", daemon_metric("damon_reclaim_reclaimed_bytes_total", "", "") / (double)MIB, "MiB");
    GUEST_CHECK(daemon_metric("damon_reclaim_reloads_total", "applied", "") == nr_reloads);
    GUEST_CHECK(daemon_metric("damon_reclaim_reloads_total", "refused", "") == nr_refused);
    GUEST_CHECK(daemon_metric("damon_reclaim_state", "active", "") == 1);
    GUEST_CHECK(daemon_end(daemon_pid) == 0);
    host_hear();
    GUEST_CHECK(strstr(host.line, "\"bye\"") != NULL);
    guest_damon_left_nothing();
    for (size_t i = 0; i < PROCESSES; i++)
        GUEST_CHECK(machine_end(&processes[i]));
    in_log = soak_errors(LOG, "configuration is unchanged");
    guest_measured("processes started", nr_started, "");
    guest_measured("killed", nr_killed, "");
    guest_measured("parameters written", nr_written, "times");
    guest_measured("mistakes written", nr_mistakes, "");
    guest_measured("disabled and enabled", nr_switched, "times");
    guest_measured("configurations applied", nr_reloads, "");
    guest_measured("configurations refused", nr_refused, "");
    guest_measured("connections", host.nr_connections, "");
    guest_measured("lines heard", host.nr_lines, "");
    guest_measured("errors in the log", in_log, "");
    guest_measured("errors counted", counted, "");
    GUEST_CHECK(host.nr_wrong == 0);
    GUEST_CHECK(in_log == counted);
    GUEST_CHECK(in_log >= nr_refused);
    GUEST_CHECK(soak_flat_result(&flat));
    return guest_result();
}
