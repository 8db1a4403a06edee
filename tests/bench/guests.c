/* SPDX-License-Identifier: MIT */
/*
 * What many guests cost: N contexts with 64 MiB each, at default settings, alone and in a group, for some seconds on
 * the system's clock. Their memory is made up and costs nothing to look at, so that it is the library that is measured.
 * Free memory is the system's. Every system call is counted, but for poll().
 *
 *     bench-guests GUESTS [SECONDS]        one JSON line a figure
 */
#include <damon_reclaim/damon_reclaim.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define GUEST (UINT64_C(64) << 20)

static uint64_t nr_calls, bytes;

/* --- the memory, one MiB in four in use -------------------------------------------------------------------------- */

static int ranges(void *data, uint32_t target, struct damon_reclaim_range *list, size_t capacity, size_t *ret_n)
{
    (void)data, (void)target;
    *ret_n = 1;
    if (capacity)
        list[0] = (struct damon_reclaim_range){GUEST, 2 * GUEST};
    return 0;
}

static int prepare(void *data, uint32_t target, const uint64_t *addrs, size_t n)
{
    (void)data, (void)target, (void)addrs, (void)n;
    return 0;
}

static int check(void *data, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    (void)data, (void)target;
    for (size_t i = 0; i < n; i++)
        accessed[i] = (addrs[i] >> 20) % 4 == 0;
    return 0;
}

static int reclaim(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    (void)data;
    result->tried = result->reclaimed = request->end - request->start;
    return 0;
}

static const struct damon_reclaim_backend_ops memory = {
    .size = sizeof(memory),
    .name = "made-up",
    .features = DAMON_RECLAIM_BACKEND_WHOLE | DAMON_RECLAIM_BACKEND_ACCESSES_STAY,
    .ranges = ranges,
    .prepare = prepare,
    .check = check,
    .reclaim = reclaim,
};

/* --- the system, counted ------------------------------------------------------------------------------------------ */

static int counted_open(void *data, const char *path, int flags)
{
    (void)data;
    nr_calls++;
    return open(path, flags);
}

static int counted_close(void *data, int fd)
{
    (void)data;
    nr_calls++;
    return close(fd);
}

static ssize_t counted_pread(void *data, int fd, void *buf, size_t len, uint64_t offset)
{
    (void)data;
    nr_calls++;
    return pread(fd, buf, len, (off_t)offset);
}

static int counted_timer_set(void *data, int fd, uint64_t ns)
{
    struct itimerspec when = {.it_value = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)}};

    (void)data;
    nr_calls++;
    return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static int counted_clock(void *data, clockid_t id, uint64_t *ret_ns)
{
    struct timespec now;

    (void)data;
    nr_calls += id != CLOCK_MONOTONIC; /* that one needs no system call */
    clock_gettime(id, &now);
    *ret_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return 0;
}

static const struct damon_reclaim_system_ops calls = {
    .size = sizeof(calls),
    .flags = DAMON_RECLAIM_SYSTEM_OPENS_HERE,
    .open = counted_open,
    .close = counted_close,
    .pread = counted_pread,
    .timer_set = counted_timer_set,
    .clock = counted_clock,
};

static void *counted_realloc(void *data, void *block, size_t n)
{
    size_t *old = block ? (size_t *)block - 2 : NULL, *new;

    (void)data;
    bytes += n - (old ? *old : 0);
    new = realloc(old, n + 2 * sizeof(size_t));
    if (!new)
        abort();
    *new = n;
    return new + 2;
}

static void counted_free(void *data, void *block)
{
    (void)data;
    bytes -= ((size_t *)block)[-2];
    free((size_t *)block - 2);
}

static const struct damon_reclaim_allocator allocator = {
    .size = sizeof(allocator), .realloc = counted_realloc, .free = counted_free};

/* --- measuring ---------------------------------------------------------------------------------------------------- */

static double now(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void told(const char *how, const char *name, size_t n, double value, const char *unit)
{
    printf("{\"name\": \"guests %s, %s\", \"guests\": %zu, \"value\": %.3f, \"unit\": \"%s\"}\n", how, name, n, value,
           unit);
    fflush(stdout);
}

static struct damon_reclaim *new_guest(struct damon_reclaim_group *group, const char *settings)
{
    struct damon_reclaim_config config = {
        .size = sizeof(config), .backend_ops = &memory, .system_ops = &calls, .allocator = &allocator, .group = group};
    struct damon_reclaim *ctx;

    if (damon_reclaim_new(&config, &ctx) < 0 || damon_reclaim_set_line(ctx, settings) < 0) {
        fprintf(stderr, "bench-guests: a context cannot be made\n");
        exit(1);
    }
    return ctx;
}

static void watch(int poll_fd, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Serves what is due for some seconds. Returns how often it woke, and dispatched. */
static void serve(int poll_fd, struct damon_reclaim_group *group, double seconds, double *ret_wakes, double *ret_calls)
{
    double end = now(CLOCK_MONOTONIC) + seconds;
    struct epoll_event events[64];

    *ret_wakes = *ret_calls = 0;
    while (now(CLOCK_MONOTONIC) < end) {
        int n = epoll_wait(poll_fd, events, 64, 100);

        *ret_wakes += n > 0;
        *ret_calls += n > 0 ? n : 0;
        for (int i = 0; i < n; i++)
            if (group)
                damon_reclaim_group_dispatch(group);
            else
                damon_reclaim_dispatch(events[i].data.ptr);
    }
}

static void measure(const char *how, size_t n, double seconds, bool grouped, const char *settings)
{
    const struct damon_reclaim_group_config config = {
        .size = sizeof(config), .system_ops = &calls, .allocator = &allocator};
    struct damon_reclaim **guests = calloc(n, sizeof(struct damon_reclaim *));
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct damon_reclaim_group *group = NULL;
    double wakes, dispatches, cpu;

    if (!guests || poll_fd < 0 || (grouped && damon_reclaim_group_new(&config, &group) < 0))
        exit(1);
    for (size_t i = 0; i < n; i++) {
        guests[i] = new_guest(group, settings);
        if (!grouped)
            watch(poll_fd, damon_reclaim_get_fd(guests[i]), guests[i]);
    }
    if (grouped)
        watch(poll_fd, damon_reclaim_group_get_fd(group), group);
    serve(poll_fd, group, 2, &wakes, &dispatches); /* regions have split */
    nr_calls = 0;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    serve(poll_fd, group, seconds, &wakes, &dispatches);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    told(how, "CPU", n, cpu / seconds * 100, "percent of one CPU");
    told(how, "wakeups", n, wakes / seconds, "a second");
    told(how, "dispatches", n, dispatches / seconds, "a second");
    told(how, "system calls", n, (double)nr_calls / seconds, "a second");
    told(how, "memory of each", n, (double)bytes / 1024 / (double)n, "KiB");
    for (size_t i = 0; i < n; i++)
        damon_reclaim_unref(guests[i]);
    damon_reclaim_group_unref(group);
    close(poll_fd);
    free(guests);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 10;

    measure("alone, active", n, seconds, false, "wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y");
    measure("alone, inactive", n, seconds, false, "wmarks_high=1 wmarks_mid=1 wmarks_low=0 enabled=Y");
    measure("alone, disabled", n, seconds, false, "enabled=N");
    measure("in a group, active", n, seconds, true, "wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y");
    measure("in a group, inactive", n, seconds, true, "wmarks_high=1 wmarks_mid=1 wmarks_low=0 enabled=Y");
    return 0;
}
