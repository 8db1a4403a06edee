/* SPDX-License-Identifier: MIT */
/* The whole daemon, over a root directory and a monitor backend of the test. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor.h"

/* What --list prints, as a whole. */
static const char *list(const char *option)
{
    static char text[8192];
    char command[512];
    FILE *pipe;
    size_t n;

    snprintf(command, sizeof(command), "%s --list --config=%s %s", suite_argument, config, option);
    pipe = popen(command, "re");
    ck_assert_ptr_nonnull(pipe);
    n = fread(text, 1, sizeof(text) - 1, pipe);
    text[n] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
    return text;
}

static void list_lacks(const char *option, const char *word)
{
    const char *text = list(option);

    if (strstr(text, word))
        ck_abort_msg("--list %s says \"%s\":\n%s", option, word, text);
}

static void list_says(const char *option, const char *word)
{
    const char *text = list(option);

    if (!strstr(text, word))
        ck_abort_msg("--list %s does not say \"%s\" but:\n%s", option, word, text);
}

FIXTURE(setup, teardown);

/* Shares come from the host's quota, guest memory is all that is watched, an excluded machine is left alone. */
TEST(test_watches)
{
    pid_t a = machine("a"), b = machine("b");

    begin("[vm b]\nexclude = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 20 * (double)MIB);
    metric_is(METRIC("monitored_bytes", "a"), 64 * (double)MIB);
    metric_is_between(METRIC("vm_share_bytes", "a"), 0, (double)QUOTA);
    metric_is("damon_reclaim_host_quota_bytes", (double)QUOTA);
    metric_is_missing(METRIC("reclaimed_bytes_total", "b"));
    metric_is_missing(METRIC("vm_share_bytes", "b"));
    stop_all((const pid_t[]){a, b}, 2);
}

TEST(test_hugetlb)
{
    pid_t a = machine("a"), huge = hugetlb_machine("huge"), whole = hugetlb_machine("whole");

    begin("[vm whole]\nwhole_process = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_becomes(METRIC("vm_info", "whole"), 1);
    vm_becomes("huge", huge, "hugetlb");
    metric_is_missing(METRIC("vm_share_bytes", "huge"));
    vm_becomes("whole", whole, "watched");
    reload("[vm huge]\nwhole_process = Y\n", "applied", 1);
    metric_reaches(METRIC("vm_share_bytes", "huge"), 0);
    metric_vanishes(METRIC("vm_share_bytes", "whole"));
    vm_becomes("whole", whole, "hugetlb");
    list_says("", "hugetlb  hugetlb\n");
    stand_in_stop(a);
    stand_in_stop(huge);
    stand_in_stop(whole);
}

/* A device that was passed through has pinned the memory, or the process has locked it: also while it runs. */
TEST(test_pinned)
{
    pid_t a = machine("a"), device = machine("device"), locked = machine("locked");
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/7", (int)device);
    tree_link(&tree, path, "/dev/vfio/16");
    tree_status(&tree, locked, 0, "VmLck:\t   65536 kB\nVmPin:\t       0 kB\n");
    begin("[vm device]\nwhole_process = Y\n");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    vm_becomes("device", device, "pinned");
    vm_becomes("locked", locked, "pinned");
    metric_is_missing(METRIC("vm_share_bytes", "device"));
    list_says("", "anon     pinned\n");
    snprintf(path, sizeof(path), "/proc/%d/fd/9", (int)a);
    tree_link(&tree, path, "/dev/vfio/vfio");
    vm_becomes("a", a, "pinned");
    metric_vanishes(METRIC("vm_share_bytes", "a"));
    tree_unlink(&tree, path);
    metric_reaches(METRIC("vm_share_bytes", "a"), 1);
    stop_all((const pid_t[]){a, device, locked}, 3);
}

/* The command line says another size than any mapping has: nothing is reclaimed, until the administrator says which. */
TEST(test_uncertain)
{
    pid_t a = machine("a"), b = stand_in_start();
    const char *const words[] = {"qemu-system-x86_64", "-name", "b", "-m", "96", NULL};

    make_machine(b, "b");
    tree_process(&tree, b, 77, "qemu-system-x86", "/user.slice", words);
    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    vm_becomes("b", b, "uncertain");
    metric_is_missing(METRIC("vm_share_bytes", "b"));
    list_says("", "uncertain\n    left alone: no mapping has the 96 MiB of its command line\n");
#ifdef HAVE_JANSSON
    list_says("--json", "\"left_alone\": \"no mapping has the 96 MiB");
#endif
    reload("[vm b]\nmemory = 64MiB\n", "applied", 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    metric_is(METRIC("monitored_bytes", "b"), 64 * (double)MIB);
    stop_all((const pid_t[]){a, b}, 2);
}

/* Together the machines get no more than the quota of the windows that have passed. */
TEST(test_quota)
{
    pid_t pids[4] = {machine("a"), machine("b"), machine("c"), machine("d")};
    double before, reclaimed;

    begin("");
    metric_reaches("damon_reclaim_host_tried_bytes_total", 1);
    before = metric("damon_reclaim_host_tried_bytes_total");
    windows_pass(10);
    /* The textfile is up to two windows old at either end. */
    reclaimed = metric("damon_reclaim_host_tried_bytes_total") - before;
    ck_assert_double_le(reclaimed, 14 * (double)QUOTA);
    ck_assert_double_ge(reclaimed, (double)QUOTA);
    for (size_t i = 0; i < 4; i++)
        stand_in_stop(pids[i]);
}

TEST(test_come_and_go)
{
    pid_t a = machine("a"), b;

    begin("");
    metric_becomes(METRIC("monitored_bytes", "a"), 64 * (double)MIB);
    b = machine("b");
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    stand_in_stop(a); /* its pidfd tells, though /proc does not yet */
    metric_vanishes(METRIC("vm_info", "a"));
    tree_exit(&tree, a);
    metric_is(METRIC("monitored_bytes", "b"), 64 * (double)MIB);
    stand_in_stop(b);
    metric_vanishes(METRIC("vm_info", "b"));
    tree_exit(&tree, b);
    a = machine("a"); /* and the daemon lives without any and takes new ones */
    metric_becomes(METRIC("monitored_bytes", "a"), 64 * (double)MIB);
    stand_in_stop(a);
}

/* The resident size decides what may be taken: at its never-below a machine gets nothing. */
TEST(test_never_below)
{
    pid_t a = machine("a"), b = machine("b");
    double at_b;

    begin("[vm b]\nnever_below = 48MiB\n");
    metric_reaches(METRIC("vm_share_bytes", "b"), 4096);
    set_resident(b, 40 + 16); /* other memory of the process is 16 MiB */
    metric_becomes(METRIC("vm_resident_bytes", "b"), 40 * (double)MIB);
    metric_becomes(METRIC("vm_share_bytes", "b"), 0);
    at_b = metric(METRIC("reclaimed_bytes_total", "b"));
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 30 * (double)MIB);
    metric_is_between(METRIC("reclaimed_bytes_total", "b"), 0, at_b);
    stand_in_stop(a);
    stand_in_stop(b);
}

/* One that comes has another name than those that are there, also with a lower number. */
TEST(test_same_name)
{
    pid_t low = stand_in_start(), high = machine("a");
    char name[64];

    begin("");
    metric_reaches(METRIC("vm_resident_bytes", "a"), 1);
    make_machine(low, "a");
    snprintf(name, sizeof(name), METRIC("vm_resident_bytes", "a-%d"), (int)low);
    metric_reaches(name, 1);
    metric_reaches(METRIC("vm_resident_bytes", "a"), 1);
    stand_in_stop(low);
    stand_in_stop(high);
}

/* A section protects all that are called so, and the name is free again when the other has gone. */
TEST(test_name_taken)
{
    pid_t first = machine("db"), second = machine("db");
    char begin_of[96];

    begin("[vm db]\nexclude = Y\n");
    snprintf(begin_of, sizeof(begin_of), "db-%d", (int)second);
    vm_becomes("db", first, "excluded");
    vm_becomes(begin_of, second, "excluded");
    stand_in_stop(first);
    tree_exit(&tree, first);
    vm_becomes("db", second, "excluded");
    stand_in_stop(second);
}

/* Strangers are left out, and how many is told; those of root are found however many others there are. */
TEST(test_left_out)
{
    pid_t pids[4] = {machine("a"), machine("b"), machine("c"), machine("honest")};

    for (size_t i = 0; i < 3; i++)
        tree_status(&tree, pids[i], 1000, "");
    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "honest"), 1);
    metric_is_missing(METRIC("vm_info", "a"));
    metric_is("damon_reclaim_vm_left_out{by=\"max_per_user\"}", 0);
    reload("[discovery]\nanywhere = Y\nmax_per_user = 2\n", "applied", 1);
    metric_becomes("damon_reclaim_vm_left_out{by=\"max_per_user\"}", 1);
    metric_becomes(METRIC("vm_info", "b"), 1);
    metric_is_missing(METRIC("vm_info", "c"));
    reload("[discovery]\nanywhere = Y\nmax_machines = 1\n", "applied", 2);
    metric_becomes("damon_reclaim_vm_left_out{by=\"max_machines\"}", 3);
    metric_vanishes(METRIC("vm_info", "a"));
    metric_is(METRIC("vm_info", "honest"), 1);
    list_says("2>&1", "3 machines are left out by max_machines");
    stop_all(pids, 4);
}

