/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE      4096
#define FILE_PATH "/tmp/data-file"

static bool failed;

static void die(const char *what)
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
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

/* What is written to byte number @i of page number @page. */
static uint64_t pattern(uint64_t page, size_t i)
{
    return (page * 512 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *words, uint64_t bytes)
{
    /* Half a page of it varies, so that what is swapped out is compressed as memory usually is. */
    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8 / 2; i++)
            words[page * (PAGE / 8) + i] = pattern(page, i);
}

static bool intact(const uint64_t *words, uint64_t bytes)
{
    for (uint64_t page = 0; page < bytes / PAGE; page++)
        for (size_t i = 0; i < PAGE / 8; i++)
            if (words[page * (PAGE / 8) + i] != (i < PAGE / 8 / 2 ? pattern(page, i) : 0))
                return false;
    return true;
}

static void *make_memory(const struct guest_workload *w)
{
    int flags = w->memory & GUEST_SHARED ? MAP_SHARED | MAP_ANONYMOUS : MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
    void *p;

    if (w->memory & GUEST_HUGETLB)
        flags |= MAP_HUGETLB;

    if (w->memory & GUEST_FILE) {
        uint64_t *copy = calloc(1, w->total);

        fd = open(FILE_PATH, O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || !copy)
            die(FILE_PATH);
        fill(copy, w->total);
        for (uint64_t done = 0; done < w->total;) {
            ssize_t n = pwrite(fd, (char *)copy + done, w->total - done, (off_t)done);

            if (n <= 0)
                die(FILE_PATH);
            done += (uint64_t)n;
        }
        fsync(fd);
        free(copy);
        flags = MAP_PRIVATE;
    }
    p = mmap(NULL, w->total, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (p == MAP_FAILED)
        die("mmap");
    if (w->memory & GUEST_NO_HUGE)
        madvise(p, w->total, MADV_NOHUGEPAGE);
    if (w->memory & GUEST_HUGE)
        madvise(p, w->total, MADV_HUGEPAGE);
    if (!(w->memory & GUEST_FILE))
        fill(p, w->total);
    else if (!intact(p, w->total))
        die("the file reads back wrong");
    if ((w->memory & GUEST_LOCKED) && mlock(p, w->total) < 0)
        die("mlock");
    return p;
}

static void touch(const char *p, uint64_t bytes)
{
    for (int pass = 0; pass < 4; pass++)
        for (uint64_t i = 0; i < bytes; i += PAGE)
            (void)*(const volatile char *)(p + i);
}

static void work(const struct guest_workload *w, int command, int answer)
{
    struct pollfd request = { .fd = command, .events = POLLIN };
    uint64_t reply;
    char *p;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    p = make_memory(w);
    if ((w->memory & GUEST_SHARED) && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!intact((uint64_t *)(void *)p, w->total))
            die("shared memory reads wrong");
        for (;;)
            pause();
    }
    reply = (uintptr_t)p;
    while (write(answer, &reply, sizeof(reply)) == (ssize_t)sizeof(reply)) {
        char c;

        while (poll(&request, 1, w->hot ? 20 : -1) == 0)
            touch(p + w->hot_at, w->hot);
        if (read(command, &c, 1) != 1)
            break;
        reply = intact((uint64_t *)(void *)p, w->total);
    }
    _exit(0);
}

static uint64_t reply_of(struct guest_workload *w)
{
    uint64_t reply;

    if (read(w->answer, &reply, sizeof(reply)) != (ssize_t)sizeof(reply))
        die("the workload does not answer");
    return reply;
}

/* fork(), for a child with a certain pid. */
static pid_t fork_as(pid_t pid)
{
    struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = pid ? (uintptr_t)&pid : 0, .set_tid_size = pid != 0 };

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

