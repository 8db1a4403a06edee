/* SPDX-License-Identifier: MIT */
/*
 * guest_agent BACKEND: the guest's daemon, tuned by the commands of the kernel's document through its mounted
 * directory. A memory hog is reclaimed until the high watermark is reached; the states are told to the host's side
 * (vsock) and in the metrics.
 */
#include "guest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemons.h"
#include "guest_damon.h"

#define PARAMETERS "/run/damon_reclaim/parameters"
#define PORT       9715
#define QUOTA      33554432 /* bytes a second */

static const char config[] = "[parameters]\nenabled = N\n"
                             "[report]\nto = vsock:1:9715\ninterval = 1s\n"
                             "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 500ms\n"
                             "[compaction]\nafter = 256KiB\ninterval = 5s\n";

/* Documentation/admin-guide/mm/damon/reclaim.rst, after the cd. */
static const char document[] = "echo 30000000 > min_age\n"
                               "echo $((1 * 1024 * 1024 * 1024)) > quota_sz\n"
                               "echo 1000 > quota_reset_interval_ms\n"
                               "echo 500 > wmarks_high\n"
                               "echo 400 > wmarks_mid\n"
                               "echo 200 > wmarks_low\n"
                               "echo Y > enabled\n";

/* Runs commands in the directory; whether all of them succeed. */
static bool shell(const char *commands)
{
    char line[1024];

    snprintf(line, sizeof(line), "set -e\ncd " PARAMETERS "\n%s", commands);
    fflush(stdout);
    return system(line) == 0;
}

/* Whether the file is exactly this. */
static bool reads(const char *name, const char *wanted)
{
    char path[128], text[64] = "";
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), PARAMETERS "/%s", name);
    fd = open(path, O_RDONLY);
    n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n < 0 || strcmp(text, wanted) != 0)
        printf("%s reads %s", name, n < 0 ? "nothing\n" : text);
    return n >= 0 && !strcmp(text, wanted);
}

/* --- the host's side --------------------------------------------------------------------------------------------- */

static struct {
    int listener, fd;
    char text[1 << 16];
    size_t len;
} host = {.fd = -1};

static void host_listen(void)
{
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = PORT};

    host.listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (host.listener < 0 || bind(host.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(host.listener, 1) < 0)
        guest_die("vsock");
}

/* Takes what has come. */
static void host_hear(void)
{
    ssize_t n;

    if (host.fd < 0)
        host.fd = accept4(host.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (host.fd >= 0 && host.len < sizeof(host.text) - 1 &&
           (n = read(host.fd, host.text + host.len, sizeof(host.text) - 1 - host.len)) > 0) {
        fwrite(host.text + host.len, 1, (size_t)n, stdout);
        host.len += (size_t)n;
    }
    host.text[host.len] = '\0';
}

/* Whether there is a line with all three. */
static bool host_heard(const char *a, const char *b, const char *c)
{
    const char *end;

    for (const char *line = host.text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char copy[2048];

        snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
        if (strstr(copy, a) && strstr(copy, b) && strstr(copy, c))
            return true;
    }
    return false;
}

static bool wait_heard(const char *a, const char *b, const char *c, unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 10; i++) {
        host_hear();
        if (host_heard(a, b, c))
            return true;
        guest_sleep_ms(100);
    }
    return false;
}

/* --- metrics ----------------------------------------------------------------------------------------------------- */

static bool wait_metric(const char *name, const char *label)
{
    for (int i = 0; i < 50 && daemon_metric(name, label, "") < 1; i++)
        guest_sleep_ms(100);
    return daemon_metric(name, label, "") >= 1;
}

/* --- the daemon -------------------------------------------------------------------------------------------------- */

static pid_t start_daemon(const char *backend)
{
    pid_t daemon = daemon_start(DAEMON_GUEST, config, backend, NULL);

    for (int i = 0; i < 100 && access(PARAMETERS "/enabled", F_OK) < 0; i++)
        guest_sleep_ms(100);
    return daemon;
}

static void stop_daemon(pid_t daemon, int expected)
{
    uint64_t began = guest_now_ns();

    guest_measured("guest_agent.cpu", (double)guest_cpu_ns(daemon) / 1e9, "s");
    GUEST_CHECK(daemon_end(daemon) == expected);
    guest_measured("guest_agent.end", (double)(guest_now_ns() - began) / 1e6, "ms");
    GUEST_TIMELY(guest_now_ns() - began < UINT64_C(1000000000));
    GUEST_CHECK(wait_heard("\"bye\"", "", "", 2));
    GUEST_CHECK(access("/run/damon_reclaim", F_OK) < 0);
}

