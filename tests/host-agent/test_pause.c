/* SPDX-License-Identifier: MIT */
/* When the daemon leaves a machine alone, and that it goes on. */
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor.h"

FIXTURE(setup, teardown);

/* Faults on a large part of its memory: left alone at once, and it goes on when it was calm for a while, with less. */
TEST(test_pause)
{
    pid_t a = machine("a"), b = machine("b");

    begin("[agent]\nrefault_window = 1s\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    usage_is_read("a", a);
    set_stat(a, 100000);
    metric_becomes(PAUSED("a", "refaults"), 1);
    metric_is(PAUSED("b", "refaults"), 0);
    metric_becomes(METRIC("vm_share_bytes", "a"), 0);
    metric_is(METRIC("refaulted_bytes_total", "a"), 100000.0 * 4096);
    metric_becomes(PAUSED("a", "refaults"), 0);
    metric_reaches(METRIC("vm_share_bytes", "a"), 4096);
    metric_is_between(METRIC("backoff_ratio", "a"), 0, 0.999);
    metric_is(METRIC("backoff_ratio", "b"), 1);
    stand_in_stop(a);
    stand_in_stop(b);
}

static void write_cgroup(const char *cgroup, const char *file, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/fs/cgroup/machine.slice/%s.scope/%s", cgroup, file);
    tree_write(&tree, path, "%s", text);
}

/* A machine as libvirt makes it, in a cgroup below that of the name. */
static pid_t machine_in(const char *name, const char *cgroup)
{
    pid_t pid = machine(name);
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    tree_write(&tree, path, "0::/machine.slice/%s.scope/libvirt/emulator\n", cgroup);
    write_cgroup(cgroup, "memory.pressure",
                 "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000\n"
                 "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    write_cgroup(cgroup, "memory.stat", "anon 67108864\nworkingset_refault_anon 50\nworkingset_refault_file 0\n");
    return pid;
}

/* Tasks of its cgroup wait for memory: left alone, until it was calm for a while. Of a cgroup in which there are two it
 * is not known whose tasks wait. */
TEST(test_pressure)
{
    static const char pressed[] = "some avg10=80.00 avg60=10.00 avg300=2.00 total=905000\n"
                                  "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    pid_t pids[4] = {machine_in("a", "a"), machine_in("b", "b"), machine_in("c", "two"), machine_in("d", "two")};

    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "d"), 1);
    usage_is_read("a", pids[0]);
    metric_is(PAUSED("a", "pressure"), 0);
    write_cgroup("a", "memory.pressure", pressed);
    write_cgroup("two", "memory.pressure", pressed);
    metric_becomes(PAUSED("a", "pressure"), 1);
    metric_is(PAUSED("a", "refaults"), 0);
    metric_is(METRIC("vm_share_bytes", "a"), 0);
    metric_is(PAUSED("b", "pressure"), 0);
    metric_is(PAUSED("c", "pressure"), 0);
    metric_is(PAUSED("d", "pressure"), 0);
    metric_becomes(PAUSED("a", "pressure"), 0);
    metric_reaches(METRIC("vm_share_bytes", "a"), 4096);
    for (size_t i = 0; i < 4; i++)
        stand_in_stop(pids[i]);
}

/* What comes back is told by the cgroup where a machine has one of its own, and then by nothing else. */
TEST(test_cgroup_refaults)
{
    pid_t a = machine_in("a", "a"), b = machine_in("b", "b");

    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    usage_is_read("a", a);
    set_stat(b, 100000);
    write_cgroup("a", "memory.stat", "anon 9\nworkingset_refault_anon 10050\nworkingset_refault_file 0\n");
    metric_becomes(PAUSED("a", "refaults"), 1);
    metric_is(METRIC("refaulted_bytes_total", "a"), 10000.0 * 4096);
    metric_is(METRIC("vm_share_bytes", "a"), 0);
    usage_is_read("b", b);
    metric_is(PAUSED("b", "refaults"), 0);
    metric_is(METRIC("refaulted_bytes_total", "b"), 0);
    metric_becomes(PAUSED("a", "refaults"), 0);
    metric_reaches(METRIC("vm_share_bytes", "a"), 4096);
    stand_in_stop(a);
    stand_in_stop(b);
}