/* One memory that many have is shared by them, also when the quota is divided. */
TEST(test_proportion)
{
    pid_t pids[5] = {machine("a"), machine("b"), machine("c"), machine("d"), machine("honest")};
    char path[64];

    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pids[i]);
        tree_write(&tree, path,
                   "7f1020000000-7f1024000000 rw-p 00000000 00:00 0 \nSize: 65536 kB\nRss: 65536 kB\nPss: 16384 kB\n");
    }
    begin("");
    metric_reaches(METRIC("vm_cold_bytes", "honest"), 40 * (double)MIB);
    metric_reaches(METRIC("vm_cold_bytes", "a"), 10 * (double)MIB);
    windows_pass(3);
    metric_is_between(METRIC("vm_cold_bytes", "a"), 10 * (double)MIB, 16 * (double)MIB);
    metric_is_between(METRIC("vm_share_bytes", "honest"), 0.4 * (double)QUOTA, 0.6 * (double)QUOTA);
    stop_all(pids, 5);
}

/* What --list says when there is something that one would wonder about. */
TEST(test_remarks)
{
    write_config("[discovery]\npids = 4194304\n");
    list_says("2>&1", "no virtual machines are found");
    list_says("2>&1", "there is no process 4194304");
    list_lacks("2>/dev/null", "NAME");
#ifdef HAVE_JANSSON
    list_says("--json 2>/dev/null", "[]");
#endif
    tree_write(&tree, "/proc/meminfo", "MemTotal: 9 kB\nSwapTotal:       0 kB\nSwapFree:        0 kB\n");
    list_says("2>&1", "this host has no swap");
    tree_write(&tree, "/proc/meminfo", "MemTotal: 9 kB\nSwapTotal: 2000000 kB\nSwapFree: 10000 kB\n");
    list_says("2>&1", "swap is full");
    tree_write(&tree, "/proc/meminfo", "MemTotal: 9 kB\nSwapTotal: 2000000 kB\nSwapFree: 1000000 kB\n");
    list_lacks("2>&1", "swap");
}

