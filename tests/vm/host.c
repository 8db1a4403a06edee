/* SPDX-License-Identifier: MIT */
/* The hypervisor's daemon among virtual machines: five processes that are named and laid out like QEMU's, with 100 MiB
 * of guest memory and a hot set each. This program is also those processes, when its name is theirs. */
#include "machines.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "daemons.h"

#define PAGE  UINT64_C(4096)
#define RAM   (100 * MIB)
#define QUOTA (16 * MIB) /* of the host, a second */

static const char config[] = "[parameters]\n"
                             "min_age = 2s\nsample_interval = 20ms\naggr_interval = 400ms\nmax_nr_regions = 100\n"
                             "quota_sz = 16MiB\nquota_ms = 0\n"
                             "wmarks_high = 1000\nwmarks_mid = 990\nwmarks_low = 0\n"
                             "[agent]\nrefault_window = 1s\n"
                             "[metrics]\ntextfile = " DAEMON_METRICS "\ninterval = 200ms\n"
                             "[discovery]\ninterval = 1s\n"
                             "[pause]\nhold = 8s\n"
                             "[vm whole]\nexclude = Y\n";

static bool shrunk(const struct machine *vm)
{
    uint64_t bytes = machine_resident(vm), hot = vm->hot * MIB;

    return bytes <= hot + hot / 10 && bytes >= hot - hot / 10;
}

static bool left_alone(const struct machine *vm)
{
    return machine_metric(vm, "damon_reclaim_vm_paused", "refaults") > 0 ||
           machine_metric(vm, "damon_reclaim_vm_paused", "pressure") > 0;
}

/* The kernel's own count of what went out, each second: at no time more than the quota, but for where a second begins.
 */
static struct {
    uint64_t began_ns, first, last_ns, last, most;
} swapped;

static void watch_quota(void)
{
    uint64_t now = guest_now_ns(), out = guest_vmstat("pswpout") * PAGE;

    if (!swapped.began_ns) {
        swapped.began_ns = swapped.last_ns = now;
        swapped.first = swapped.last = out;
    }
    if (now - swapped.last_ns < 1000000000)
        return;
    /* A window of ours may touch one more of the daemon's than it is long. */
    if (out - swapped.last > swapped.most)
        swapped.most = out - swapped.last;
    if (out - swapped.last > QUOTA * ((now - swapped.last_ns) / 1000000000 + 2) ||
        out - swapped.first > QUOTA * ((now - swapped.began_ns) / 1000000000 + 2)) {
        printf("%" PRIu64 " KiB in %" PRIu64 " ms, %" PRIu64 " KiB in all\n", (out - swapped.last) >> 10,
               (now - swapped.last_ns) / 1000000, (out - swapped.first) >> 10);
        GUEST_CHECK(!"the sum stays within the host's quota");
    }
    swapped.last_ns = now;
    swapped.last = out;
}

static void print_state(struct machine *const *vms, size_t n)
{
    printf("   ");
    for (size_t i = 0; i < n; i++)
        printf(" %s %" PRIu64 " of %" PRIu64 " hot;", vms[i]->name, machine_resident(vms[i]) / MIB, vms[i]->hot);
    printf(" most out in a second %" PRIu64 " KiB\n", swapped.most >> 10);
    fflush(stdout);
}

/* What the daemon says of them, for who looks why it has failed. */
static void print_metrics(void)
{
    FILE *file = fopen(DAEMON_METRICS, "re");
    char line[1024];

    while (file && fgets(line, sizeof(line), file))
        if (strstr(line, "{vm=") && !strstr(line, "state"))
            printf("    %s", line);
    if (file)
        fclose(file);
}

/* Waits until all of them have shrunk. Returns the seconds it took; more than `limit`: they have not. */
static unsigned int wait_shrunk(struct machine *const *vms, size_t n, unsigned int limit)
{
    uint64_t began = guest_now_ns(), next = 0;

    for (;;) {
        uint64_t now = guest_now_ns();
        size_t done = 0;

        watch_quota();
        for (size_t i = 0; i < n; i++)
            done += shrunk(vms[i]);
        if (now >= next || done == n) {
            print_state(vms, n);
            next = now + UINT64_C(5000000000);
        }
        if (done < n && now - began > (uint64_t)limit * 1000000000)
            print_metrics();
        if (done == n || now - began > (uint64_t)limit * 1000000000)
            return (unsigned int)((now - began) / 1000000000) + (done < n);
        guest_sleep_ms(200);
    }
}

