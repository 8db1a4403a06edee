/* SPDX-License-Identifier: MIT */
/* The whole daemon, over a root directory and a monitor backend of the test. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor.h"

static const char *program;

/* What --list prints, as a whole. */
static const char *list(const char *option)
{
    static char text[8192];
    char command[512];
    FILE *pipe;
    size_t n;

    snprintf(command, sizeof(command), "%s --list --config=%s %s", program, config, option);
    pipe = popen(command, "re");
    ck_assert_ptr_nonnull(pipe);
    n = fread(text, 1, sizeof(text) - 1, pipe);
    text[n] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
    return text;
}

/* Shares come from the host's quota, guest memory is all that is watched, an excluded machine is left alone. */
START_TEST(test_watches)
{
    pid_t a = machine("a"), b = machine("b");

    begin("[vm b]\nexclude = Y\n");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 20 * (double)MIB, true));
    ck_assert(metric(METRIC("monitored_bytes", "a")) == 64 * (double)MIB);
    ck_assert(metric(METRIC("vm_share_bytes", "a")) <= (double)QUOTA);
    ck_assert(metric("damon_reclaim_host_quota_bytes") == (double)QUOTA);
    ck_assert(metric(METRIC("reclaimed_bytes_total", "b")) < 0);
    ck_assert(metric(METRIC("vm_share_bytes", "b")) < 0);
    ck_assert_int_eq(daemon_stop(daemon_pid), 0);
    daemon_pid = 0;
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

START_TEST(test_hugetlb)
{
    pid_t a = machine("a"), huge = hugetlb_machine("huge"), whole = hugetlb_machine("whole");

    begin("[vm whole]\nwhole_process = Y\n");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    ck_assert(daemon_wait(textfile, METRIC("vm_info", "whole"), 1, false));
    ck_assert(vm_state("huge", huge, "hugetlb"));
    ck_assert(metric(METRIC("vm_share_bytes", "huge")) < 0);
    ck_assert(vm_state("whole", whole, "watched"));
    write_config("[vm huge]\nwhole_process = Y\n");
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 1, false));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "huge"), 0, true));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "whole"), -1, false));
    ck_assert(vm_state("whole", whole, "hugetlb"));
    ck_assert_ptr_nonnull(strstr(list(""), "hugetlb  hugetlb\n"));
    stand_in_stop(a);
    stand_in_stop(huge);
    stand_in_stop(whole);
}
END_TEST

/* In all of the time never more than the windows that there were. */
START_TEST(test_quota)
{
    pid_t pids[4] = {machine("a"), machine("b"), machine("c"), machine("d")};
    double before, after, waited_s = 3;

    begin("");
    ck_assert(daemon_wait(textfile, "damon_reclaim_host_tried_bytes_total", 1, true));
    before = metric("damon_reclaim_host_tried_bytes_total");
    sleep(3);
    after = metric("damon_reclaim_host_tried_bytes_total");
    /* Ten windows a second; the textfile is up to two windows old at either end. */
    ck_assert(after - before <= (waited_s * 10 + 4) * (double)QUOTA);
    ck_assert(after - before >= (double)QUOTA);
    for (size_t i = 0; i < 4; i++)
        stand_in_stop(pids[i]);
}
END_TEST

START_TEST(test_come_and_go)
{
    pid_t a = machine("a"), b;

    begin("");
    ck_assert(daemon_wait(textfile, METRIC("monitored_bytes", "a"), 64 * (double)MIB, false));
    b = machine("b");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 1, true));
    stand_in_stop(a); /* its pidfd tells, though /proc does not yet */
    ck_assert(daemon_wait(textfile, METRIC("vm_info", "a"), -1, false));
    tree_exit(&tree, a);
    ck_assert(metric(METRIC("monitored_bytes", "b")) > 0);
    stand_in_stop(b);
    ck_assert(daemon_wait(textfile, METRIC("vm_info", "b"), -1, false));
    tree_exit(&tree, b);
    a = machine("a"); /* and the daemon lives without any and takes new ones */
    ck_assert(daemon_wait(textfile, METRIC("monitored_bytes", "a"), 64 * (double)MIB, false));
    stand_in_stop(a);
}
END_TEST

/* The resident size decides what may be taken: at its never-below a machine gets nothing. */
START_TEST(test_never_below)
{
    pid_t a = machine("a"), b = machine("b");
    double at_b;

    begin("[vm b]\nnever_below = 48MiB\n");
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "b"), 4096, true));
    set_resident(b, 40 + 16); /* other memory of the process is 16 MiB */
    ck_assert(daemon_wait(textfile, METRIC("vm_resident_bytes", "b"), 40 * (double)MIB, false));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "b"), 0, false));
    at_b = metric(METRIC("reclaimed_bytes_total", "b"));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 30 * (double)MIB, true));
    ck_assert(metric(METRIC("reclaimed_bytes_total", "b")) <= at_b);
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