/* The log at the end: nobody is said to have exited who has not. And of swap, once. */
TEST(test_log)
{
    pid_t a = machine("a"), b = machine("b");
    char path[128], text[8192];
    size_t n;
    FILE *file;

    tree_write(&tree, "/proc/meminfo", "MemTotal: 9 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    snprintf(path, sizeof(path), "%s/log", tree.root);
    fflush(stderr);
    int saved = dup(STDERR_FILENO), fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    setenv("DAMON_RECLAIM_LOG_LEVEL", "info", 1);
    begin("");
    unsetenv("DAMON_RECLAIM_LOG_LEVEL");
    dup2(saved, STDERR_FILENO);
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    stand_in_stop(b);
    metric_vanishes(METRIC("vm_info", "b"));
    tree_exit(&tree, b);
    stop_all(&a, 1);
    close(saved);
    close(fd);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[n] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "this host has no swap"));
    ck_assert_ptr_null(strstr(strstr(text, "this host has no swap") + 1, "this host has no swap"));
    ck_assert_ptr_nonnull(strstr(text, " has exited"));
    ck_assert_ptr_nonnull(strstr(text, " is let go"));
    snprintf(path, sizeof(path), "a: pid %d has exited", (int)a);
    ck_assert_ptr_null(strstr(text, path));
}