static void check_reclaimed(const struct guest_workload *w, uint64_t swapped_in)
{
    uint64_t hot = guest_resident(w->pid, w->addr + w->hot_at, w->hot);
    uint64_t left = guest_resident(w->pid, w->addr, w->total) - hot, cold = w->total - w->hot;
    double reclaimed = daemon_metric("damon_reclaim_reclaimed_bytes_total", "", "");

    guest_measured("guest_agent.cold_gone", 100.0 * (double)(cold - left) / (double)cold, "percent");
    guest_measured("guest_agent.hot_resident", 100.0 * (double)hot / (double)w->hot, "percent");
    guest_measured("guest_agent.swapped_in", (double)(guest_vmstat("pswpin") - swapped_in), "pages");
    GUEST_TIMELY(left <= cold * 4 / 5);
    GUEST_TIMELY(hot * 100 >= w->hot * 90);
    guest_measured("guest_agent.counted", 100.0 * reclaimed / (double)(cold - left), "percent");
    /* What the kernel's DAMON is at when the watermark switches it off is not counted any more. */
    GUEST_CHECK(reclaimed + 2 * QUOTA >= (double)(cold - left));
    GUEST_CHECK(daemon_metric("damon_reclaim_compactions_total", "", "") >= 1);
}

/* What cannot be taken out of the kernel is no clean end, and the next start takes it out. */
static void unclean_end(void)
{
    static const char file[] = "/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds";
    pid_t daemon = start_daemon("damon");

    printf("-- nr_kdamonds cannot be written\n");
    GUEST_CHECK(shell("echo Y > enabled"));
    if (mount(file, file, NULL, MS_BIND, NULL) < 0 ||
        mount(NULL, file, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        guest_die(file);
    stop_daemon(daemon, 1);
    GUEST_CHECK(!strcmp(guest_kdamond("nr_kdamonds"), "1"));
    if (umount(file) < 0)
        guest_die(file);
    daemon = start_daemon("damon");
    GUEST_CHECK(shell("echo Y > enabled"));
    stop_daemon(daemon, 0);
    guest_damon_left_nothing();
}

int main(int argc, char **argv)
{
    const char *backend = argc > 1 ? argv[1] : "damon";
    struct guest_workload w = {.total = 420 * MIB, .hot_at = 100 * MIB, .hot = 30 * MIB};
    uint64_t swapped_in;
    pid_t daemon;

    guest_flush_tlbs();
    host_listen();
    daemon = start_daemon(backend);
    GUEST_CHECK(wait_heard("\"hello\"", backend, "\"min_age\":120000000", 5));
    GUEST_CHECK(reads("enabled", "N\n"));
    GUEST_CHECK(reads("kdamond_pid", "-1\n"));

    printf("-- the commands of the document, while most memory is free\n");
    GUEST_CHECK(shell(document));
    GUEST_CHECK(reads("min_age", "30000000\n"));
    GUEST_CHECK(reads("quota_sz", "1073741824\n"));
    GUEST_CHECK(reads("enabled", "Y\n"));
    GUEST_CHECK(!reads("kdamond_pid", "-1\n"));
    GUEST_CHECK(wait_heard("\"inactive\"", "\"wmark_high\"", "free_permille", 5));
    GUEST_CHECK(wait_metric("damon_reclaim_state", "state=\"inactive\""));
    GUEST_CHECK(wait_metric("damon_reclaim_state_reason", "reason=\"wmark_high\""));

    printf("-- a memory hog\n");
    guest_start(&w);
    swapped_in = guest_vmstat("pswpin");
    printf("%" PRIu64 " permille free\n", guest_meminfo("MemFree") * 1000 / guest_meminfo("MemTotal"));
    GUEST_TIMELY(wait_heard("\"active\"", "\"wmark_mid\"", "free_permille", 10));
    GUEST_CHECK(wait_metric("damon_reclaim_state", "state=\"active\""));
    /* The kernel's DAMON, which tries the same memory again and again, may not come as far as 500 in a minute. */
    GUEST_CHECK(shell("echo 2000000 > min_age; echo 0 > quota_ms; echo 33554432 > quota_sz; echo 460 > wmarks_high; "
                      "echo Y > commit_inputs"));
    GUEST_CHECK(reads("commit_inputs", "N\n"));
    host.len = 0; /* the next time that it is above */
    GUEST_TIMELY(wait_heard("\"state\"", "\"inactive\"", "\"wmark_high\"", 60));
    GUEST_CHECK(wait_metric("damon_reclaim_state_reason", "reason=\"wmark_high\""));
    check_reclaimed(&w, swapped_in);

    printf("-- less than the low watermark\n");
    GUEST_CHECK(shell("echo 1000 > wmarks_high; echo 999 > wmarks_mid; echo 990 > wmarks_low; echo Y > commit_inputs"));
    GUEST_CHECK(wait_heard("\"inactive\"", "\"wmark_low\"", "free_permille", 10));
    GUEST_CHECK(wait_metric("damon_reclaim_state_reason", "reason=\"wmark_low\""));

    printf("-- mistakes\n");
    GUEST_CHECK(!shell("echo 30s > min_age"));
    GUEST_CHECK(!shell("echo 1 > kdamond_pid"));
    GUEST_CHECK(reads("min_age", "2000000\n"));
    GUEST_CHECK(!shell("echo 100 > wmarks_high; echo Y > commit_inputs"));
    GUEST_CHECK(reads("enabled", "N\n"));
    GUEST_CHECK(wait_heard("\"disabled\"", "\"invalid_parameters\"", "", 5));

    stop_daemon(daemon, 0);
    if (!strcmp(backend, "damon"))
        unclean_end();
    GUEST_CHECK(guest_intact(&w));
    guest_stop(&w);
    return guest_result();
}
