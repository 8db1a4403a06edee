/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static bool failed, late;

void guest_die(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

uint64_t guest_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void guest_sleep_ms(unsigned int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void guest_flush_tlbs(void)
{
    fflush(stdout);
    for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
        cpu_set_t set;

        if (fork() != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof(set), &set);
        for (;;)
            guest_sleep_ms(1);
    }
}

uint64_t guest_resident(pid_t pid, uint64_t addr, uint64_t len)
{
    uint64_t entries[512], resident = 0;
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        guest_die(path);
    for (uint64_t page = 0; page < len / PAGE; page += 512) {
        size_t n = len / PAGE - page < 512 ? (size_t)(len / PAGE - page) : 512;

        if (pread(fd, entries, n * 8, (off_t)((addr / PAGE + page) * 8)) != (ssize_t)n * 8)
            guest_die(path);
        for (size_t i = 0; i < n; i++)
            resident += entries[i] >> 63 ? PAGE : 0;
    }
    close(fd);
    return resident;
}

uint64_t guest_number_in(const char *path, const char *name)
{
    FILE *f = fopen(path, "re");
    unsigned long long value, found = 0;
    char word[128], line[256];

    if (!f)
        guest_die(path);
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "%127s %llu", word, &value) == 2 && !strcmp(word, name))
            found = value;
    fclose(f);
    return found;
}

uint64_t guest_vmstat(const char *name)
{
    return guest_number_in("/proc/vmstat", name);
}

uint64_t guest_meminfo(const char *name)
{
    char with_colon[128];

    snprintf(with_colon, sizeof(with_colon), "%s:", name);
    return guest_number_in("/proc/meminfo", with_colon) * 1024;
}

uint64_t guest_free(void)
{
    FILE *f = fopen("/proc/zoneinfo", "re");
    unsigned long long pages, kept = 0;
    char line[256];

    if (!f)
        guest_die("/proc/zoneinfo");
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, " count: %llu", &pages) == 1)
            kept += pages;
    fclose(f);
    return guest_meminfo("MemFree") + kept * 4096;
}

unsigned int guest_free_permille(void)
{
    return (unsigned int)(guest_meminfo("MemFree") * 1000 / guest_meminfo("MemTotal"));
}

uint64_t guest_rss(void)
{
    return guest_number_in("/proc/self/status", "VmRSS:") * 1024;
}

uint64_t guest_cpu_ns(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

uint64_t guest_own_cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool guest_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

static void log_line(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata)
{
    (void)ctx;
    (void)userdata;
    if (level < DAMON_RECLAIM_LOG_DEBUG)
        printf("log %d: %s\n", (int)level, text);
}

/* Stages "NAME=VALUE". */
static void stage(struct damon_reclaim *ctx, const char *setting)
{
    const char *value = strchr(setting, '=') + 1;
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - setting), setting);
    if (damon_reclaim_set(ctx, name, value) < 0) {
        printf("%s: %s\n", setting, damon_reclaim_last_error(ctx));
        exit(1);
    }
}

struct damon_reclaim *guest_try(const struct guest_setup *setup, char *error, size_t size)
{
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks)};
    struct damon_reclaim_damon_config damon = {.size = sizeof(damon),
                                               .flags = (setup->take_over ? DAMON_RECLAIM_DAMON_TAKE_OVER : 0u) |
                                                        (setup->monitor_only ? DAMON_RECLAIM_DAMON_MONITOR_ONLY : 0u)};
    struct damon_reclaim_config config = {.size = sizeof(config),
                                          .backend = setup->backend ? setup->backend : "idle-page",
                                          .callbacks = &callbacks,
                                          .userdata = setup->userdata,
                                          .seed = 1,
                                          .flags = setup->flags,
                                          .damon = &damon,
                                          .error = error,
                                          .error_size = size};
    struct damon_reclaim *ctx;

    if (setup->callbacks)
        callbacks = *setup->callbacks;
    callbacks.log = log_line;
    if (damon_reclaim_new(&config, &ctx) < 0)
        return NULL;
    stage(ctx, "wmarks_high=1000");
    stage(ctx, "wmarks_mid=990");
    stage(ctx, "wmarks_low=0");
    return ctx;
}