/* One that comes has another name than those that are there, also with a lower number. */
START_TEST(test_same_name)
{
    pid_t low = stand_in_start(), high = machine("a");
    char name[64];

    begin("");
    ck_assert(daemon_wait(textfile, METRIC("vm_resident_bytes", "a"), 1, true));
    make_machine(low, "a");
    snprintf(name, sizeof(name), METRIC("vm_resident_bytes", "a-%d"), (int)low);
    ck_assert(daemon_wait(textfile, name, 1, true));
    ck_assert(metric(METRIC("vm_resident_bytes", "a")) > 0);
    stand_in_stop(low);
    stand_in_stop(high);
}
END_TEST

/* The process is replaced while it is looked at: between its start time and the pidfd, which is where its cgroup is
 * read. The next look finds who it is. */
START_TEST(test_replaced)
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
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 1, true));
    ck_assert(metric(METRIC("vm_info", "a")) < 0);
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

/* A bad file changes nothing, a good one all that it says. */
START_TEST(test_reload)
{
    pid_t a = machine("a"), b = machine("b");
    double reclaimed;

    begin("");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    write_config("[vm a]\nexclude = perhaps\n");
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"refused\"}", 1, false));
    reclaimed = metric(METRIC("reclaimed_bytes_total", "a"));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), reclaimed + 4096, true));
    write_config("[vm a]\nexclude = Y\n[vm b]\nmin_age = 1h\n");
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 1, false));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "a"), -1, false));
    reclaimed = metric(METRIC("reclaimed_bytes_total", "b"));
    sleep(1);
    ck_assert(metric(METRIC("reclaimed_bytes_total", "b")) == reclaimed);
    write_config("");
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 2, false));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 1, true));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), reclaimed + 4096, true));
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

/* More is reclaimed than before, which a context that was made anew would have to catch up with. */
static void ck_goes_on(const char *reclaimed, double before)
{
    ck_assert(metric(reclaimed) >= before);
    ck_assert(daemon_wait(textfile, reclaimed, metric(reclaimed) + 4096, true));
}

/* A file that can be read, but not done: the monitor backend of the test knows nothing of cgroups. What else it says is
 * not done either: no machine is let go of, no parameter is new. */
START_TEST(test_refused_list)
{
    pid_t a = machine("a"), b = machine("b"), c = machine("c");
    char text[256];

    begin("");
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 16 * (double)MIB, true));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 16 * (double)MIB, true));
    tree_write(&tree, "/sys/fs/cgroup/quiet/cgroup.procs", "%s", "");
    snprintf(text, sizeof(text), "[vm *]\nmin_age = 1h\n[vm b]\nexclude = Y\n[never]\npids = %d\ncgroups = quiet\n",
             (int)a);
    write_config(text);
    for (unsigned int i = 0; i < 2; i++) {
        double before_a = metric(METRIC("reclaimed_bytes_total", "a"));
        double before_b = metric(METRIC("reclaimed_bytes_total", "b"));

        kill(daemon_pid, SIGHUP);
        ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"refused\"}", i + 1, false));
        sleep(1); /* looks at machines, windows */
        ck_goes_on(METRIC("reclaimed_bytes_total", "a"), before_a);
        ck_goes_on(METRIC("reclaimed_bytes_total", "b"), before_b);
    }
    stand_in_stop(a);
    stand_in_stop(b);
    stand_in_stop(c);
}
END_TEST

/* The last that can fail: the parameters and the list are in effect already, and are put back. */
START_TEST(test_refused_enabling)
{
    pid_t a = machine("a"), b = machine("b");
    char text[160];

    tree_write(&tree, "/obstacle", "%s", "");
    begin("[parameters]\nenabled = N\n");
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "a"), 0, true));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "b"), 0, true));
    snprintf(text, sizeof(text), "[parameters]\nenabled = Y\n[vm b]\nexclude = Y\n[never]\npids = %d\n", (int)a);
    write_config(text);
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"refused\"}", 1, false));
    tree_unlink(&tree, "/obstacle");
    sleep(1);
    ck_assert(metric(METRIC("vm_share_bytes", "a")) >= 0);
    ck_assert(metric(METRIC("vm_share_bytes", "b")) >= 0);
    ck_assert(metric("damon_reclaim_host_tried_bytes_total") == 0);
    write_config("");
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 1, false));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "a"), 4096, true));
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 4096, true));
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