/* The process is replaced while it is looked at: between its start time and the pidfd, which is where its cgroup is
 * read. The next look finds who it is. */
TEST(test_replaced)
{
    pid_t a = machine("a"), b = machine("b");
    char path[64], pipe[128], stat[128];
    FILE *writer;

    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)a);
    snprintf(pipe, sizeof(pipe), "%s%s", tree.root, path);
    snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)a);
    tree_unlink(&tree, path);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    setenv("DAMON_RECLAIM_DISCOVERY_INTERVAL", "1h", 1);
    begin("");
    unsetenv("DAMON_RECLAIM_DISCOVERY_INTERVAL");
    writer = fopen(pipe, "we"); /* it is here */
    ck_assert_ptr_nonnull(writer);
    tree_unlink(&tree, path);
    tree_write(&tree, path, "0::/user.slice\n");
    tree_write(&tree, stat, "%d (qemu-system-x86) S 1 1 1 0 -1 4194560 900 0 0 0 1 1 0 0 20 0 4 0 78 1 1 0\n", (int)a);
    fputs("0::/user.slice\n", writer);
    fclose(writer);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    metric_is_missing(METRIC("vm_info", "a"));
    kill(daemon_pid, SIGHUP);
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    stand_in_stop(a);
    stand_in_stop(b);
}

/* A bad file changes nothing, a good one all that it says. */
TEST(test_reload)
{
    pid_t a = machine("a"), b = machine("b");
    double reclaimed;

    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    reload("[vm a]\nexclude = perhaps\n", "refused", 1);
    reclaimed = metric(METRIC("reclaimed_bytes_total", "a"));
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), reclaimed + 4096);
    reload("[vm a]\nexclude = Y\n[vm b]\nmin_age = 1h\n", "applied", 1);
    metric_vanishes(METRIC("vm_share_bytes", "a"));
    reclaimed = metric(METRIC("reclaimed_bytes_total", "b"));
    windows_pass(5);
    metric_is(METRIC("reclaimed_bytes_total", "b"), reclaimed);
    reload("", "applied", 2);
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), reclaimed + 4096);
    stand_in_stop(a);
    stand_in_stop(b);
}

/* A list that can be read, but not kept to: the monitor backend of the test knows nothing of cgroups. Rather than go on
 * without it, the daemon ends. */
TEST(test_refused_list)
{
    pid_t a = machine("a"), b = machine("b");

    begin("");
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 16 * (double)MIB);
    write_config("[never]\ncgroups = quiet\n");
    kill(daemon_pid, SIGHUP);
    ck_assert_int_eq(daemon_end(daemon_pid), 1);
    daemon_pid = 0;
    stand_in_stop(a);
    stand_in_stop(b);
}

/* The last that can fail: the parameters and the list are in effect already, and are put back. */
TEST(test_refused_enabling)
{
    pid_t a = machine("a"), b = machine("b");
    char text[160];

    tree_write(&tree, "/obstacle", "%s", "");
    begin("[parameters]\nenabled = N\n");
    metric_reaches(METRIC("vm_share_bytes", "a"), 0);
    metric_reaches(METRIC("vm_share_bytes", "b"), 0);
    snprintf(text, sizeof(text), "[parameters]\nenabled = Y\n[vm b]\nexclude = Y\n[never]\npids = %d\n", (int)a);
    reload(text, "refused", 1);
    tree_unlink(&tree, "/obstacle");
    windows_pass(5);
    metric_is_between(METRIC("vm_share_bytes", "a"), 0, (double)QUOTA);
    metric_is_between(METRIC("vm_share_bytes", "b"), 0, (double)QUOTA);
    metric_is("damon_reclaim_host_tried_bytes_total", 0);
    reload("", "applied", 1);
    metric_reaches(METRIC("reclaimed_bytes_total", "a"), 4096);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 4096);
    stand_in_stop(a);
    stand_in_stop(b);
}