/* A cgroup without the memory controller has no counters: those of the process count. */
TEST(test_no_controller)
{
    pid_t a = machine_in("a", "a"), b = machine_in("b", "b");

    tree_unlink(&tree, "/sys/fs/cgroup/machine.slice/a.scope/memory.stat");
    tree_unlink(&tree, "/sys/fs/cgroup/machine.slice/a.scope/memory.pressure");
    write_cgroup("b", "memory.stat", "anon 67108864\n");
    tree_status(&tree, b, 0, "VmSwap:\t 65536 kB\n");
    begin("[agent]\nrefault_window = 1s\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    usage_is_read("a", a);
    usage_is_read("b", b);
    set_stat(a, 100000);
    tree_status(&tree, b, 0, "VmSwap:\t 32768 kB\n");
    metric_becomes(PAUSED("a", "refaults"), 1);
    metric_becomes(PAUSED("b", "refaults"), 1);
    metric_is(METRIC("refaulted_bytes_total", "a"), 100000.0 * 4096);
    metric_is(METRIC("refaulted_bytes_total", "b"), 32768.0 * 1024);
    metric_is_between(METRIC("backoff_ratio", "a"), 0, 0.999);
    stop_all((const pid_t[]){a, b}, 2);
}

/* With no counter at all it gets a hundredth of its share. */
TEST(test_no_counters)
{
    pid_t a = machine("a");
    char path[64];

    setenv("DAMON_RECLAIM_DISCOVERY_INTERVAL", "1h", 1);
    begin("");
    unsetenv("DAMON_RECLAIM_DISCOVERY_INTERVAL");
    metric_reaches(METRIC("vm_share_bytes", "a"), (double)MIB);
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)a);
    tree_unlink(&tree, path);
    for (unsigned int i = 0; i < 100 && metric(METRIC("vm_share_bytes", "a")) > (double)QUOTA / 100; i++)
        windows_pass(1);
    metric_is_between(METRIC("vm_share_bytes", "a"), 4096, (double)QUOTA / 100);
    stop_all(&a, 1);
}

static void set_guest(pid_t pid, unsigned int mib)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
    tree_write(&tree, path,
               "7f1020000000-7f1024000000 rw-p 00000000 00:00 0 \nSize: 65536 kB\nRss: %u kB\nPss: %u kB\n", mib * 1024,
               mib * 1024);
}

/* The monitor itself grows by what the guest loses, so that the process is as large as before. */
TEST(test_never_below)
{
    pid_t a = machine("a");
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps", (int)a);
    begin("[vm a]\nnever_below = 48MiB\n");
    metric_reaches(METRIC("vm_share_bytes", "a"), 4096);
    tree_unlink(&tree, path); /* what it was measured at the start is all that is known */
    windows_pass(30);
    metric_is_between(METRIC("reclaimed_bytes_total", "a"), 8 * (double)MIB, 16 * (double)MIB);
    metric_is(METRIC("vm_share_bytes", "a"), 0);
    set_guest(a, 56); /* it has grown again: what is above may go, and no more */
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 16 * (double)MIB + 4096);
    tree_unlink(&tree, path);
    windows_pass(20);
    metric_is_between(METRIC("reclaimed_bytes_total", "a"), 16 * (double)MIB, 24 * (double)MIB);
    set_guest(a, 40);
    metric_becomes(METRIC("vm_resident_bytes", "a"), 40 * (double)MIB);
    windows_pass(2);
    metric_is(METRIC("vm_share_bytes", "a"), 0);
    stop_all(&a, 1);
}

static void begin_long_window(const char *more)
{
    setenv("DAMON_RECLAIM_QUOTA_RESET_INTERVAL_MS", "3600000", 1);
    begin(more);
    unsetenv("DAMON_RECLAIM_QUOTA_RESET_INTERVAL_MS");
}

/* However long the window is. */
TEST(test_pause_in_window)
{
    pid_t a = machine("a");

    begin_long_window("[agent]\nrefault_window = 1s\n");
    metric_reaches(METRIC("vm_share_bytes", "a"), 1);
    usage_is_read("a", a);
    set_stat(a, 100000);
    metric_becomes(PAUSED("a", "refaults"), 1);
    metric_is(METRIC("vm_share_bytes", "a"), 0);
    stand_in_stop(a);
}

/* What one has not used is there for one that comes, and for one that goes on, before the window ends; and in all it is
 * no more than the quota of the window. */
TEST(test_shares_in_window)
{
    pid_t a = machine("a"), b;

    begin_long_window("[agent]\nrefault_window = 1s\n[vm a]\nquota_sz = 1MiB\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 0.9 * (double)MIB);
    b = machine("b");
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 2 * (double)MIB);
    usage_is_read("b", b);
    set_stat(b, 100000);
    metric_becomes(PAUSED("b", "refaults"), 1);
    metric_is(METRIC("vm_share_bytes", "b"), 0);
    metric_becomes(PAUSED("b", "refaults"), 0);
    metric_reaches(METRIC("vm_share_bytes", "b"), 4096);
    metric_is_between(METRIC("reclaimed_bytes_total", "a"), 0, (double)MIB);
    metric_is_between("damon_reclaim_host_tried_bytes_total", 3 * (double)MIB, (double)QUOTA);
    stand_in_stop(a);
    stand_in_stop(b);
}