void guest_start(struct guest_workload *w)
{
    int command[2], answer[2];

    fflush(stdout);
    if (pipe2(command, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
        die("pipe");
    w->pid = fork_as(w->want_pid);
    if (w->pid < 0)
        die("fork");
    if (w->pid == 0) {
        close(command[1]);
        close(answer[0]);
        work(w, command[0], answer[1]);
    }
    close(command[0]);
    close(answer[1]);
    w->command = command[1];
    w->answer = answer[0];
    w->addr = reply_of(w);
}

bool guest_intact(struct guest_workload *w)
{
    if (write(w->command, "c", 1) != 1)
        die("the workload is gone");
    return reply_of(w) == 1;
}

void guest_stop(struct guest_workload *w)
{
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    close(w->command);
    close(w->answer);
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
        die(path);
    for (uint64_t page = 0; page < len / PAGE; page += 512) {
        size_t n = len / PAGE - page < 512 ? (size_t)(len / PAGE - page) : 512;

        if (pread(fd, entries, n * 8, (off_t)((addr / PAGE + page) * 8)) != (ssize_t)n * 8)
            die(path);
        for (size_t i = 0; i < n; i++)
            resident += entries[i] >> 63 ? PAGE : 0;
    }
    close(fd);
    return resident;
}

/* The number behind @name in a file of lines "name number". */
static uint64_t number_in(const char *path, const char *name)
{
    FILE *f = fopen(path, "re");
    unsigned long long value, found = 0;
    char word[128], line[256];

    if (!f)
        die(path);
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "%127s %llu", word, &value) == 2 && !strcmp(word, name))
            found = value;
    fclose(f);
    return found;
}

uint64_t guest_vmstat(const char *name)
{
    return number_in("/proc/vmstat", name);
}

uint64_t guest_meminfo(const char *name)
{
    char with_colon[128];

    snprintf(with_colon, sizeof(with_colon), "%s:", name);
    return number_in("/proc/meminfo", with_colon) * 1024;
}

uint64_t guest_cpu_ns(pid_t pid)
{
    unsigned long long user = 0, sys = 0;
    char path[64], text[1024];
    const char *at;
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    at = strrchr(text, ')');
    if (at)
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &sys);
    return (user + sys) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

bool guest_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

static void log_line(struct damon_reclaim *ctx, enum damon_reclaim_log_level level, const char *text, void *userdata)
{
    (void)ctx;
    (void)userdata;
    if (level < DAMON_RECLAIM_LOG_DEBUG)
        printf("log %d: %s\n", (int)level, text);
}

struct damon_reclaim *guest_context(const struct damon_reclaim_callbacks *callbacks, void *userdata, ...)
{
    struct damon_reclaim_callbacks own = { .size = sizeof(own) };
    char error[256] = "";
    struct damon_reclaim_config config = { .size = sizeof(config),
                                           .backend = "idle-page",
                                           .userdata = userdata,
                                           .seed = 1,
                                           .error = error,
                                           .error_size = sizeof(error) };
    struct damon_reclaim *ctx;
    const char *setting;
    va_list ap;

    if (callbacks)
        own = *callbacks;
    own.log = log_line;
    config.callbacks = &own;
    if (damon_reclaim_new(&config, &ctx) < 0) {
        printf("no context: %s\n", error);
        exit(1);
    }
    damon_reclaim_set(ctx, "wmarks_high", "1000");
    damon_reclaim_set(ctx, "wmarks_mid", "990");
    damon_reclaim_set(ctx, "wmarks_low", "0");
    va_start(ap, userdata);
    while ((setting = va_arg(ap, const char *)) != NULL) {
        char name[64];
        const char *value = strchr(setting, '=') + 1;

        snprintf(name, sizeof(name), "%.*s", (int)(value - 1 - setting), setting);
        if (damon_reclaim_set(ctx, name, value) < 0) {
            printf("%s: %s\n", setting, damon_reclaim_last_error(ctx));
            exit(1);
        }
    }
    va_end(ap);
    return ctx;
}

uint32_t guest_target(struct damon_reclaim *ctx, const struct guest_workload *w)
{
    struct damon_reclaim_range range = { w->addr, w->addr + w->total };
    struct damon_reclaim_target target = { .size = sizeof(target), .pid = w->pid };
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
    struct pollfd p = { .fd = damon_reclaim_get_fd(ctx), .events = POLLIN };
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

struct damon_reclaim_stats guest_stats(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = { .size = sizeof(stats) };

    damon_reclaim_get_stats(ctx, &stats);
    return stats;
}

void guest_check(bool holds, const char *condition)
{
    printf("%s: %s\n", holds ? "ok" : "FAILED", condition);
    failed |= !holds;
}

int guest_result(void)
{
    fflush(stdout);
    return failed;
}

void guest_measured(const char *name, double value, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"}\n", name, value, unit);
}