/* A machine is put on the list of what is never reclaimed, and taken off it: with a context for each machine, and with
 * one for all. */
TEST_CASES(test_never_by_reload, 2)
{
    static const char *const backends[] = {"idle-page", "damon"};
    pid_t pids[3] = {machine("a"), machine("b"), machine("c")};
    char with[128], without[64];
    double tried;

    snprintf(without, sizeof(without), "[agent]\nbackend = %s\n", backends[_i]);
    snprintf(with, sizeof(with), "%s[never]\npids = %d\n", without, (int)pids[1]);
    begin(without);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    reload(with, "applied", 1);
    metric_vanishes(METRIC("vm_share_bytes", "b"));
    tried = metric("damon_reclaim_host_tried_bytes_total");
    metric_reaches("damon_reclaim_host_tried_bytes_total", tried + 4096);
    reload(without, "applied", 2);
    metric_reaches(METRIC("vm_share_bytes", "b"), 4096);
    stop_all(pids, 3);
}

TEST(test_dry_run)
{
    pid_t a = machine("a");

    begin("[agent]\ndry_run = Y\n");
    metric_reaches(METRIC("vm_cold_bytes", "a"), 16 * (double)MIB);
    metric_is(METRIC("reclaimed_bytes_total", "a"), 0);
    metric_reaches(METRIC("advise_reclaimed_bytes_total", "a") ",min_age=\"1\"", 16 * (double)MIB);
    stand_in_stop(a);
}

/* Weights, and what the daemon itself never reclaims. */
TEST(test_never)
{
    pid_t a = machine("a"), b = machine("b");
    char never[64];

    snprintf(never, sizeof(never), "[never]\npids = %d\n", (int)a);
    begin(never);
    metric_reaches(METRIC("reclaimed_bytes_total", "b"), 1);
    metric_is_missing(METRIC("reclaimed_bytes_total", "a"));
    metric_is(METRIC("vm_info", "a"), 1);
    stand_in_stop(a);
    stand_in_stop(b);
}

TEST(test_wrong)
{
    static const char *const wrong[] = {
        "[vm a]\nweight = 0\n",      "[vm a]\nmin_age = soon\n",          "[vm a]\ncolour = red\n",
        "[discovery]\npids = all\n", "[discovery]\npids = 99999999999\n", "[discovery]\npids = 0\n",
        "[vm a]\nnever_below = -1\n"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin(wrong[i]);
        ck_assert_int_eq(daemon_end(daemon_pid), 2);
    }
    daemon_pid = 0;
}

TEST(test_list)
{
    pid_t a = machine("a"), b = machine("b");
    char line[128];

    tree_write(&tree, "/run/libvirt/qemu/driver.pid", "%d\n", (int)getpid());
    write_config("[vm b]\nexclude = Y\n");
    snprintf(line, sizeof(line), "%-24s %8d  %-8s  %10s  %-7s  %s\n    7f1020000000-7f1024000000\n", "a", (int)a,
             "command", "64.0 MiB", "anon", "to be watched");
    list_says("", line);
    list_says("", "excluded\n");
    snprintf(line, sizeof(line), "driver.pid: process %d runs none of the commands", (int)getpid());
    list_says("2>&1", line);
    list_lacks("2>/dev/null", line);
#ifdef HAVE_JANSSON
    list_says("--json", "\"name\": \"a\"");
    list_says("--json", "\"memory\": 67108864");
    snprintf(line, sizeof(line), "/proc/%d/cgroup", (int)a);
    tree_write(&tree, line, "0::/user.slice/any\xff.scope\n"); /* who may make a cgroup chooses its name */
    list_says("--json", "\"cgroup\": \"/user.slice/any_.scope\"");
#endif
    stand_in_stop(a);
    stand_in_stop(b);
}
