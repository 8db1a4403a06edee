/* SPDX-License-Identifier: MIT */
/* The whole daemon beside processes of users that nobody trusts. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor.h"

static pid_t strangers_machine(const char *name)
{
    pid_t pid = machine(name);
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    tree_write(&tree, path, "Name:\tqemu\nUid:\t4242\t4242\t4242\t4242\n");
    return pid;
}

/* A file that whoever opens it waits for. */
static void make_waiting(pid_t pid, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    tree_unlink(&tree, path);
    snprintf(path, sizeof(path), "%s/proc/%d/%s", tree.root, (int)pid, name);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

FIXTURE(setup, teardown);

/* At the start already, and while the daemon runs; it ends in time, and another one can start. */
TEST(test_keep_waiting)
{
    pid_t a = machine("a"), waiting = strangers_machine("waiting"), later;

    make_waiting(waiting, "cmdline");
    begin("[discovery]\nanywhere = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_is_missing(METRIC("vm_info", "waiting"));
    later = strangers_machine("later");
    make_waiting(later, "maps");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), metric(METRIC("reclaimed_bytes_total", "a")) + (double)MIB);
    windows_pass(50); /* more than the daemon waits for a process */
    ck_assert_int_eq(daemon_stop(daemon_pid), 0);
    begin("[discovery]\nanywhere = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    stop_all((const pid_t[]){a, waiting, later}, 3);
}

/* A stranger's machine is found and reclaimed like any other, through the helper. */
TEST(test_is_watched)
{
    pid_t a = strangers_machine("a");

    begin("[discovery]\nanywhere = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), (double)MIB);
    stop_all(&a, 1);
}

TEST(test_not_for_the_kernel)
{
    pid_t a = machine("a"), stranger = strangers_machine("stranger");

    begin("[agent]\nbackend = damon\n[discovery]\nanywhere = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    vm_becomes("stranger", stranger, "failed");
    stop_all((const pid_t[]){a, stranger}, 2);
}