static struct damon_reclaim *set_up(const struct guest_setup *setup, va_list settings)
{
    char error[512] = "";
    struct damon_reclaim *ctx = guest_try(setup, error, sizeof(error));
    const char *setting;

    if (!ctx) {
        printf("no context: %s\n", error);
        exit(1);
    }
    while ((setting = va_arg(settings, const char *)) != NULL)
        stage(ctx, setting);
    return ctx;
}

struct damon_reclaim *guest_set_up(const struct guest_setup *setup, ...)
{
    struct damon_reclaim *ctx;
    va_list ap;

    va_start(ap, setup);
    ctx = set_up(setup, ap);
    va_end(ap);
    return ctx;
}

struct damon_reclaim *guest_context(const struct damon_reclaim_callbacks *callbacks, void *userdata, ...)
{
    struct guest_setup setup = {.callbacks = callbacks, .userdata = userdata};
    struct damon_reclaim *ctx;
    va_list ap;

    va_start(ap, userdata);
    ctx = set_up(&setup, ap);
    va_end(ap);
    return ctx;
}

void guest_enable(struct damon_reclaim *ctx)
{
    if (damon_reclaim_enable(ctx) < 0) {
        printf("enable: %s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
}

uint32_t guest_target(struct damon_reclaim *ctx, const struct guest_workload *w)
{
    struct damon_reclaim_range range = {w->addr, w->addr + w->total};
    struct damon_reclaim_target target = {.size = sizeof(target), .pid = w->pid};
    uint32_t id = UINT32_MAX;

    if (w->memory & GUEST_BARE) {
        target.ranges = &range;
        target.nr_ranges = 1;
    }
    if (damon_reclaim_add_target(ctx, &target, &id) < 0) {
        printf("no target: %s\n", damon_reclaim_last_error(ctx));
        exit(1);
    }
    return id;
}

void guest_run(struct damon_reclaim *ctx, unsigned int ms)
{
    struct pollfd p = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};
    uint64_t until = guest_now_ns() + (uint64_t)ms * 1000000, now;

    while ((now = guest_now_ns()) < until) {
        int r;

        poll(&p, 1, (int)((until - now) / 1000000) + 1);
        r = damon_reclaim_dispatch(ctx);
        if (r < 0) {
            printf("dispatch: %s\n", damon_reclaim_last_error(ctx));
            exit(1);
        }
    }
}

void guest_watch(struct damon_reclaim *ctx, unsigned int seconds)
{
    for (unsigned int second = 1; second <= seconds; second++) {
        struct damon_reclaim_stats stats;

        guest_run(ctx, 1000);
        stats = guest_stats(ctx);
        printf("%2u s: %llu regions of %llu MiB, tried %llu MiB, reclaimed %llu MiB, CPU %llu ms\n", second,
               (unsigned long long)stats.nr_regions, (unsigned long long)(stats.monitored_bytes / MIB),
               (unsigned long long)(stats.bytes_reclaim_tried_regions / MIB),
               (unsigned long long)(stats.bytes_reclaimed_regions / MIB),
               (unsigned long long)((stats.monitor_cpu_ns + stats.reclaim_cpu_ns) / 1000000));
        fflush(stdout);
    }
}

struct damon_reclaim_stats guest_stats(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    damon_reclaim_get_stats(ctx, &stats);
    return stats;
}

void guest_require(bool holds)
{
    failed |= !holds;
}

void guest_check(bool holds, const char *condition)
{
    printf("%s: %s\n", holds ? "ok" : "FAILED", condition);
    guest_require(holds);
}

void guest_timely(bool holds, const char *condition)
{
    printf("%s: %s\n", holds ? "ok" : "LATE", condition);
    late = late || !holds;
}

int guest_result(void)
{
    fflush(stdout);
    return failed ? 1 : late ? GUEST_LATE : 0;
}

void guest_measured(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"}\n", name, value, unit);
}