/* Machines come onto the list and off it again, with a context for each and with one for all. */
static void never_by_reload(const char *backend)
{
    pid_t pids[3] = {machine("a"), machine("b"), machine("c")};
    char text[128];
    double reclaimed;

    snprintf(text, sizeof(text), "[agent]\nbackend = %s\n", backend);
    begin(text);
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 1, true));
    snprintf(text, sizeof(text), "[agent]\nbackend = %s\n[never]\npids = %d\n", backend, (int)pids[1]);
    write_config(text);
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 1, false));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "b"), -1, false));
    reclaimed = metric("damon_reclaim_host_tried_bytes_total");
    ck_assert(daemon_wait(textfile, "damon_reclaim_host_tried_bytes_total", reclaimed + 4096, true));
    snprintf(text, sizeof(text), "[agent]\nbackend = %s\n", backend);
    write_config(text);
    kill(daemon_pid, SIGHUP);
    ck_assert(daemon_wait(textfile, "damon_reclaim_reloads_total{result=\"applied\"}", 2, false));
    ck_assert(daemon_wait(textfile, METRIC("vm_share_bytes", "b"), 4096, true));
    ck_assert_int_eq(daemon_stop(daemon_pid), 0);
    daemon_pid = 0;
    for (size_t i = 0; i < 3; i++)
        stand_in_stop(pids[i]);
}

START_TEST(test_never_by_reload)
{
    never_by_reload("idle-page");
}
END_TEST

START_TEST(test_never_by_reload_shared)
{
    never_by_reload("damon");
}
END_TEST

START_TEST(test_dry_run)
{
    pid_t a = machine("a");

    begin("[agent]\ndry_run = Y\n");
    ck_assert(daemon_wait(textfile, METRIC("vm_cold_bytes", "a"), 16 * (double)MIB, true));
    ck_assert(metric(METRIC("tried_bytes_total", "a")) == 0);
    ck_assert(
        daemon_wait(textfile, METRIC("advise_reclaimed_bytes_total", "a") ",min_age=\"1\"", 16 * (double)MIB, true));
    stand_in_stop(a);
}
END_TEST

/* Weights, and what the daemon itself never reclaims. */
START_TEST(test_never)
{
    pid_t a = machine("a"), b = machine("b");
    char never[64];

    snprintf(never, sizeof(never), "[never]\npids = %d\n", (int)a);
    begin(never);
    ck_assert(daemon_wait(textfile, METRIC("reclaimed_bytes_total", "b"), 1, true));
    ck_assert(metric(METRIC("reclaimed_bytes_total", "a")) < 0);
    ck_assert(metric(METRIC("vm_info", "a")) == 1);
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

START_TEST(test_wrong)
{
    static const char *const wrong[] = {"[vm a]\nweight = 0\n", "[vm a]\nmin_age = soon\n", "[vm a]\ncolour = red\n",
                                        "[discovery]\npids = all\n", "[vm a]\nnever_below = -1\n"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin(wrong[i]);
        ck_assert_int_eq(daemon_end(daemon_pid), 2);
    }
    daemon_pid = 0;
}
END_TEST

START_TEST(test_list)
{
    pid_t a = machine("a"), b = machine("b");
    char line[128];

    tree_write(&tree, "/run/libvirt/qemu/driver.pid", "%d\n", (int)getpid());
    write_config("[vm b]\nexclude = Y\n");
    snprintf(line, sizeof(line), "%-24s %8d  %-8s  %10s  %-7s  %s\n    7f1020000000-7f1024000000\n", "a", (int)a,
             "command", "64.0 MiB", "anon", "to be watched");
    ck_assert_ptr_nonnull(strstr(list(""), line));
    ck_assert_ptr_nonnull(strstr(list(""), "excluded\n"));
    snprintf(line, sizeof(line), "driver.pid: process %d runs none of the commands", (int)getpid());
    ck_assert_ptr_nonnull(strstr(list("2>&1"), line));
    ck_assert_ptr_null(strstr(list("2>/dev/null"), line));
#ifdef HAVE_JANSSON
    ck_assert_ptr_nonnull(strstr(list("--json"), "\"name\": \"a\""));
    ck_assert_ptr_nonnull(strstr(list("--json"), "\"memory\": 67108864"));
    snprintf(line, sizeof(line), "/proc/%d/cgroup", (int)a);
    tree_write(&tree, line, "0::/user.slice/any\xff.scope\n"); /* who may make a cgroup chooses its name */
    ck_assert_ptr_nonnull(strstr(list("--json"), "\"cgroup\": \"/user.slice/any_.scope\""));
#endif
    stand_in_stop(a);
    stand_in_stop(b);
}
END_TEST

static void fill(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_watches);
    tcase_add_test(tcase, test_hugetlb);
    tcase_add_test(tcase, test_quota);
    tcase_add_test(tcase, test_come_and_go);
    tcase_add_test(tcase, test_never_below);
    tcase_add_test(tcase, test_same_name);
    tcase_add_test(tcase, test_replaced);
    tcase_add_test(tcase, test_reload);
    tcase_add_test(tcase, test_refused_list);
    tcase_add_test(tcase, test_refused_enabling);
    tcase_add_test(tcase, test_never_by_reload);
    tcase_add_test(tcase, test_never_by_reload_shared);
    tcase_add_test(tcase, test_dry_run);
    tcase_add_test(tcase, test_never);
    tcase_add_test(tcase, test_wrong);
    tcase_add_test(tcase, test_list);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 99;
    program = argv[1];
    return run_suite("daemon", 60, fill);
}