static void thrash(struct machine *vm, struct machine *other)
{
    uint64_t began, ms = 0, out;

    printf("-- %s begins to thrash\n", vm->name);
    kill(vm->pid, SIGUSR1);
    for (began = guest_now_ns(); !left_alone(vm) && ms < 10000; ms = (guest_now_ns() - began) / 1000000)
        guest_sleep_ms(50);
    guest_measured("left alone after", (double)ms, "ms");
    GUEST_TIMELY(ms <= 3000);
    GUEST_CHECK(!left_alone(other));
    /* While it is left alone nothing of it goes out, whatever it does. */
    guest_sleep_ms(2000);
    GUEST_CHECK(left_alone(vm));
    out = machine_resident(vm);
    guest_sleep_ms(2000);
    GUEST_CHECK(machine_resident(vm) >= out);
    printf("-- %s is calm again\n", vm->name);
    kill(vm->pid, SIGUSR2);
    guest_sleep_ms(1000);
    GUEST_CHECK(left_alone(vm));
    GUEST_TIMELY(wait_shrunk((struct machine *[]){vm}, 1, 120) <= 120);
    GUEST_CHECK(!left_alone(vm));
}

static unsigned long rss(pid_t pid)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "RssAnon: %lu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static void stop_daemon(pid_t daemon)
{
    uint64_t began = guest_now_ns(), cpu = guest_cpu_ns(daemon);

    guest_measured("memory of the daemon", (double)rss(daemon), "KiB");
    guest_measured("CPU time of the daemon", (double)cpu / 1e9, "s");
    GUEST_CHECK(daemon_end(daemon) == 0);
    guest_measured("end of the daemon", (double)(guest_now_ns() - began) / 1e6, "ms");
    GUEST_TIMELY(guest_now_ns() - began < UINT64_C(1000000000));
}

int main(int argc, char **argv)
{
    struct machine small = {"small", 20}, middle = {"middle", 36}, large = {"large", 50}, restless = {"restless", 30};
    struct machine whole = {"whole", 10}, late = {"late", 24};
    int as_machine = machine_main(argc, argv);
    pid_t daemon;

    if (as_machine >= 0)
        return as_machine;
    guest_flush_tlbs();
    machine_start(&small);
    machine_start(&middle);
    machine_start(&large);
    machine_start(&restless);
    machine_start(&whole);
    watch_quota();
    daemon = daemon_start(DAEMON_HOST, config, argc > 1 ? argv[1] : "idle-page", NULL);
    printf("-- five machines\n");
    GUEST_TIMELY(wait_shrunk((struct machine *[]){&small, &middle, &large, &restless}, 4, 90) <= 90);
    GUEST_CHECK(machine_resident(&whole) == RAM);
    GUEST_CHECK(guest_resident(small.pid, small.video, MACHINE_VIDEO) == MACHINE_VIDEO);

    thrash(&restless, &small);

    printf("-- one is killed, one comes\n");
    kill(middle.pid, SIGKILL);
    waitpid(middle.pid, NULL, 0);
    machine_start(&late);
    GUEST_TIMELY(wait_shrunk((struct machine *[]){&late, &small, &large}, 3, 60) <= 60);
    GUEST_CHECK(machine_metric(&middle, "damon_reclaim_vm_info", "") < 0);
    GUEST_CHECK(machine_metric(&late, "damon_reclaim_vm_info", "state=\"watched\"") == 1);
    GUEST_CHECK(machine_resident(&whole) == RAM);
    GUEST_CHECK(daemon_metric("damon_reclaim_host_quota_bytes", "", "") == (double)QUOTA);
    guest_measured("most out in a second", (double)swapped.most, "bytes");

    stop_daemon(daemon);
    GUEST_CHECK(machine_end(&small));
    GUEST_CHECK(machine_end(&large));
    GUEST_CHECK(machine_end(&restless));
    GUEST_CHECK(machine_end(&whole));
    GUEST_CHECK(machine_end(&late));
    return guest_result();
}
