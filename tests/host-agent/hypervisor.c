/* SPDX-License-Identifier: MIT */
#include "hypervisor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct tree tree;
char textfile[128], config[128];
pid_t daemon_pid;

void write_config(const char *more)
{
    tree_write(&tree, "/host.conf",
               "[parameters]\nmin_age = 100ms\nsample_interval = 5ms\naggr_interval = 20ms\n"
               "quota_sz = 4MiB\nquota_ms = 0\nquota_reset_interval_ms = 100\n"
               "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"
               "[agent]\nroot = %s\nlock_directory = /run\ndrop_privileges = N\nlog_level = error\n"
               "[metrics]\ntextfile = %s\ninterval = 100ms\n"
               "[discovery]\ninterval = 200ms\n"
               "[pause]\nhold = 2s\n%s",
               tree.root, textfile, more);
}

void begin(const char *more)
{
    char option[160];

    write_config(more);
    snprintf(option, sizeof(option), "--config=%s", config);
    daemon_pid = daemon_start((const char *const[]){option, NULL});
}

void set_resident(pid_t pid, uint64_t mib)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    tree_write(&tree, path, "99999 %llu 0 0 0 0 0\n", (unsigned long long)(mib * MIB / 4096));
}

void set_stat(pid_t pid, unsigned int major_faults)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    tree_write(&tree, path, "%d (qemu-system-x86) S 1 1 1 0 -1 4194560 900 0 %u 0 1 1 0 0 20 0 4 0 77 1 1 0\n",
               (int)pid, major_faults);
}

void make_machine(pid_t pid, const char *name)
{
    const char *const words[] = {"/usr/bin/qemu-system-x86_64", "-name", name, "-m", "64", NULL};
    char path[64];

    tree_process(&tree, pid, 77, "qemu-system-x86", "/user.slice", words);
    set_stat(pid, 0);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    tree_write(&tree, path,
               "55d0c8a00000-55d0c8d00000 r-xp 00000000 fe:01 131 /usr/bin/qemu-system-x86_64\n"
               "7f1020000000-7f1024000000 rw-p 00000000 00:00 0 \n"
               "7f10d0e00000-7f10d1e00000 rw-p 00000000 00:00 0 \n");
    snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
    tree_write(&tree, path,
               "7f1020000000-7f1024000000 rw-p 00000000 00:00 0 \nSize: 65536 kB\nRss: 65536 kB\n"
               "7f10d0e00000-7f10d1e00000 rw-p 00000000 00:00 0 \nSize: 16384 kB\nRss: 16384 kB\n");
    set_resident(pid, 80);
}

pid_t machine(const char *name)
{
    pid_t pid = stand_in_start();

    make_machine(pid, name);
    return pid;
}

void setup(void)
{
    tree_make(&tree);
    snprintf(textfile, sizeof(textfile), "%s/host.prom", tree.root);
    snprintf(config, sizeof(config), "%s/host.conf", tree.root);
    snprintf(daemon_obstacle, sizeof(daemon_obstacle), "%s/obstacle", tree.root);
    tree_write(&tree, "/run/empty", "%s", "");
    tree_write(&tree, "/proc/self/cgroup", "0::/system.slice/agent.service\n");
    daemon_pid = 0;
}

void teardown(void)
{
    if (daemon_pid)
        daemon_stop(daemon_pid);
    tree_remove(&tree);
}

/* --- metrics --------------------------------------------------------------------------------------------------------
 */

double metric(const char *begin)
{
    return daemon_metric(textfile, begin);
}

void metric_is_between(const char *begin, double least, double most)
{
    double now = metric(begin);

    if (now < least || now > most)
        ck_abort_msg("%s is %g, not from %g to %g", begin, now, least, most);
}

void metric_is(const char *begin, double value)
{
    metric_is_between(begin, value, value);
}

void metric_is_missing(const char *begin)
{
    metric_is(begin, -1);
}

void metric_becomes(const char *begin, double value)
{
    if (!daemon_wait(textfile, begin, value, false))
        ck_abort_msg("%s is %g, and does not become %g", begin, metric(begin), value);
}

void metric_reaches(const char *begin, double least)
{
    if (!daemon_wait(textfile, begin, least, true))
        ck_abort_msg("%s is %g, and does not reach %g", begin, metric(begin), least);
}

void metric_vanishes(const char *begin)
{
    metric_becomes(begin, -1);
}

void vm_becomes(const char *name, pid_t pid, const char *state)
{
    char begin[128];

    snprintf(begin, sizeof(begin), "damon_reclaim_vm_info{vm=\"%s\",pid=\"%d\",state=\"%s\"", name, (int)pid, state);
    metric_becomes(begin, 1);
}

/* --- what happens ---------------------------------------------------------------------------------------------------
 */

void reload(const char *more, const char *result, unsigned int times)
{
    char begin[64];

    write_config(more);
    kill(daemon_pid, SIGHUP);
    snprintf(begin, sizeof(begin), "damon_reclaim_reloads_total{result=\"%s\"}", result);
    metric_becomes(begin, times);
}

/*
 * The resident size is read together with faults and pressure. In between the daemon subtracts what it reclaims, so
 * that the size to wait for is one that it does not come down to by that.
 */
void usage_is_read(const char *name, pid_t pid)
{
    char begin[128];
    double resident = -1;

    set_resident(pid, 17); /* of which 16 MiB are not the guest's */
    snprintf(begin, sizeof(begin), METRIC("vm_resident_bytes", "%s"), name);
    for (unsigned int n = 0; n < 100; n++) {
        resident = metric(begin);
        if (resident >= 0 && resident <= (double)MIB)
            break;
        windows_pass(1);
    }
    if (resident < 0 || resident > (double)MIB)
        ck_abort_msg("%s is %g, and does not fall to 1 MiB", begin, resident);
    set_resident(pid, 79);
}

void windows_pass(unsigned int n)
{
    const struct timespec window = {.tv_nsec = 100000000};

    while (n--)
        nanosleep(&window, NULL);
}

void stop_all(const pid_t *pids, size_t n)
{
    ck_assert_int_eq(daemon_stop(daemon_pid), 0);
    daemon_pid = 0;
    for (size_t i = 0; i < n; i++)
        stand_in_stop(pids[i]);
}

pid_t hugetlb_machine(const char *name)
{
    static const char words[] =
        "\0-object\0memory-backend-memfd,id=m,size=64M,hugetlb=on\0-machine\0pc,memory-backend=m";
    pid_t pid = machine(name);
    char path[64], text[256];
    int n = snprintf(text, sizeof(text), "qemu-system-x86_64%c-name%c%s", 0, 0, name);

    memcpy(text + n, words, sizeof(words));
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    tree_write_bytes(&tree, path, text, (size_t)n + sizeof(words));
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    tree_write(&tree, path, "7f1020000000-7f1024000000 rw-s 00000000 00:10 9 /memfd:memory-backend-memfd (deleted)\n");
    snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
    tree_write(&tree, path,
               "7f1020000000-7f1024000000 rw-s 00000000 00:10 9 /memfd:memory-backend-memfd (deleted)\n"
               "Size: 65536 kB\nKernelPageSize: 2048 kB\nRss: 0 kB\nVmFlags: rd wr sh mr mw me ms de ht sd \n");
    return pid;
}
